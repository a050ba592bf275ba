// TensorFlow's libraries, rewritten so that they load faster.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, SetupError } from './context.js';
import { glibcVersion, isOlder } from './glibc.js';
import { Refusal } from './relink/elf.js';
import { relink } from './relink/relink.js';
import { definedNames } from './relink/symbols.js';
import { hashFile, hashInputs, isDone, markDone } from './stamp.js';
import { libraries, unpackedIn, wheelFor } from './wheel.js';

/** @typedef {import('./context.js').Context} Context */

/** The first that knows DT_RELR. */
const OLDEST_GLIBC = '2.36';

/**
 * Whether the libraries are to be rewritten; RELINK=0 turns it off.
 * @param {Context} context
 */
export function wantsRelinking({ env }) {
  return env.RELINK !== '0' && !isOlder(glibcVersion() ?? '0', OLDEST_GLIBC);
}

const here = fileURLToPath(new URL('relink', import.meta.url));
const sources = readdirSync(here)
  .filter((name) => /(?<!\.test)\.js$/.test(name))
  .sort()
  .map((name) => join(here, name));

/**
 * What the choice of libraries, and they themselves, depend on.
 * @param {Context} context
 */
export function inputsOfLibraries(context) {
  return hashInputs({ wheel: wheelFor(context), relink: wantsRelinking(context) }, sources);
}

/** @param {Context} context */
const relinkedIn = (context) => join(context.root, unpackedIn(context), 'relinked');

/**
 * Folder of the libraries to use: the rewritten ones if they are wanted and there.
 * @param {Context} context
 */
export function librariesIn(context) {
  const relinked = relinkedIn(context);
  return wantsRelinking(context) && existsSync(relinked) ? relinked : join(context.root, unpackedIn(context));
}

/**
 * Rewrites the libraries. They are left as they are if one of them is not understood, or does not become what it is
 * known to become.
 *
 * @param {Context} context
 */
export async function relinkLibraries(context) {
  const inputs = inputsOfLibraries(context);
  if (!wantsRelinking(context) || isDone(context, 'relinked', inputs)) return;
  const relinked = relinkedIn(context);
  rmSync(relinked, { recursive: true, force: true });
  context.say("rewriting TensorFlow's libraries so that they load faster (10 s)");
  const partial = `${relinked}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial);
  try {
    await relinkAll(context, partial);
    renameSync(partial, relinked);
    const results = libraries.map((name) => join(unpackedIn(context), 'relinked', name));
    markDone(context, 'relinked', inputs, results);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    rmSync(partial, { recursive: true });
    context.say(`TensorFlow's libraries are left as they are: ${error.message}`);
  }
}

/**
 * Each library's own definition of a name wins, unless TensorFlow's other library, which is searched before, has one
 * too: inline functions of both share their variables. The loader would search Node's program first of all; its
 * OpenSSL and zlib, which it exports, are not those that TensorFlow was built with, and are better not found.
 *
 * @param {Context} context
 * @param {string} folder where to put them
 */
async function relinkAll(context, folder) {
  const unpacked = join(context.root, unpackedIn(context));
  const { relinked } = wheelFor(context);
  /** @type {Set<string>} */
  const earlier = new Set();
  for (const name of libraries) {
    try {
      relink(join(unpacked, name), join(folder, name), earlier);
      for (const defined of definedNames(join(unpacked, name))) earlier.add(defined);
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(`${name} is not understood, ${error.message}`) : error;
    }
    const hash = await hashFile(join(folder, name));
    if (hash !== relinked[name])
      throw new Refusal(`${name} became ${hash} and not ${relinked[name]} (SHA-256)`);
  }
}

/**
 * Loads the binding and the libraries beside it, in a process of its own since it may crash.
 *
 * @param {Context} context
 * @param {string} folder
 * @returns {Promise<string | undefined>} what went wrong
 */
export async function tryToLoad(context, folder) {
  const load = `process.dlopen({ exports: {} }, ${JSON.stringify(join(folder, 'tfjs_binding.node'))})`;
  try {
    await run(context, process.execPath, ['-e', load]);
    return undefined;
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
}
