import type { Notice } from '../models/status.ts';

/** Who is told that a file system takes long to answer. */
export interface Patience {
  readonly onNotice: (notice: Notice) => void;
  /** Told why the start waits, and with '' that it goes on. */
  readonly onWait?: (reason: string) => void;
  /** How long an answer may take before that is said; 2 s by default. */
  readonly silentMs?: number;
}

/**
 * Waits for what a file system answers, however long that takes; where it takes long, says so.
 *
 * @param what is read, in words
 */
export async function patiently<T>(
  answer: Promise<T>,
  what: string,
  { onNotice, onWait = () => {}, silentMs = 2000 }: Patience,
): Promise<T> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    const reason = `${what} has not been read for ${silentMs / 1000} s: its file system does not answer; the start waits for it`;
    onNotice({ level: 'warn', message: reason });
    onWait(reason);
  }, silentMs);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    if (isLate) {
      onNotice({ level: 'info', message: `${what} has answered` });
      onWait('');
    }
  }
}
