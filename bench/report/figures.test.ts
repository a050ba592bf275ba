import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { column, constant, describe, divide, figure, multiply, observations, subtract } from './figures.ts';
import { readResults } from './results.ts';
import { writeSynthetic } from './synthetic/results.ts';

/** A results folder whose memory.csv is this. */
function resultsWith(t: Test, lines: readonly string[]) {
  const folder = t.testdir();
  writeSynthetic(folder, { repeats: 1 });
  writeFileSync(join(folder, 'memory.csv'), `target,repeat,state,rss_bytes,mode\n${lines.join('\n')}\n`);
  return readResults(folder);
}

const rss = (target: string) => column('memory.csv', { target }, 'rss_bytes');

t.test('a figure is the median of its repeats, with the interval around it', async (t) => {
  const results = resultsWith(t, [
    'a,1,idle,3,full',
    'a,2,idle,1,full',
    'a,3,idle,2,full',
    'b,1,idle,9,full',
  ]);
  const found = figure(results, rss('a'), 'bytes');
  t.match(found, { median: 2, low: 1, high: 3, n: 3, coverage: 0.75 });
  t.equal(figure(results, rss('nobody'), 'bytes'), undefined, 'nothing measured, no figure');
  t.equal(figure(results, column('no-such-file.csv', {}, 'x'), 'bytes'), undefined);
});

t.test('arithmetic goes repeat by repeat', async (t) => {
  const results = resultsWith(t, [
    'a,1,idle,10,full',
    'a,2,idle,40,full',
    'a,3,idle,90,full',
    'b,2,idle,4,full',
    'b,1,idle,5,full',
    'b,3,idle,,full',
  ]);
  t.same(
    [...observations(results, divide(rss('a'), rss('b')))],
    [
      ['1', 2],
      ['2', 10],
    ],
    'by repeat; an empty cell has no ratio',
  );
  t.same([...observations(results, subtract(rss('a'), rss('b'))).values()], [5, 36]);
  t.same([...observations(results, multiply(rss('b'), constant(2))).values()], [8, 10]);
  t.throws(() => observations(results, constant(1)), /not a measurement/);
  t.equal(
    describe(divide(rss('a'), rss('b'))),
    '(memory.csv[target=a].rss_bytes ÷ memory.csv[target=b].rss_bytes)',
  );
});

t.test('a selection that mixes conditions is refused', async (t) => {
  const results = resultsWith(t, ['a,1,idle,1,full', 'a,1,loaded,2,full']);
  t.throws(
    () => figure(results, rss('a'), 'bytes'),
    /two rows for repeat 1: memory\.csv\[target=a\]\.rss_bytes/,
  );
});
