import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FatalError, messageOf } from '../../function/errors.ts';
import { help, parseOptions } from './options.ts';
import { run } from './run.ts';
import { formatSummary } from './summary.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.command === 'run') return run(root, options, args);
  process.stdout.write(
    options.command === 'help' ? help : `${formatSummary(resolve(root, options.folder))}\n`,
  );
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
