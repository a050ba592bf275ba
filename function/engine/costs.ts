/** What a run is thought to cost before it is known, in ns: enough to be run on the pool. */
const UNKNOWN = Number.POSITIVE_INFINITY;

/** Weight of a new run against what is known, for which a run that was interrupted counts no more than four times. */
const WEIGHT = 1 / 8;
const OUTLIER = 4;

/** Of the first runs of a size, with cold caches, the shortest tells most. */
const FIRST_RUNS = 4;

/** Merging must make a row at least this much cheaper to be worth what others wait for it. */
const WORTH = 0.95;

/** A time slice of another process, in ns, as Linux gives it on a busy CPU. */
const FORGIVEN = 5e6;

/** A run that takes less, in ns, is not worth what other threads need to be woken. */
const WORTH_PARTS = 1e6;

/** Runs of the whole that tell what it takes: the first may have had to get things ready. */
const WHOLE_RUNS = 2;

/** Parts must take less than this of what the whole does: they keep threads from others. */
const PARTS_WORTH = 0.8;

/** Where parts do not pay, every so many runs are in parts all the same: other processes may have had the CPUs before. */
const TRIED_AGAIN = 16;

/** What runs of one signature take, by how many rows they have: learned from the runs. */
export class Costs {
  /** In ns, by the rows' next power of two. */
  readonly #known: number[] = [];
  /** Runs of each size. */
  readonly #runs: number[] = [];
  /** Whether there was a run: in the first one TensorFlow prepares the graph, which tells nothing of the others. */
  #isPrepared = false;
  /** Long runs in a row that were thought to be short. */
  #surprises = 0;
  /** Runs that were not in parts, as it does not pay. */
  #leftWhole = 0;

  /** Of a run, in ns. What was not seen counts as the next larger that was; Infinity where none was. */
  of(rows: number): number {
    for (let size = sizeOf(rows); size < this.#known.length; size++) {
      const cost = this.#known[size];
      if (cost !== undefined) return cost;
    }
    return UNKNOWN;
  }

  learn(rows: number, nanoseconds: number): void {
    this.#surprises = 0;
    if (!this.#isPrepared) {
      this.#isPrepared = true;
      return;
    }
    const size = sizeOf(rows);
    const known = this.#known[size] ?? nanoseconds;
    const runs = (this.#runs[size] ?? 0) + 1;
    this.#runs[size] = runs;
    this.#known[size] =
      runs <= FIRST_RUNS
        ? Math.min(known, nanoseconds)
        : known + (Math.min(nanoseconds, known * OUTLIER) - known) * WEIGHT;
  }

  /**
   * What was thought to be shorter took so long. Once that may be another process, which had the CPU meanwhile; a very long
   * one, or the next, counts in full, until runs have shown again that it is short.
   */
  correct(rows: number, nanoseconds: number): void {
    if (++this.#surprises > 1 || nanoseconds > FORGIVEN) this.#known[sizeOf(rows)] = nanoseconds;
  }

  /**
   * In how many parts of as many rows, on a thread each, a run is over soonest. Parts of a size that was not seen enough
   * are tried, once it is known what the whole takes.
   *
   * @param threads that are idle
   */
  bestParts(rows: number, threads: number): number {
    const parts = Math.min(rows, threads);
    if (parts < 2) return 1;
    const size = sizeOf(rows);
    const whole = this.#known[size] ?? 0;
    if (whole < WORTH_PARTS || (this.#runs[size] ?? 0) < WHOLE_RUNS) return 1;
    const part = sizeOf(Math.ceil(rows / parts));
    const isKnown = (this.#runs[part] ?? 0) >= FIRST_RUNS;
    if (!isKnown || (this.#known[part] ?? 0) < whole * PARTS_WORTH) return parts;
    return ++this.#leftWhole % TRIED_AGAIN === 0 ? parts : 1;
  }

  /**
   * How many of the rows that wait one run should have, so that a row costs least. A size that was not tried yet is tried
   * when there are rows for it.
   */
  bestRows(waiting: number): number {
    let best = 1;
    let least = UNKNOWN;
    for (let size = 0; 2 ** size <= waiting; size++) {
      const cost = this.#known[size];
      if (cost === undefined && least === UNKNOWN) continue; // calls may never have had so few
      if (cost === undefined) return 2 ** size;
      const perRow = cost / 2 ** size;
      if (perRow > least * WORTH) continue;
      best = 2 ** size;
      least = perRow;
    }
    return best;
  }
}

/** The power of two that is next to so many rows, as its exponent. */
function sizeOf(rows: number): number {
  return rows <= 1 ? 0 : 32 - Math.clz32(rows - 1);
}
