/** A model as the scheduler sees it. */
export interface Source {
  /** Whether a run could start now; false also where calls wait for more to join them. */
  isReady(): boolean;
  /**
   * Starts one run.
   *
   * @param idle threads, of which it takes one
   * @param done to be called when the run has ended, with the ns that it took
   */
  start(idle: number, done: (nanoseconds: number) => void): void;
}

/** What a source has had. */
interface Account {
  /** Of the threads' time, in ns. */
  spent: number;
  runs: number;
}

/**
 * Gives the pool's threads to models: as many runs at once as there are threads, each model's calls in their order, and
 * to the model next that has had least of the threads' time. A model with slow runs, or with many callers, so cannot keep
 * the others waiting for more than their turn.
 */
export class Scheduler {
  readonly threads: number;
  readonly #accounts = new Map<Source, Account>();
  #busy = 0;

  /** @param threads of the pool */
  constructor(threads: number) {
    this.threads = threads;
  }

  /** Runs under way on the pool. */
  get busy(): number {
    return this.#busy;
  }

  remove(source: Source): void {
    this.#accounts.delete(source);
  }

  /** To be called when a source may have something new to run. */
  wake(source: Source): void {
    let account = this.#accounts.get(source);
    if (account === undefined) {
      // Who had nothing to run has no right to what others had meanwhile.
      account = { spent: this.#leastSpent(), runs: 0 };
      this.#accounts.set(source, account);
    }
    this.#startAll();
  }

  #startAll(): void {
    while (this.#busy < this.threads) {
      const next = this.#next();
      if (next === undefined) return;
      const [source, account] = next;
      this.#busy++;
      account.runs++;
      source.start(this.threads - this.#busy + 1, (nanoseconds) => {
        this.#busy--;
        account.runs--;
        account.spent += nanoseconds;
        this.#startAll();
      });
    }
  }

  /** Of the sources that are ready the one that has had least. One that has nothing to run is forgotten. */
  #next(): [Source, Account] | undefined {
    let next: [Source, Account] | undefined;
    for (const entry of this.#accounts) {
      const [source, { spent, runs }] = entry;
      if (!source.isReady()) {
        if (runs === 0) this.#accounts.delete(source);
      } else if (next === undefined || spent < next[1].spent) {
        next = entry;
      }
    }
    return next;
  }

  #leastSpent(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { spent } of this.#accounts.values()) least = Math.min(least, spent);
    return Number.isFinite(least) ? least : 0;
  }
}
