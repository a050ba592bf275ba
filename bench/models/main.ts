/** `npm run bench:models [-- NAME …]`: the benchmark's SavedModels, into .cache/models. */
import { fileURLToPath } from 'node:url';
import { FatalError, messageOf } from '../../function/errors.ts';
import { MODELS, makeModels, type SavedModel } from './saved.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

function named(args: readonly string[]): SavedModel[] {
  if (args.length === 0) return MODELS.filter((name) => name !== 'big');
  return args.map((arg) => {
    const name = MODELS.find((known) => known === arg);
    if (name === undefined) throw new FatalError(`no model ${arg}: choose from ${MODELS.join(', ')}`, 2);
    return name;
  });
}

try {
  await makeModels(root, named(process.argv.slice(2)), (line) => process.stderr.write(`models: ${line}\n`));
} catch (error) {
  process.stderr.write(`models: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
