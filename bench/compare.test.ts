import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { compare, compareFolders, formatComparison } from './compare.ts';
import { formatCsv } from './csv.ts';
import { type Figure, readFigures } from './figures.ts';
import { columns } from './schema.ts';
import { formatSummary } from './table.ts';

const figure = (values: readonly number[], better: Figure['better'] = 'higher'): Figure => ({
  file: 'closed-loop',
  target: 'floor',
  condition: '',
  metric: 'requests_per_s',
  better,
  values,
});
const five = [100, 101, 99, 102, 98];
const times = (factor: number) => five.map((value) => value * factor);

for (const [name, after, better, verdict] of [
  ['twice the rate', times(2), 'higher', 'better'],
  ['half the rate', times(0.5), 'higher', 'worse'],
  ['twice the latency', times(2), 'lower', 'worse'],
  ['half the latency', times(0.5), 'lower', 'better'],
  ['the same', five, 'higher', 'within noise'],
  ['less than its own spread', times(1.01), 'higher', 'within noise'],
  ['sure, but smaller than the threshold', times(1.025), 'higher', 'within noise'],
  ['one outlier', [100, 101, 99, 102, 500], 'higher', 'within noise'],
  ['three repeats', [200, 201, 202], 'higher', 'better'],
  ['two repeats', [200, 201], 'higher', 'too few repeats'],
] as const) {
  t.test(`verdict: ${name}`, async (t) => {
    t.equal(compare(figure(five, better), figure(after, better), 0.03).verdict, verdict);
  });
}

/** A results folder with a closed loop of the floor and one server. */
function folderOf(parent: string, name: string, floor: readonly number[], server: readonly number[]): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  const rows = Object.entries({ floor, 'tf-serving': server }).flatMap(([target, rates]) =>
    rates.map((requests_per_s, i) => ({
      target,
      connections: 32,
      repeat: i + 1,
      requests_per_s,
      client: 'autocannon',
      p99_ms: null,
    })),
  );
  writeFileSync(join(folder, 'closed-loop.csv'), formatCsv(columns['closed-loop'], rows));
  return folder;
}

const options = {
  command: 'compare',
  against: null,
  threshold: 0.03,
  all: false,
  failOnRegression: false,
} as const;

t.test('two folders', async (t) => {
  const dir = t.testdir();
  const before = folderOf(dir, 'before', five, five);
  const after = folderOf(dir, 'after', times(0.5), times(0.5));
  const compared = compareFolders({ ...options, before, after });
  t.match(compared, [
    { figure: { target: 'floor' }, verdict: 'worse' },
    { figure: { target: 'tf-serving' }, verdict: 'worse' },
  ]);
  t.match(
    formatComparison(compared, { ...options, before, after }),
    /^2 figures: 0 better, 2 worse.*\n.*verdict/,
  );
  const relative = { ...options, before, after, against: 'floor' };
  const same = compareFolders(relative);
  t.match(
    same,
    [{ figure: { target: 'tf-serving' }, verdict: 'within noise' }],
    'a slower machine cancels out',
  );
  t.notMatch(formatComparison(same, relative), /tf-serving/);
  t.match(formatComparison(same, { ...relative, all: true }), /tf-serving .* within noise/);
});

t.test('the table at the end', async (t) => {
  const folder = folderOf(t.testdir(), 'results', times(100), times(50));
  const labels = [
    { id: 'floor', label: 'Floor' },
    { id: 'tf-serving', label: 'TensorFlow Serving' },
    { id: 'fastapi', label: 'FastAPI' },
  ];
  const text = formatSummary(readFigures(folder), labels);
  t.match(text, /^32 connections +requests\/s/);
  t.match(text, /Floor +10\.0k \[9800–10\.2k\]/);
  t.match(text, /to TensorFlow Serving's +2\.00×/);
  t.notMatch(text, /FastAPI/);
});
