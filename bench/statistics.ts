/**
 * The few statistics that repeats of a benchmark need. All intervals are distribution-free and exact for small samples:
 * latencies and rates are skewed, and five repeats are too few for a bootstrap or a normal approximation.
 */

export interface Interval {
  /** The estimate: a median, or a ratio. */
  readonly middle: number;
  readonly low: number;
  readonly high: number;
  /** Number of observations behind it. */
  readonly n: number;
  /** How likely an interval made this way holds the true value, 0 to 1. Five repeats reach 0.9375, not 0.95. */
  readonly coverage: number;
}

/** Quantile q (0 to 1) by linear interpolation between order statistics (Hyndman and Fan's type 7). NaN when empty. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below === above ? below : below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Median with its order-statistic interval: the number of observations below the true median is binomial(n, 1/2), whatever
 * the distribution. Takes the narrowest symmetric interval of at least `level`, or all of the range when n is too small for it.
 */
export function medianInterval(values: readonly number[], level = 0.95): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  let tail = 0.5 ** n;
  let term = tail;
  let outermost = 0;
  for (let k = 1; k < n / 2; k++) {
    term *= (n - k + 1) / k;
    if (1 - 2 * (tail + term) < level) break;
    tail += term;
    outermost = k;
  }
  return {
    middle: median(sorted),
    low: sorted[outermost] ?? Number.NaN,
    high: sorted[n - 1 - outermost] ?? Number.NaN,
    n,
    coverage: Math.max(0, 1 - 2 * tail),
  };
}

/**
 * How many times larger b is than a, when a[i] and b[i] were measured one after another (the same repeat of one run):
 * the median of the ratios b[i] / a[i] and its interval. What changes from repeat to repeat for both cancels out.
 */
export function pairedRatio(a: readonly number[], b: readonly number[], level = 0.95): Interval {
  if (a.length !== b.length) throw new RangeError(`pairs are needed, not ${a.length} and ${b.length} values`);
  return medianInterval(
    a.map((value, i) => (b[i] ?? Number.NaN) / value),
    level,
  );
}

/**
 * How many times larger b is than a, when the two are from different runs: the Hodges-Lehmann estimate (the median of all
 * ratios of one of b to one of a), and the interval of ratios that the exact Mann-Whitney test does not reject.
 * All values must be above zero.
 */
export function unpairedRatio(a: readonly number[], b: readonly number[], level = 0.95): Interval {
  const ratios = a.flatMap((x) => b.map((y) => Math.log(y / x))).sort((x, y) => x - y);
  const below = mannWhitneyTail(a.length, b.length);
  let outermost = 0;
  while (2 * (below[outermost + 1] ?? 1) <= 1 - level) outermost++;
  return {
    middle: Math.exp(median(ratios)),
    low: Math.exp(ratios[outermost] ?? Number.NaN),
    high: Math.exp(ratios[ratios.length - 1 - outermost] ?? Number.NaN),
    n: a.length + b.length,
    coverage: Math.max(0, 1 - 2 * (below[outermost] ?? 1)),
  };
}

/**
 * P(U <= u) for u = 0, 1, … n·m of Mann and Whitney's U for samples of n and m values without ties, by their own
 * recurrence: the largest value is either one of the n, above all m others, or one of the m.
 */
export function mannWhitneyTail(n: number, m: number): number[] {
  // counts[j][u]: arrangements of i values with j others in which U is u; i grows in place
  let counts: number[][] = Array.from({ length: m + 1 }, () => [1]);
  for (let i = 1; i <= n; i++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= m; j++) {
      next.push(
        Array.from({ length: i * j + 1 }, (_, u) => (counts[j]?.[u - j] ?? 0) + (next[j - 1]?.[u] ?? 0)),
      );
    }
    counts = next;
  }
  const last = counts[m] ?? [1];
  const total = last.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  return last.map((count) => {
    sum += count;
    return sum / total;
  });
}
