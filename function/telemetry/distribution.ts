/** Upper bounds in seconds; a small model answers in well under one millisecond. */
export const LATENCY_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** A request whose trace shows what a bucket's values come from. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/**
 * Counts values into buckets, in a plain array: prom-client's own observe() costs several times as much, a tenth of
 * a whole request here. prometheus.ts hands the counts to prom-client when someone scrapes.
 */
export class Distribution {
  /** Upper bounds, inclusive, ascending. */
  readonly bounds: readonly number[];
  /** Values per bucket, not cumulated; the last is for values above all bounds. */
  readonly counts: number[];
  /** Of each bucket the last traced value; empty while there is none. */
  readonly exemplars: Exemplar[] = [];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** How many values were recorded. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** As Prometheus has them: each bucket counts all values up to its bound; the last bound is +Inf. */
  get buckets(): { le: number | '+Inf'; total: number; exemplar: Exemplar | undefined }[] {
    let total = 0;
    return this.counts.map((count, i) => {
      total += count;
      return { le: this.bounds[i] ?? '+Inf', total, exemplar: this.exemplars[i] };
    });
  }

  /** @param traceId of the request that the value is of, where that is traced */
  record(value: number, traceId?: string): void {
    let i = 0;
    while (i < this.bounds.length && value > (this.bounds[i] ?? 0)) i++;
    this.counts[i] = (this.counts[i] ?? 0) + 1;
    this.sum += value;
    if (traceId !== undefined) this.exemplars[i] = { traceId, value, time: Date.now() / 1000 };
  }
}
