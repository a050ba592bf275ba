import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../function/errors.ts';
import { documents, ROOT } from './documents.ts';

const HELP = `Writes what the documents take from elsewhere: options from function/process/options.ts, figures from results/, and
the dashboard and alerts from docs/monitoring.ts. Everything else in the documents is left as it is.

Usage: npm run docs -- [--check] [--results DIR]

  --check        write nothing; fail where something is out of date
  --results DIR  the benchmark's results (default: results)
  --help         this text
`;

async function run(args: string[]): Promise<number> {
  const { values } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  let stale = 0;
  for (const [file, text] of await documents(values.results ?? join(ROOT, 'results'))) {
    const path = join(ROOT, file);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    stale++;
    if (!values.check) writeFileSync(path, text);
    process.stdout.write(`${file} ${values.check ? 'is out of date: npm run docs' : 'written'}\n`);
  }
  return values.check && stale > 0 ? 1 : 0;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { check: { type: 'boolean' }, results: { type: 'string' }, help: { type: 'boolean' } },
    });
  } catch (error) {
    throw new FatalError(`${messageOf(error)}; see npm run docs -- --help`, 2);
  }
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`docs: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
