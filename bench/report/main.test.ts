import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseCsv } from '../csv.ts';
import { writeSynthetic } from './synthetic/results.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function report(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

t.test('writes the PDF, the plots and the account of its numbers', async (t) => {
  const folder = t.testdir();
  writeSynthetic(folder, { repeats: 2 });
  const { code, stdout, stderr } = await report(folder);
  t.match({ code, stderr }, { code: 0, stderr: '' });
  t.match(stdout, /report\.pdf, figures\.csv and \d+ plots/);
  t.match(readFileSync(join(folder, 'report.pdf'), 'latin1').slice(0, 5), '%PDF-');
  t.match(readFileSync(join(folder, 'plots/answer.svg'), 'utf8'), /^<svg /);
  const [first] = parseCsv(readFileSync(join(folder, 'figures.csv'), 'utf8'));
  t.match(first, { printed: /\d/, value: /\d/, unit: String, n: '2', from: /\.csv\[/ });

  const out = join(folder, 'elsewhere');
  t.equal((await report(folder, '--out', out)).code, 0);
  for (const name of ['report.pdf', 'figures.csv', 'plots/answer.svg']) {
    t.ok(
      readFileSync(join(out, name)).equals(readFileSync(join(folder, name))),
      `${name}: the same bytes again`,
    );
  }
});

t.test('says in one line what is wrong and where', async (t) => {
  const folder = t.testdir({ 'no-results': {} });
  const CASES = [
    { args: ['--help'], code: 0, stderr: /^$/, spoil: () => {} },
    { args: ['--nonsense'], code: 2, stderr: /--help/, spoil: () => {} },
    { args: ['a', 'b'], code: 2, stderr: /one results folder/, spoil: () => {} },
    {
      args: [join(folder, 'no-results')],
      code: 2,
      stderr: /no environment\.json in .*no-results/,
      spoil: () => {},
    },
    {
      args: [join(folder, 'r')],
      code: 1,
      stderr: /environment\.json is not JSON/,
      spoil: () => writeFileSync(join(folder, 'r/environment.json'), '{'),
    },
    {
      args: [join(folder, 'r')],
      code: 1,
      stderr: /environment\.json is not as bench\/README\.md says/,
      spoil: () => writeFileSync(join(folder, 'r/environment.json'), '{"schema":2}'),
    },
    {
      args: [join(folder, 'r')],
      code: 1,
      stderr: /memory\.csv has no column state/,
      spoil: () => writeFileSync(join(folder, 'r/memory.csv'), 'target,repeat,mode\na,1,full\n'),
    },
    {
      args: [join(folder, 'r')],
      code: 1,
      stderr: /cannot read .*locust\.csv/,
      spoil: () => writeFileSync(join(folder, 'r/locust.csv'), 'target,users\n"a,1\n'),
    },
  ];
  for (const { args, code, stderr, spoil } of CASES) {
    rmSync(join(folder, 'r'), { recursive: true, force: true });
    writeSynthetic(join(folder, 'r'), { repeats: 1 });
    spoil();
    const ended = await report(...args);
    t.match(ended, { code, stderr }, `${stderr}`);
    t.ok(ended.stderr.split('\n').length <= 2, 'one line');
    t.notOk(existsSync(join(folder, 'r/report.pdf')), 'and nothing is written');
  }
});
