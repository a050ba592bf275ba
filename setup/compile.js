// Compiles @tensorflow/tfjs-node's binding from the package's own source, and puts it beside TensorFlow's libraries.
// (The package's install script would fetch a prebuilt one and a TensorFlow of 2022 instead.)
import { copyFileSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './context.js';
import { inputsOfLibraries, librariesIn, tryToLoad } from './libraries.js';
import { compileObjects } from './objects.js';
import { hashInputs, isDone, markDone } from './stamp.js';
import { libraries, notices, unpackedIn, wheelFor } from './wheel.js';

/** @typedef {import('./context.js').Context} Context */

const ours = fileURLToPath(new URL('../function/native', import.meta.url));
/** Files of ours, as they are now: somebody may be writing them. */
const ourSources = () =>
  listFiles(ours)
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join(ours, name));
/** Is an addon of its own, which does not need TensorFlow's libraries; all others are part of the binding. */
const PRELOAD = join(ours, 'preload.cc');
const flags = [
  '-O2',
  '-std=c++17',
  '-fPIC',
  '-fexceptions',
  '-fvisibility=hidden',
  '-DNODE_GYP_MODULE_NAME=tfjs_binding',
  '-DNAPI_VERSION=8',
];

/**
 * What a source of ours is compiled with besides: numbers are read 16 digits at a time, where TensorFlow needs AVX anyway.
 * @param {string} arch as in process.arch
 * @param {string} file
 */
export const moreFlags = (arch, file) =>
  arch === 'x64' && dirname(file) === join(ours, 'codec') ? ['-mavx'] : [];

/** @param {Context} context */
const bindingSource = ({ modules }) => join(modules, '@tensorflow', 'tfjs-node', 'binding');

/**
 * @param {Context} context
 * @returns {string}
 */
function inputsOf(context) {
  const folder = bindingSource(context);
  const sources = listFiles(folder).map((name) => join(folder, name));
  return hashInputs({ wheel: wheelFor(context), flags, libraries: inputsOfLibraries(context) }, [
    ...[...sources, ...ourSources()],
    fileURLToPath(new URL('objects.js', import.meta.url)),
    fileURLToPath(import.meta.url),
  ]);
}

/**
 * Files of a folder and those in it, by their paths from there.
 * @param {string} folder
 */
function listFiles(folder) {
  try {
    return readdirSync(folder, { encoding: 'utf8', recursive: true }).sort();
  } catch {
    return [];
  }
}

/**
 * Whether dist/native is what this machine's set-up would make.
 * @param {Context} context
 */
export function bindingIsDone(context) {
  return isDone(context, 'binding', inputsOf(context));
}

/** @param {Context} context */
export async function buildBinding(context) {
  context.say('compiling the binding of @tensorflow/tfjs-node (20 s, less where a part of it changed)');
  const folder = join(context.dist, 'native');
  const partial = join(context.dist, 'native.partial');
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  await compile(context, partial);
  const unpacked = join(context.root, unpackedIn(context));
  const from = librariesIn(context);
  for (const name of notices) linkOrCopy(join(unpacked, name), join(partial, name));
  for (const name of libraries) linkOrCopy(join(from, name), join(partial, name));
  const problem = from === unpacked ? undefined : await tryToLoad(context, partial);
  if (problem) {
    context.say(`the rewritten libraries do not load, so that the original ones are used: ${problem}`);
    for (const name of libraries) linkOrCopy(join(unpacked, name), join(partial, name));
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  const results = ['tfjs_binding.node', 'preload.node', ...libraries, ...notices];
  markDone(
    context,
    'binding',
    inputsOf(context),
    results.map((name) => join('dist', 'native', name)),
  );
}

/**
 * @param {Context} context
 * @param {string} folder where tfjs_binding.node and preload.node are to be
 */
async function compile(context, folder) {
  const source = bindingSource(context);
  // Messages of the binding name its source files: the same ones, wherever this folder lies.
  const places = [`-ffile-prefix-map=${join(context.root, '/')}=`];
  const includes = [
    source,
    join(context.modules, 'node-api-headers', 'include'),
    join(context.root, unpackedIn(context), 'include'),
  ].flatMap((path) => ['-I', path]);
  const args = [...flags, ...places, ...includes];
  const theirs = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(source, name));
  const units = [
    ...theirs.map((file) => ({ source: file, args: [...args, '-include', join(ours, 'overrides.h')] })),
    ...ourSources()
      .filter((file) => file.endsWith('.cc'))
      .map((file) => ({ source: file, args: [...args, ...moreFlags(context.arch, file)] })),
  ];
  const isOurs = (/** @type {string} */ file) => file.startsWith(source + sep) || file.startsWith(ours + sep);
  const stubs = join(context.cache, 'stubs');
  mkdirSync(stubs, { recursive: true });
  const [objects] = await Promise.all([
    compileObjects(context, units, wheelFor(context), isOurs),
    // The linker takes long to read a library of 788 MB, and needs to know no more of it than its name.
    ...libraries.map((library) =>
      run(context, 'g++', [
        ...['-shared', '-nostdlib', '-x', 'c++', '/dev/null', `-Wl,-soname,${library}`],
        ...['-o', join(stubs, library)],
      ]),
    ),
  ]);
  const preload = objects[units.findIndex(({ source }) => source === PRELOAD)] ?? '';
  await Promise.all([
    run(context, 'g++', ['-shared', preload, '-o', join(folder, 'preload.node'), '-pthread', '-ldl']),
    run(context, 'g++', [
      ...['-shared', '-o', join(folder, 'tfjs_binding.node')],
      ...objects.filter((object) => object !== preload),
      ...['-Wl,--no-as-needed', ...libraries.map((library) => join(stubs, library)), '-Wl,-rpath,$ORIGIN'],
    ]),
  ]);
}

/**
 * The libraries take 850 MB: a second name costs nothing, where the file system can give one.
 *
 * @param {string} from
 * @param {string} to
 */
function linkOrCopy(from, to) {
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
