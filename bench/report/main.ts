import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../../function/errors.ts';
import { makeReport } from './report.ts';
import { readResults } from './results.ts';

const HELP = `Makes plots and a PDF from a results folder of npm run bench. Measures nothing, starts nothing.

Usage: npm run bench:report -- [RESULTS_DIR] [--out DIR]

  RESULTS_DIR   folder with environment.json and CSV files (default: results)
  --out DIR     where to write (default: RESULTS_DIR)
  --help        this text

Writes report.pdf, plots/*.svg, and figures.csv: every number that the PDF prints, with the CSV file and rows it is from.
The same folder always gives the same bytes.
`;

async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const folder = positionals[0] ?? 'results';
  const out = values.out ?? folder;
  const { pdf, plots, figures } = await makeReport(readResults(folder));
  for (const [path, content] of [...plots, ['figures.csv', figures], ['report.pdf', pdf]] as const) {
    const file = join(out, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  process.stdout.write(`${join(out, 'report.pdf')}, figures.csv and ${plots.size} plots\n`);
}

function parse(args: readonly string[]) {
  try {
    const parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { out: { type: 'string' }, help: { type: 'boolean' } },
    });
    if (parsed.positionals.length > 1) throw new Error('one results folder is enough');
    return parsed;
  } catch (error) {
    throw new FatalError(`${messageOf(error)}; see npm run bench:report -- --help`, 2);
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`report: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
