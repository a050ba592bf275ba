import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
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

// Setting type takes a second or two of CPU time, which a busy machine stretches.
t.setTimeout(120_000);

t.test('writes the PDF, the plots and the account of its numbers', async (t) => {
  const folder = t.testdir();
  writeSynthetic(folder, { repeats: 2 });
  const out = join(folder, 'elsewhere');
  const { code, stdout, stderr } = await report(folder, '--out', out);
  t.match({ code, stderr }, { code: 0, stderr: '' });
  t.match(stdout, /report\.pdf, figures\.csv and \d+ plots/);
  t.match(readFileSync(join(out, 'report.pdf'), 'latin1').slice(0, 5), '%PDF-');
  t.match(readFileSync(join(out, 'plots/answer.svg'), 'utf8'), /^<svg /);
  const [first] = parseCsv(readFileSync(join(out, 'figures.csv'), 'utf8'));
  t.match(first, { printed: /\d/, value: /\d/, unit: String, n: '2', from: /\.csv\[/ });
});

t.test('says in one line what is wrong and where', async (t) => {
  const folder = t.testdir();
  const CASES = [
    { args: ['--help'], code: 0, stderr: /^$/ },
    { args: ['--nonsense'], code: 2, stderr: /^report: .*--help\n$/ },
    { args: ['a', 'b'], code: 2, stderr: /^report: one results folder is enough.*\n$/ },
    { args: [folder], code: 2, stderr: /^report: no environment\.json in .*\n$/ },
  ];
  const ended = await Promise.all(CASES.map(({ args }) => report(...args)));
  ended.forEach((end, i) => {
    const { args, code, stderr } = CASES[i] ?? { args: [], code: 0, stderr: /./ };
    t.match(end, { code, stderr }, args.join(' '));
  });
  t.same(readdirSync(folder), [], 'and nothing is written');
});
