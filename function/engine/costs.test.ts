import t from 'tap';
import { Costs } from './costs.ts';

const US = 1000;

/** What was learned from runs, [rows, microseconds] each, after the first one, which tells nothing. */
function learned(...runs: readonly (readonly [number, number])[]): Costs {
  const costs = new Costs();
  costs.learn(1, 1e9);
  for (const [rows, microseconds] of runs) costs.learn(rows, microseconds * US);
  return costs;
}

const times = (count: number, rows: number, microseconds: number) =>
  Array.from({ length: count }, () => [rows, microseconds] as const);

t.test('what a run is thought to take', async (t) => {
  for (const { why, costs, rows, microseconds } of [
    { why: 'nothing was run', costs: new Costs(), rows: 1, microseconds: Number.POSITIVE_INFINITY },
    {
      why: 'the first run prepares the graph',
      costs: learned(),
      rows: 1,
      microseconds: Number.POSITIVE_INFINITY,
    },
    { why: 'one run', costs: learned([1, 10]), rows: 1, microseconds: 10 },
    { why: 'no rows count as one', costs: learned([0, 10]), rows: 1, microseconds: 10 },
    { why: 'the same power of two', costs: learned([5, 10]), rows: 8, microseconds: 10 },
    { why: 'fewer rows: no more than the next larger', costs: learned([64, 10]), rows: 3, microseconds: 10 },
    {
      why: 'more rows than any run had',
      costs: learned([64, 10]),
      rows: 65,
      microseconds: Number.POSITIVE_INFINITY,
    },
    {
      why: 'of the first runs the shortest',
      costs: learned([1, 90], [1, 30], [1, 40]),
      rows: 1,
      microseconds: 30,
    },
    {
      why: 'then an eighth of each new one',
      costs: learned(...times(4, 1, 80), [1, 160]),
      rows: 1,
      microseconds: 90,
    },
    {
      why: 'an interrupted one counts as four times what is known',
      costs: learned(...times(4, 1, 80), [1, 1e6]),
      rows: 1,
      microseconds: 110,
    },
  ])
    t.equal(costs.of(rows), microseconds * US, why);
});

t.test('a model that has become slower is known to be', async (t) => {
  const costs = learned(...times(4, 1, 10), ...times(60, 1, 1000));
  t.ok(costs.of(1) > 900 * US && costs.of(1) <= 1000 * US, `${costs.of(1)}`);
});

t.test('a run that held the event loop counts in full, and is forgotten after many short ones', async (t) => {
  const costs = learned(...times(8, 1, 10));
  costs.correct(1, 300_000 * US);
  t.equal(costs.of(1), 300_000 * US);
  for (let run = 0; run < 10; run++) costs.learn(1, 10 * US);
  t.ok(costs.of(1) > 50_000 * US, `${costs.of(1)}`);
  for (let run = 0; run < 100; run++) costs.learn(1, 10 * US);
  t.ok(costs.of(1) < 20 * US, `${costs.of(1)}`);
});

t.test('one that another process interrupted is forgiven, once', async (t) => {
  const costs = learned(...times(8, 1, 10));
  costs.correct(1, 3000 * US);
  t.equal(costs.of(1), 10 * US);
  costs.learn(1, 10 * US);
  costs.correct(1, 3000 * US);
  t.equal(costs.of(1), 10 * US, 'another time');
  costs.correct(1, 3000 * US);
  t.equal(costs.of(1), 3000 * US, 'two in a row');
});

t.test('in how many parts a run is over soonest', async (t) => {
  const MS = 1000;
  const whole = times(2, 16, 190 * MS);
  for (const { why, costs, rows, threads, parts } of [
    { why: 'nothing is known', costs: learned(), rows: 16, threads: 2, parts: 1 },
    {
      why: 'what the whole takes is not sure yet',
      costs: learned([16, 190 * MS]),
      rows: 16,
      threads: 2,
      parts: 1,
    },
    { why: 'parts are tried', costs: learned(...whole), rows: 16, threads: 2, parts: 2 },
    { why: 'more than once', costs: learned(...whole, [8, 900 * MS]), rows: 16, threads: 2, parts: 2 },
    { why: 'they pay', costs: learned(...whole, ...times(4, 8, 96 * MS)), rows: 16, threads: 2, parts: 2 },
    {
      why: 'they do not',
      costs: learned(...whole, ...times(4, 8, 170 * MS)),
      rows: 16,
      threads: 2,
      parts: 1,
    },
    { why: 'no other thread is idle', costs: learned(...whole), rows: 16, threads: 1, parts: 1 },
    {
      why: 'as many as there are rows',
      costs: learned(...times(2, 3, 190 * MS)),
      rows: 3,
      threads: 8,
      parts: 3,
    },
    { why: 'a single row', costs: learned(...times(2, 1, 190 * MS)), rows: 1, threads: 2, parts: 1 },
    { why: 'no rows', costs: learned(...times(2, 1, 190 * MS)), rows: 0, threads: 2, parts: 1 },
    {
      why: 'short ones are left whole',
      costs: learned(...times(2, 5000, 50)),
      rows: 5000,
      threads: 2,
      parts: 1,
    },
  ])
    t.equal(costs.bestParts(rows, threads), parts, why);

  const busy = learned(...whole, ...times(4, 8, 190 * MS));
  const tried = Array.from({ length: 32 }, () => busy.bestParts(16, 2));
  t.equal(tried.filter((parts) => parts === 2).length, 2, 'what did not pay is tried again now and then');
});

t.test('how many of the rows in waiting a run should have', async (t) => {
  // A run of 1, 2, 4 and 8 rows.
  const pays = learned([1, 10], [2, 12], [4, 16], [8, 24]);
  const doesNot = learned([1, 10], [2, 20], [4, 39], [8, 80]);
  const upToFour = learned([1, 10], [2, 15], [4, 20], [8, 80]);
  const never1 = learned([3, 10]);
  for (const { why, costs, waiting, rows } of [
    { why: 'nothing is known', costs: learned(), waiting: 8, rows: 1 },
    { why: 'one waits', costs: pays, waiting: 1, rows: 1 },
    { why: 'it pays', costs: pays, waiting: 8, rows: 8 },
    { why: 'it pays for those that are there', costs: pays, waiting: 7, rows: 4 },
    { why: 'a size that was not tried is', costs: pays, waiting: 40, rows: 16 },
    { why: 'a row costs the same in any company', costs: doesNot, waiting: 8, rows: 1 },
    { why: 'it pays up to four', costs: upToFour, waiting: 8, rows: 4 },
    { why: 'calls of one row were never seen', costs: never1, waiting: 4, rows: 4 },
    { why: 'and larger runs are tried', costs: never1, waiting: 9, rows: 8 },
    { why: 'fewer wait than any run had', costs: never1, waiting: 2, rows: 1 },
  ])
    t.equal(costs.bestRows(waiting), rows, why);
});
