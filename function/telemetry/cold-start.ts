/**
 * Times the phases of a cold start, each from the end of the one before:
 * `process` (the kernel's exec to Node being up), `bundle` (our code read and evaluated), `listen`, `native`
 * (TensorFlow's libraries), `model` (SavedModel into a session) and `warmup` (the first runs).
 */
export class ColdStart {
  /** Phase → seconds. */
  readonly seconds = new Map<string, number>();
  #last: number;

  /** @param bootstrapped when Node was up, and @param now, both in ms since the process started */
  constructor(bootstrapped: number, now: number) {
    this.seconds.set('process', bootstrapped / 1000);
    this.seconds.set('bundle', (now - bootstrapped) / 1000);
    this.#last = now;
  }

  /** Ends a phase. @param now in ms since the process started */
  end(phase: string, now: number): void {
    this.seconds.set(phase, (now - this.#last) / 1000);
    this.#last = now;
  }

  /** All phases so far, in seconds. */
  get total(): number {
    return this.#last / 1000;
  }
}
