/** What a run is thought to cost before it is known, in ns: enough to be run on the pool. */
const UNKNOWN = Number.POSITIVE_INFINITY;

/** Weight of a new run against what is known, for which a run that was interrupted counts no more than four times. */
const WEIGHT = 1 / 8;
const OUTLIER = 4;

/** Of the first runs of a size, with cold caches, the shortest tells most. */
const FIRST_RUNS = 4;

/** Merging must make a row at least this much cheaper to be worth what others wait for it. */
const WORTH = 0.95;

/** What runs of one signature take, by how many rows they have: learned from the runs. */
export class Costs {
  /** In ns, by the rows' next power of two. */
  readonly #known: number[] = [];
  /** Runs of each size. */
  readonly #runs: number[] = [];
  /** Whether there was a run: in the first one TensorFlow prepares the graph, which tells nothing of the others. */
  #isPrepared = false;

  /** Of a run, in ns. What was not seen counts as the next larger that was; Infinity where none was. */
  of(rows: number): number {
    for (let size = sizeOf(rows); size < this.#known.length; size++) {
      const cost = this.#known[size];
      if (cost !== undefined) return cost;
    }
    return UNKNOWN;
  }

  learn(rows: number, nanoseconds: number): void {
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

  /** What was thought to be shorter took so long: that counts in full, until runs have shown again that it is short. */
  correct(rows: number, nanoseconds: number): void {
    this.#known[sizeOf(rows)] = nanoseconds;
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
