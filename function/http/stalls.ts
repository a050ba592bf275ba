/** How often the event loop is looked after, in ms. */
const EVERY_MS = 100;

/**
 * Time during which the event loop did not turn, so that nothing was read. A time-out that measures a client must leave
 * it out: what the client sent meanwhile lies in the kernel.
 */
export class Stalls {
  readonly #window_ms: number;
  readonly #timer: NodeJS.Timeout;
  #expected_ms = performance.now() + EVERY_MS;
  #stalls: { readonly end_ms: number; readonly length_ms: number }[] = [];

  /** @param window_ms how far back it is asked */
  constructor(window_ms: number) {
    this.#window_ms = window_ms;
    this.#timer = setInterval(this.#look, EVERY_MS);
    this.#timer.unref();
  }

  /** Sum of the stalls that ended within the window, in ms; what is shorter than the interval is not seen. */
  recent(): number {
    this.#look();
    return this.#stalls.reduce((sum, { length_ms }) => sum + length_ms, 0);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  readonly #look = (): void => {
    const now_ms = performance.now();
    const late_ms = now_ms - this.#expected_ms;
    if (late_ms > EVERY_MS) this.#stalls.push({ end_ms: now_ms, length_ms: late_ms });
    if (now_ms >= this.#expected_ms) this.#expected_ms = now_ms + EVERY_MS;
    if (this.#stalls.length > 0)
      this.#stalls = this.#stalls.filter(({ end_ms }) => end_ms > now_ms - this.#window_ms);
  };
}
