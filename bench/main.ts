import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FatalError, messageOf } from '../function/errors.ts';
import { compareFolders, formatComparison } from './compare.ts';
import { readFigures } from './figures.ts';
import { help, parseOptions } from './options.ts';
import { run } from './run.ts';
import { formatSummary } from './table.ts';
import { targets } from './targets/table.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  switch (options.command) {
    case 'help':
      process.stdout.write(help);
      return 0;
    case 'table':
      process.stdout.write(`${formatSummary(readFigures(join(root, options.folder)), targets)}\n`);
      return 0;
    case 'compare': {
      const compared = compareFolders(options);
      if (compared.length === 0)
        throw new FatalError(`${options.before} and ${options.after} have no figure in common`);
      process.stdout.write(formatComparison(compared, options));
      return options.failOnRegression && compared.some(({ verdict }) => verdict === 'worse') ? 1 : 0;
    }
    case 'run':
      return run(root, options, args);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
