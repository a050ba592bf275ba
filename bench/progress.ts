/** What the bar needs to know of a step. */
export interface Part {
  /** Stays the same from run to run. */
  readonly id: string;
  /** An estimate. */
  readonly seconds: number;
}

const BAR = 24;
const PLAIN_EVERY_MS = 30_000;

/** A bar with the time left on a terminal; a line now and then elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #all_s: number;
  readonly #live: boolean;
  #left: readonly Part[];
  /** Estimated and real seconds of the steps done now: their quotient corrects the estimate of what is left. */
  #estimated_s = 0;
  #real_s = 0;
  #current: { step: Part; started: number } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastPlain = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, all: readonly Part[], left: readonly Part[]) {
    this.#stream = stream;
    this.#left = left;
    this.#all_s = seconds(all);
    this.#live = stream.isTTY && process.env.TERM !== 'dumb';
    if (this.#live) this.#timer = setInterval(() => this.#draw(), 500).unref();
  }

  begin(step: Part): void {
    this.#current = { step, started: performance.now() };
    this.#draw();
  }

  /** @returns seconds that the step took */
  end(): number {
    if (!this.#current) return 0;
    const took = (performance.now() - this.#current.started) / 1000;
    this.#estimated_s += this.#current.step.seconds;
    this.#real_s += took;
    this.#left = this.#left.slice(1);
    this.#current = null;
    return took;
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    if (this.#live) this.#stream.write('\r\x1b[K');
  }

  #draw(): void {
    if (!this.#current) return;
    const { step, started } = this.#current;
    const now = performance.now();
    // the first steps are too few to correct anything by
    const factor = this.#estimated_s > 20 ? this.#real_s / this.#estimated_s : 1;
    const left_s = Math.max(0, seconds(this.#left) * factor - (now - started) / 1000);
    const share = Math.min(1, Math.max(0, 1 - seconds(this.#left) / Math.max(1, this.#all_s)));
    const text = `${String(Math.floor(share * 100)).padStart(3)} %  ${duration(left_s)} left  ${step.id}`;
    if (this.#live) {
      const full = Math.round(share * BAR);
      this.#stream.write(
        `\r\x1b[K[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${text}`.slice(0, this.#stream.columns + 4),
      );
    } else if (now - this.#lastPlain > PLAIN_EVERY_MS) {
      this.#lastPlain = now;
      this.#stream.write(`${text}\n`);
    }
  }
}

export function seconds(steps: readonly Part[]): number {
  return steps.reduce((sum, step) => sum + step.seconds, 0);
}

export function duration(s: number): string {
  return s < 90 ? `${Math.ceil(s)} s` : `${Math.ceil(s / 60)} min`;
}
