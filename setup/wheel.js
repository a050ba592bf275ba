// Fetches TensorFlow's wheel with pip, so that the user's own mirrors, proxies and certificates hold, and takes out of
// it what is needed.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, SetupError } from './context.js';
import { hashFile, hashInputs, isDone, markDone } from './stamp.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./wheels.js').Wheel} Wheel */

/** TensorFlow's libraries, the one that needs the other first. */
export const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
export const notices = ['LICENSE', 'THIRD_PARTY_NOTICES.txt'];

/** What is taken out of the wheel: names start with one of these. */
const members = [
  ...libraries.map((library) => `tensorflow/${library}`),
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tensorflow/core/common_runtime/next_pluggable_device/c/tf_rendezvous_c_api.h',
  'tensorflow/include/tsl/platform/ctstring',
  'tensorflow/include/tsl/platform/platform.h',
  'tensorflow/include/xla/tsl/c/',
  'tensorflow/include/LICENSE',
  'tensorflow/THIRD_PARTY_NOTICES.txt',
];

/** @param {Context} context */
export function wheelFor({ arch, wheel }) {
  if (!wheel) throw new SetupError(`no TensorFlow libraries for ${arch}`);
  return wheel;
}

/**
 * Folder (in the repository) that holds the libraries and include/.
 * @param {Context} context
 */
export function unpackedIn(context) {
  const { name, version } = wheelFor(context);
  return join('.cache', `${name}-${version}`);
}

/**
 * Puts TensorFlow's libraries and C headers into the cache. The wheel is removed after that.
 * @param {Context} context
 */
export async function fetchTensorFlow(context) {
  const wheel = wheelFor(context);
  const folder = unpackedIn(context);
  const inputs = hashInputs({ wheel: wheel.sha256, members });
  if (isDone(context, 'tensorflow', inputs)) return;
  const file = join(context.cache, wheel.file);
  if (!(await isIntact(context, file, wheel))) await downloadWheel(context, file, wheel);

  context.say('unpacking TensorFlow (10 s)');
  const partial = join(context.cache, 'unpacked.partial');
  rmSync(partial, { recursive: true, force: true });
  const unpack = fileURLToPath(new URL('unpack.py', import.meta.url));
  await run(context, 'python3', [unpack, file, partial, ...members]);
  rmSync(join(context.root, folder), { recursive: true, force: true });
  renameSync(join(partial, 'tensorflow'), join(context.root, folder));
  renameSync(join(context.root, folder, 'include', 'LICENSE'), join(context.root, folder, 'LICENSE'));
  markDone(
    context,
    'tensorflow',
    inputs,
    [...libraries, ...notices, 'include/tensorflow/c/c_api.h'].map((name) => join(folder, name)),
  );
  rmSync(partial, { recursive: true, force: true });
  rmSync(file);
}

/**
 * Whether the wheel is there already, from a run that was interrupted later on. A damaged one is removed.
 *
 * @param {Context} context
 * @param {string} file
 * @param {Wheel} wheel
 */
async function isIntact(context, file, wheel) {
  if (!existsSync(file)) return false;
  if ((await hashFile(file)) === wheel.sha256) return true;
  context.say(`${wheel.file} is damaged: fetching it again`);
  rmSync(file);
  return false;
}

/**
 * @param {Context} context
 * @param {string} file
 * @param {Wheel} wheel
 */
async function downloadWheel(context, file, wheel) {
  context.say(`fetching ${wheel.name} ${wheel.version} with pip (270 MB)`);
  // pip's own cache may hold the damage, so the second attempt goes without it.
  const found =
    (await pipDownload(context, file, wheel, [])) ||
    (await pipDownload(context, file, wheel, ['--no-cache-dir']));
  if (!found) {
    throw new SetupError(
      `pip fetched ${wheel.name} ${wheel.version} twice with a wrong SHA-256 (expected ${wheel.sha256}): check pip's index and proxy settings ("python3 -m pip config list")`,
    );
  }
}

/**
 * @param {Context} context
 * @param {string} file where to put it
 * @param {Wheel} wheel
 * @param {string[]} options
 * @returns {Promise<boolean>} false if what came is not what was asked for
 */
async function pipDownload(context, file, wheel, options) {
  const folder = join(context.cache, 'download.partial');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const requirement = join(folder, 'requirements.txt');
  writeFileSync(requirement, `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const args = [
    ...[
      '-m',
      'pip',
      'download',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary=:all:',
      ...options,
    ],
    ...['--implementation', 'cp', '--python-version', wheel.python, '--platform', wheel.platform],
    ...['--dest', folder, '--requirement', requirement],
  ];
  try {
    await run(context, 'python3', args, { live: true });
  } catch (error) {
    // A wrong hash is worth another attempt; pip has said anything else (no network, no such version) well enough.
    if (!(error instanceof SetupError && /DO NOT MATCH THE HASHES/.test(error.message))) throw error;
    context.say('what pip fetched is damaged: fetching it again');
    return false;
  }
  const fetched = join(folder, wheel.file);
  if (!(await isIntact(context, fetched, wheel))) return false;
  renameSync(fetched, file);
  rmSync(folder, { recursive: true });
  return true;
}
