/** What a command may touch of its process, handed in so that tests can look at it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results. A line break is added. */
  out(text: string): void;
  /** Progress and errors. Nothing is added. */
  err(text: string): void;
  /** Whether `err` goes to a terminal that may be rewritten. */
  readonly tty: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Progress {
  /** Says what is being waited for now; the same text again prints nothing. */
  update(text: string): void;
  /** Ends the line, so that what follows starts on a new one. */
  done(): void;
}

/** One line that is rewritten on a terminal; on anything else a line each time the text changes. */
export function progress(io: Io): Progress {
  let last = '';
  return {
    update(text) {
      if (text === last) return;
      last = text;
      io.err(io.tty ? `\r\u001b[K${text}` : `${text}\n`);
    },
    done() {
      if (io.tty && last) io.err('\r\u001b[K');
      last = '';
    },
  };
}
