/** What a source would run next. */
export interface NextRun {
  /** When its first call began to wait, on performance.now()'s clock. */
  readonly since_ms: number;
  /** What it is thought to take, in ns; Infinity where nothing is known of it. */
  readonly expected: number;
}

/** A model as the scheduler sees it. */
export interface Source {
  /** The run that could start now; undefined where there is none, also where calls wait for more to join them. */
  next(): NextRun | undefined;
  /**
   * Starts that run.
   *
   * @param idle threads, of which it takes one; 1 for a run beside as many as there are threads
   * @param done to be called when the run has ended, with the ns that it took
   */
  start(idle: number, done: Ended): void;
}

/** To be called when a run has ended, with the ns that it took. */
export type Ended = (nanoseconds: number) => void;

/** What a source has had. */
interface Account {
  /** Of the threads' time, in ns, those runs under way as what they are thought to take. */
  spent: number;
  /** Under way. */
  runs: number;
}

/**
 * How much more of the threads' time than others a model may have had, in ns, while its calls go first come, first served
 * with theirs. With nothing of it, many callers who take short turns at many models end up in a jam before one of them.
 */
const AHEAD = 20e6;

/** A run that long, in ns, is worth not to be waited for: threads that share a CPU take turns of about 3 ms. */
const LONG_RUN = 10e6;

/** And so is one that takes more than so many times as long as what waits. */
const LONGER = 4;

/**
 * Gives the pool's threads to models: as many runs at once as there are threads, each model's calls in their order. Calls of
 * different models, too, go first come, first served, but a model that has had more of the threads' time than another one
 * since both have calls lets that one go first (start-time fair queueing). So neither slow runs, nor many callers, nor
 * models that come and go keep another one waiting for more than its turn. Where all that run are long ones, a short one
 * does not wait for them: one more thread has it run beside them, and the system shares the CPUs.
 */
export class Scheduler {
  readonly threads: number;
  readonly #clock: () => number;
  readonly #accounts = new Map<Source, Account>();
  readonly #underWay = new Set<Run>();
  /** The least that one with calls had had when a run was started last: who comes has no right to what was before. */
  #now = 0;

  /** @param threads of the pool, which has one more beside them @param now in ms */
  constructor(threads: number, now: () => number = () => performance.now()) {
    this.threads = threads;
    this.#clock = now;
  }

  /** Threads that run models; the one for short runs beside long ones is not counted. */
  get busy(): number {
    return Math.min(this.#underWay.size, this.threads);
  }

  remove(source: Source): void {
    this.#accounts.delete(source);
  }

  /** To be called when a source may have something new to run. */
  wake(source: Source): void {
    this.#accountOf(source);
    this.#startAll();
  }

  #startAll(): void {
    while (this.#mayStart(0)) {
      const next = this.#next();
      if (next === undefined || !this.#mayStart(next.expected)) break;
      this.#start(next);
    }
    if (this.#underWay.size > 0) return;
    this.#accounts.clear(); // nothing is left to share
    this.#now = 0;
  }

  /**
   * Gives a source one of the threads for a run that it has just come by, where one is idle and nothing waits.
   *
   * @param expected what it is thought to take, in ns
   * @returns what is to be called when the run has ended, with the ns that it took; undefined where others come first
   */
  tryStart(source: Source, expected: number): Ended | undefined {
    if (this.#underWay.size >= this.threads || this.#next() !== undefined) return undefined;
    return this.#begin(this.#accountOf(source), expected);
  }

  /** @param least that one of those who have calls has had */
  #start({ source, account, expected, least }: Candidate & { least: number }): void {
    this.#now = Math.max(this.#now, least);
    const ended = this.#begin(account, expected);
    source.start(Math.max(this.threads - this.#underWay.size + 1, 1), ended);
  }

  #begin(account: Account, expected: number): Ended {
    const run = { expected, since_ms: this.#clock() };
    const charged = Number.isFinite(expected) ? expected : 0;
    this.#underWay.add(run);
    account.spent += charged;
    account.runs++;
    return (nanoseconds) => {
      this.#underWay.delete(run);
      account.spent += nanoseconds - charged;
      account.runs--;
      this.#startAll();
    };
  }

  #accountOf(source: Source): Account {
    let account = this.#accounts.get(source);
    if (account === undefined) {
      account = { spent: this.#now, runs: 0 };
      this.#accounts.set(source, account);
    }
    return account;
  }

  /** Whether a run that is thought to take so long may start now. */
  #mayStart(expected: number): boolean {
    if (this.#underWay.size < this.threads) return true;
    if (this.#underWay.size > this.threads) return false;
    const long = Math.max(LONG_RUN, expected * LONGER);
    const now_ms = this.#clock();
    for (const other of this.#underWay) {
      const takes = Math.max(other.expected, (now_ms - other.since_ms) * 1e6);
      if (!(takes > long)) return false;
    }
    return true;
  }

  /** Whose call waits longest, of those that are not ahead of others. */
  #next(): (Candidate & { least: number }) | undefined {
    const candidates: Candidate[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const [source, account] of this.#accounts) {
      const next = source.next();
      if (next !== undefined) {
        candidates.push({ source, account, ...next });
        least = Math.min(least, account.spent);
      } else if (account.runs === 0 && account.spent <= this.#now) {
        this.#accounts.delete(source); // not before the others have had as much: it may come back
      }
    }
    let first: Candidate | undefined;
    for (const one of candidates) {
      const mayGo = one.account.spent <= least + AHEAD;
      if (mayGo && (first === undefined || one.since_ms < first.since_ms)) first = one;
    }
    return first && { ...first, least };
  }
}

interface Run {
  /** What it is thought to take, in ns. */
  readonly expected: number;
  readonly since_ms: number;
}

interface Candidate extends NextRun {
  readonly source: Source;
  readonly account: Account;
}
