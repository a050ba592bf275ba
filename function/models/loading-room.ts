import { RequestError } from '../errors.ts';

/**
 * Why so many bytes are not to be had; undefined where they are.
 *
 * @param others of those that have been promised to others, and may not have been taken yet
 * @param folder of the model that they are for
 */
export type WhyNoRoom = (bytes: number, others: number, folder: string) => Promise<string | undefined>;

/** Memory for models that are being loaded: what one of them is about to take is not free for another. */
export class LoadingRoom {
  readonly #whyNoRoom: WhyNoRoom;
  readonly #patienceMs: number;
  #held = 0;
  #waiting: (() => void)[] = [];
  #asking: Promise<unknown> = Promise.resolve();

  /** @param patienceMs how long a load waits for others to end: one of them may never */
  constructor(whyNoRoom: WhyNoRoom, patienceMs = 60_000) {
    this.#whyNoRoom = whyNoRoom;
    this.#patienceMs = patienceMs;
  }

  /**
   * Loads a model that takes so many bytes, or as many as `load` reserves once it knows better. Waits where there would be
   * room if others had ended.
   *
   * @throws RequestError (as a rejection) RESOURCE_EXHAUSTED where it would not fit; what `load` throws
   */
  async hold<T>(
    bytes: number,
    folder: string,
    load: (reserve: (bytes: number) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    let held = 0;
    const set = (wanted: number) => {
      const isLess = wanted < held;
      this.#held += wanted - held;
      held = wanted;
      if (isLess) this.#wake();
    };
    const reserve = async (wanted: number) => {
      const giveUp = performance.now() + this.#patienceMs;
      for (;;) {
        const { noRoom, others } = await this.#inTurn(async () => {
          const others = this.#held - held;
          const noRoom = await this.#whyNoRoom(wanted, others, folder);
          if (noRoom === undefined) set(wanted);
          return { noRoom, others };
        });
        if (noRoom === undefined) return;
        if (others === 0 || performance.now() >= giveUp)
          throw new RequestError('RESOURCE_EXHAUSTED', `${folder}: ${noRoom}`);
        if (this.#held - held !== others) continue; // meanwhile
        set(0); // lest two wait for each other
        await this.#change(giveUp - performance.now());
      }
    };
    try {
      await reserve(bytes);
      return await load(reserve);
    } finally {
      set(0);
    }
  }

  /**
   * For who takes so many bytes or none: they are not free for loads meanwhile.
   *
   * @param act is told how many are promised to others
   */
  async claim<T>(bytes: number, act: (others: number) => Promise<T>): Promise<T> {
    const others = this.#held;
    this.#held += bytes;
    try {
      return await act(others);
    } finally {
      this.#held -= bytes;
      this.#wake();
    }
  }

  /** One after the other, so that what one is told still holds when it takes the room. */
  #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const asked = this.#asking.then(ask);
    this.#asking = asked.catch(() => {});
    return asked;
  }

  /** Resolves when others hold less than now, or after so long. */
  async #change(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#waiting.push(resolve);
    await promise;
    clearTimeout(timer);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
