import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { instancesFor, smallestLimit } from './cost.ts';
import { verdict } from './questions.ts';
import { readResults } from './results.ts';
import { fit, growth, timePerRow } from './scaling.ts';
import { writeSynthetic } from './synthetic/results.ts';

function resultsWith(t: Test, file: string, lines: readonly string[]) {
  const folder = t.testdir();
  writeSynthetic(folder, { repeats: 1 });
  writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
  return readResults(folder);
}

const closed = (lines: readonly string[]) => [
  'target,client,connections,repeat,requests_per_s,rss_bytes,mode',
  ...lines,
];

t.test('a straight line is found again', async (t) => {
  const points = [1, 4, 16, 4096].map((x) => ({ x, y: 3 + 2 * x, weight: 1 / x }));
  const { slope, intercept } = fit(points);
  t.ok(Math.abs(slope - 2) < 1e-9 && Math.abs(intercept - 3) < 1e-9, `${slope}, ${intercept}`);
});

t.test('growth is the slope on logarithmic scales', async (t) => {
  const lines = [1, 2, 4, 8].map((c) => `a,autocannon,${c},1,${100 * c ** 0.5},1,full`);
  const results = resultsWith(t, 'closed-loop.csv', closed(lines));
  const found = growth(results, 'a', 'autocannon', [1, 2, 4, 8]);
  t.ok(Math.abs((found?.slope ?? 0) - 0.5) < 1e-9);
  t.equal(growth(results, 'a', 'autocannon', [1]), undefined, 'one point has no slope');
});

t.test('time of a request is fixed part and slope, small payloads heard as well as large ones', async (t) => {
  const sizes = [1, 16, 256, 4096];
  const lines = sizes.map((rows) => `a,${rows},1,${0.1 + rows * 0.0005},full`);
  const results = resultsWith(t, 'payload-scaling.csv', ['target,rows,repeat,p50_ms,mode', ...lines]);
  const found = timePerRow(results, 'a', sizes);
  t.ok(Math.abs((found?.fixedMs ?? 0) - 0.1) < 1e-9);
  t.ok(Math.abs((found?.usPerRow ?? 0) - 0.5) < 1e-9);
});

t.test('instances are whole, planned with a reserve, and hold memory', async (t) => {
  const results = resultsWith(t, 'closed-loop.csv', closed(['a,wrk,32,1,1000,100,full']));
  t.match(instancesFor(results, 'a', 'wrk', 750), { count: 1, bytes: 100 });
  t.match(instancesFor(results, 'a', 'wrk', 751), { count: 2, bytes: 200 });
  t.equal(instancesFor(results, 'a', 'autocannon', 1), undefined);
});

t.test('the smallest memory limit', async (t) => {
  const CASES = [
    { rows: ['30,ok', '20,ok', '10,killed'], limit: 20, why: 'smallest that is ok' },
    { rows: ['30,ok', '20,slow', '10,ok'], limit: 30, why: 'luck below one that fails does not count' },
    { rows: ['30,ok', '20,ok', '20,slow'], limit: 30, why: 'all repeats must be ok' },
    { rows: ['30,slow'], limit: undefined, why: 'none is enough' },
    { rows: [',ok'], limit: undefined, why: 'the row without a limit is not one' },
  ];
  for (const { rows, limit, why } of CASES) {
    const lines = rows.map((row) => `a,${row},full`);
    const results = resultsWith(t, 'memory-limit.csv', ['target,limit_bytes,outcome,mode', ...lines]);
    t.equal(smallestLimit(results, 'a')?.bytes, limit, why);
  }
});

t.test('a verdict needs an interval that does not hold 1', async (t) => {
  const base = { source: { op: 'constant', value: 1 }, unit: '×', median: 1, coverage: 0.9 } as const;
  t.equal(verdict({ ...base, low: 1.01, high: 2, n: 5 }), 'better');
  t.equal(verdict({ ...base, low: 0.5, high: 0.99, n: 5 }), 'worse');
  t.equal(verdict({ ...base, low: 0.99, high: 1.01, n: 5 }), 'even');
  t.equal(verdict({ ...base, low: 2, high: 2, n: 1 }), 'even', 'one observation proves nothing');
});
