import t, { type Test } from 'tap';
import {
  mannWhitneyTail,
  median,
  medianInterval,
  pairedRatio,
  quantile,
  unpairedRatio,
} from './statistics.ts';

/** Uniform numbers in (0, 1) by a seeded linear congruential generator (Numerical Recipes' constants). */
function* uniform(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield (state + 0.5) / 2 ** 32;
  }
}

const take = (source: Generator<number, never>, n: number) =>
  Array.from({ length: n }, () => source.next().value);
const near = (t: Pick<Test, 'ok'>, got: number, want: number, tolerance: number) =>
  t.ok(Math.abs(got - want) <= tolerance, `${got} is within ${tolerance} of ${want}`);

t.test('quantiles of small sets', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
  t.equal(quantile([10, 20, 30, 40, 50], 0.9), 46);
  t.equal(median([7]), 7);
  t.ok(Number.isNaN(median([])));
});

t.test('quantiles of an exponential distribution', async (t) => {
  const values = take(uniform(7), 200_000).map((u) => -Math.log(u));
  for (const q of [0.5, 0.9, 0.99])
    near(t, quantile(values, q), -Math.log(1 - q), 0.1 * (1 / (1 - q)) ** 0.2);
});

t.test('coverage of the median interval is what the binomial says', async (t) => {
  for (const [n, coverage] of [
    [1, 0],
    [5, 0.9375],
    [6, 0.96875],
    [10, 0.978515625],
    [20, 0.9586105],
  ] as const) {
    const found = medianInterval(take(uniform(n), n));
    near(t, found.coverage, coverage, 1e-6);
    t.equal(found.n, n);
  }
});

t.test('the median interval holds the true median that often, for a skewed distribution', async (t) => {
  const source = uniform(11);
  const held = Array.from({ length: 4000 }, () => {
    const { low, high } = medianInterval(take(source, 5).map((u) => -Math.log(u)));
    return low <= Math.LN2 && Math.LN2 <= high;
  }).filter(Boolean).length;
  near(t, held / 4000, 0.9375, 0.012);
});

t.test("Mann and Whitney's table of 1947", async (t) => {
  near(t, mannWhitneyTail(3, 3)[0] ?? 0, 0.05, 1e-9);
  near(t, mannWhitneyTail(4, 5)[2] ?? 0, 0.032, 5e-4);
  near(t, mannWhitneyTail(5, 5)[2] ?? 0, 0.016, 5e-4);
  near(t, mannWhitneyTail(8, 8)[13] ?? 0, 0.025, 5e-4);
  t.equal(mannWhitneyTail(5, 5).length, 26);
  near(t, mannWhitneyTail(5, 5)[25] ?? 0, 1, 1e-12);
});

t.test('a ratio of two runs', async (t) => {
  const a = [100, 101, 99, 102, 98];
  const b = a.map((value) => value * 2);
  const { middle, low, high, coverage } = unpairedRatio(a, b);
  near(t, middle, 2, 1e-9);
  t.ok(low > 1.9 && high < 2.1, `${low} to ${high}`);
  near(t, coverage, 1 - 2 * (4 / 252), 1e-9);
  t.match(unpairedRatio([1], [3]), { n: 2, coverage: 0 });
});

t.test('two runs of the same thing differ by chance as seldom as the interval says', async (t) => {
  const source = uniform(5);
  const wrong = Array.from({ length: 2000 }, () => {
    const { low, high } = unpairedRatio(
      take(source, 5).map((u) => 1 - Math.log(u)),
      take(source, 5).map((u) => 1 - Math.log(u)),
    );
    return low > 1 || high < 1;
  }).filter(Boolean).length;
  near(t, wrong / 2000, 2 * (4 / 252), 0.012);
});

t.test('paired ratios cancel what both have in common', async (t) => {
  const a = [10, 100, 20, 50, 30];
  const found = pairedRatio(
    a,
    a.map((value) => value * 1.5),
  );
  t.match(found, { middle: 1.5, low: 1.5, high: 1.5, n: 5 });
  t.throws(() => pairedRatio([1], [1, 2]), RangeError);
});
