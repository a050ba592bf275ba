// Keeps two set-ups, say of `npm start` and `npm test` in two terminals, from doing the same work in the same place.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./context.js').Context} Context */

const POLL_MS = 100;

/**
 * @template T
 * @param {Context} context
 * @param {() => Promise<T>} work is done alone; by the time it starts, another set-up may have done it all
 * @returns {Promise<T>}
 */
export async function alone(context, work) {
  mkdirSync(context.cache, { recursive: true });
  const file = join(context.cache, 'lock');
  for (let said = false; !take(file); ) {
    const holder = Number(readLock(file));
    if (!isAlive(holder)) {
      rmSync(file, { force: true }); // what an interrupted set-up left
      continue;
    }
    if (!said) context.say(`waiting for another set-up to end (process ${holder})`);
    said = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} file @returns the process that has it; the own one if it is about to be written or gone */
function readLock(file) {
  try {
    return readFileSync(file, 'utf8') || process.pid;
  } catch {
    return process.pid;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
