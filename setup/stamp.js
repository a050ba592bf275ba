// Records of finished work, so that a step whose inputs are the same and whose results are still there is skipped.
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** @typedef {import('./context.js').Context} Context */

/**
 * Hash of everything that a step's result depends on. A file that is missing is an input like any other: the record
 * is then another one once it is there.
 *
 * @param {unknown} values what JSON can hold: versions, options
 * @param {string[]} [files] paths, whose contents count
 */
export function hashInputs(values, files = []) {
  const hash = createHash('sha256').update(JSON.stringify(values));
  for (const file of files) hash.update(`\0${file}\0`).update(readIfThere(file));
  return hash.digest('hex');
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file);
  } catch {
    return 'missing';
  }
}

/**
 * SHA-256 of a file of any size.
 * @param {string} file
 */
export async function hashFile(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * Whether the step was done with these inputs, and its results are still there in their full size.
 *
 * @param {Context} context
 * @param {string} step
 * @param {string} inputs
 */
export function isDone(context, step, inputs) {
  try {
    const record = JSON.parse(readFileSync(recordOf(context, step), 'utf8'));
    if (record.inputs !== inputs) return false;
    return Object.entries(record.results).every(
      ([file, size]) => statSync(join(context.root, file)).size === size,
    );
  } catch {
    return false;
  }
}

/**
 * @param {Context} context
 * @param {string} step
 * @param {string} inputs
 * @param {string[]} results paths in the repository
 */
export function markDone(context, step, inputs, results) {
  const sizes = results.map((file) => [file, statSync(join(context.root, file)).size]);
  mkdirSync(context.cache, { recursive: true });
  const record = recordOf(context, step);
  writeFileSync(`${record}.partial`, JSON.stringify({ inputs, results: Object.fromEntries(sizes) }));
  renameSync(`${record}.partial`, record);
}

/** @param {Context} context @param {string} step */
function recordOf(context, step) {
  return join(context.cache, `${step}.json`);
}
