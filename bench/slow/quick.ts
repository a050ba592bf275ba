/** `npm run bench -- --quick` as a user runs it: whole, and stopped by Ctrl-C and gone on with. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseCsv } from '../csv.ts';
import { columns } from '../schema.ts';
import { linesOf, runBench } from './run-bench.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const bench = (args: readonly string[], stopWhen?: () => boolean) => runBench(main, args, stopWhen);

t.test('stopped by Ctrl-C, then gone on with', async (t) => {
  const out = join(t.testdir(), 'results');
  const args = [
    '--quick',
    '--only',
    'cold-start,memory',
    '--targets',
    'floor,celsiusify-predict',
    '--out',
    out,
  ];
  const journal = join(`${out}.partial`, 'steps.jsonl');
  const stopped = await bench(args, () => linesOf(journal).length >= 3);
  t.equal(stopped.code, 130);
  t.match(stopped.stderr, /stopped; \d of 4 steps are kept in .*The same command goes on\./);
  t.notOk(existsSync(out), 'no results yet');
  t.ok(existsSync(join(`${out}.partial`, 'cold-start.csv')), 'what was measured can be read');
  const kept = linesOf(journal);
  const [other] = await Promise.all([bench([...args, '--repeat', '2'])]);
  t.match(other, { code: 2, stderr: /holds part of another run/ });
  const whole = await bench(args);
  t.equal(whole.code, 0, whole.stderr);
  t.match(whole.stderr, /going on: \d of 4 steps were done before/);
  t.notOk(existsSync(`${out}.partial`));
  const first = parseCsv(readFileSync(join(out, 'cold-start.csv'), 'utf8'))[0]?.ms;
  t.match(kept[1], `"ms":${first?.slice(0, 5)}`, 'the first figure is the one of before');
});

t.test('every question in one go', async (t) => {
  const out = join(t.testdir(), 'results');
  const { code, stdout, stderr } = await bench([
    '--quick',
    '--targets',
    'floor,celsiusify-predict',
    '--out',
    out,
  ]);
  t.equal(code, 0, stderr);
  t.match(stdout, /^quick run: these figures are not for the report\n32 connections/);
  const expected = Object.keys(columns).filter((name) => name !== 'soak' && name !== 'image-size');
  for (const name of expected) {
    const rows = parseCsv(readFileSync(join(out, `${name}.csv`), 'utf8'));
    t.ok(rows.length > 0, `${name}.csv has rows`);
    for (const row of rows) t.equal(row.mode, 'quick');
    if (name !== 'not-measured')
      t.ok(
        rows.every(({ target }) => target),
        `${name}.csv names its targets`,
      );
  }
  t.match(JSON.parse(readFileSync(join(out, 'environment.json'), 'utf8')), { schema: 1, mode: 'quick' });
  t.ok(readdirSync(join(out, 'histograms/closed-loop')).includes('floor.hlog'));
  const compared = await bench(['compare', out, out]);
  t.match(compared, { code: 0, stdout: /^\d+ figures: 0 better, 0 worse, / });
});
