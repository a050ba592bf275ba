/** Lets so many do something at once; the others wait in the order in which they came. */
export class Slots {
  readonly #patienceMs: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param patienceMs whoever takes longer goes on without a slot, so that it does not hold the others up for ever */
  constructor(count: number, patienceMs = Number.POSITIVE_INFINITY) {
    this.#free = count;
    this.#patienceMs = patienceMs;
  }

  /** Runs `act` once there is a slot. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isHeld = true;
    const leave = () => {
      if (isHeld) this.#next();
      isHeld = false;
    };
    const timer = Number.isFinite(this.#patienceMs) ? setTimeout(leave, this.#patienceMs).unref() : undefined;
    try {
      return await act();
    } finally {
      clearTimeout(timer);
      leave();
    }
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
