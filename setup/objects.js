// Compiles C++ to object files, which are kept: only what changed is compiled again.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from './context.js';
import { hashInputs, isDone, markDone } from './stamp.js';

/** @typedef {import('./context.js').Context} Context */

/**
 * @typedef {object} Unit
 * @property {string} source a .cc file in the repository
 * @property {string[]} args options of the compiler
 */

/**
 * @param {Context} context
 * @param {Unit[]} units
 * @param {unknown} fixed what all of them depend on besides: versions of the headers that are not `ours`, say
 * @param {(file: string) => boolean} ours whether a header may change without `fixed` telling so
 * @returns {Promise<string[]>} the object files, in the order of the units
 */
export async function compileObjects(context, units, fixed, ours) {
  mkdirSync(join(context.cache, 'objects'), { recursive: true });
  // A newer compiler's object may need a library that an older system has not.
  const compiler = await run(context, 'g++', ['--version']);
  /** @type {string[]} */
  const objects = [];
  const left = units.entries();
  // As many at once as there are CPUs: a compiler takes 100 MB and more, and a small machine has little.
  const work = async () => {
    for (const [i, unit] of left) objects[i] = await compileObject(context, unit, { fixed, compiler }, ours);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return objects;
}

/**
 * @param {Context} context
 * @param {Unit} unit
 * @param {unknown} values
 * @param {(file: string) => boolean} ours
 */
async function compileObject(context, { source, args }, values, ours) {
  const name = relative(context.root, source)
    .replace(/\.cc$/, '')
    .replaceAll(/[^\w-]+/g, '.');
  const step = join('objects', name);
  const object = join(context.cache, `${step}.o`);
  const headers = join(context.cache, `${step}.d`);
  const inputs = () =>
    hashInputs({ args, values }, [source, ...headersIn(headers).filter((file) => ours(file))]);
  if (isDone(context, step, inputs())) return object;
  rmSync(object, { force: true });
  await run(context, 'g++', [...args, '-MMD', '-c', source, '-o', object]);
  markDone(context, step, inputs(), [relative(context.root, object)]);
  return object;
}

/**
 * What the compiler has read: it writes a rule for make, `object: source header header …`.
 * @param {string} file
 */
function headersIn(file) {
  try {
    const rule = readFileSync(file, 'utf8').replace(/\\\n/g, ' ');
    return [...rule.matchAll(/(?:\\ |\S)+/g)].slice(1).map(([path]) => path.replaceAll('\\ ', ' '));
  } catch {
    return [];
  }
}
