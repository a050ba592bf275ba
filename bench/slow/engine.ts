/** `npm run bench:engine` as a user runs it: one short repeat, and stopped by Ctrl-C and gone on with. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseCsv } from '../csv.ts';
import { linesOf, runBench } from './run-bench.ts';

const main = fileURLToPath(new URL('../engine/main.ts', import.meta.url));
const bench = (args: readonly string[], stopWhen?: () => boolean) => runBench(main, args, stopWhen);

t.test('stopped by Ctrl-C, then gone on with', async (t) => {
  const out = join(t.testdir(), 'results');
  const args = ['--only', 'start', '--repeat', '3', '--targets', 'celsiusify', '--out', out];
  const journal = join(`${out}.partial`, 'steps.jsonl');
  const stopped = await bench(args, () => linesOf(journal).length >= 1);
  t.match(stopped, {
    code: 130,
    stderr: /stopped; [12] of 3 steps are kept in .*The same command goes on\./,
  });
  t.ok(existsSync(join(`${out}.partial`, 'start.csv')), 'what was measured can be read');
  const other = await bench([...args, '--repeat', '2']);
  t.match(other, { code: 2, stderr: /holds part of another run/ });
  const whole = await bench(args);
  t.equal(whole.code, 0, whole.stderr);
  t.match(whole.stderr, /going on: [12] of 3 steps were done before/);
  t.match(whole.stdout, /^start: model celsius +first answer ms/);
  t.equal(parseCsv(readFileSync(join(out, 'start.csv'), 'utf8')).length, 3);
});

t.test('one model under load, beside plain Python', async (t) => {
  const out = join(t.testdir(), 'results');
  const some = ['--targets', 'celsiusify,python', '--models', 'text', '--only', 'load', '--duration', '1'];
  const { code, stderr } = await bench(['--quick', ...some, '--out', out]);
  t.equal(code, 0, stderr);
  const rows = parseCsv(readFileSync(join(out, 'load.csv'), 'utf8'));
  t.same(
    rows.map(({ target, clients }) => `${target} ${clients}`),
    ['celsiusify 1', 'celsiusify 8', 'celsiusify 32', 'python 1'],
  );
  for (const row of rows) t.match(row, { model: 'text', mode: 'quick', errors: '0', wrong_answers: '0' });
  t.equal(parseCsv(readFileSync(join(out, 'probes.csv'), 'utf8')).length, 6);
  t.match(JSON.parse(readFileSync(join(out, 'environment.json'), 'utf8')), {
    mode: 'quick',
    models: [{ model: 'text', weights_sha256: /^[0-9a-f]{64}$/ }],
  });
});
