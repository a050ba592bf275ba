// npm run freeze -- FOLDER: see the text below.
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../function/errors.ts';
import { loadVersion, type SavedModel } from '../function/model/saved-model.ts';
import { loadBinding } from '../function/native/binding.ts';
import { NativeEngine } from '../function/native/engine.ts';
import { compareAnswers, randomRequests } from './trial.ts';

const HELP = `Usage: npm run freeze -- FOLDER [--to FOLDER]

Writes a SavedModel whose variables are constants: it answers the same and runs faster, and there are no variables to
load. FOLDER holds saved_model.pb, or numbered folders that do. It is left as it is; the new one is FOLDER-frozen, or
what --to names, and must not be there yet. Answers of both to random inputs are compared before it is.

Exit codes: 0 done; 1 this model cannot be frozen, or a file cannot be read or written; 2 bad usage.
`;

/** What of a version's folder is about its variables, or is made anew. */
const LEFT_OUT = new Set(['saved_model.pb', 'variables', 'fingerprint.pb', 'keras_metadata.pb']);

/** Answers may differ by this much of the largest number: folding constants rounds in another order. */
const TOLERANCE = 1e-3;

const say = (line: string) => process.stderr.write(`freeze: ${line}\n`);

function parse(args: readonly string[]): { from: string; to: string } | 'help' {
  let parsed: { values: { to?: string; help?: boolean }; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...args],
      options: { to: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new FatalError(`${messageOf(error)}\n${HELP}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) return 'help';
  const [from, ...more] = positionals;
  if (from === undefined || more.length > 0) throw new FatalError(`one FOLDER is wanted\n${HELP}`, 2);
  return { from: resolve(from), to: resolve(values.to ?? `${resolve(from)}-frozen`) };
}

/** The folder itself, or the numbered ones in it; in both cases with where they are in it. */
function versionsIn(folder: string): string[] {
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch (error) {
    throw new FatalError(`${folder} cannot be read: ${messageOf(error)}`);
  }
  if (entries.includes('saved_model.pb')) return ['.'];
  const versions = entries.filter((entry) => /^\d{1,18}$/.test(entry));
  if (versions.length > 0) return versions.sort((a, b) => Number(BigInt(a) - BigInt(b)));
  throw new FatalError(`${folder} holds neither saved_model.pb nor numbered folders that do`);
}

/** Loads one folder, whatever its name. */
function load(native: NativeEngine, folder: string): Promise<SavedModel> {
  // Each signature by its own nodes: the new file has them all.
  const options = { bfloat16: false, share: false };
  return loadVersion(native, { name: basename(folder), version: '1', folder }, options);
}

/** @throws FatalError that says why it cannot be frozen, or how answers differ */
async function freeze(native: NativeEngine, from: string, to: string): Promise<void> {
  say(`loading ${from}`);
  const before = await load(native, from);
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from))
    if (!LEFT_OUT.has(entry)) cpSync(join(from, entry), join(to, entry), { recursive: true });
  say('making constants of its variables');
  try {
    await native.saveFrozen(before.id, from, join(to, 'saved_model.pb'));
  } catch (error) {
    throw new FatalError(`${from} cannot be frozen: ${messageOf(error)}`);
  }
  say('comparing answers');
  const after = await load(native, to);
  for (const { name, unsupported } of before.signatures.values())
    if (unsupported !== undefined) say(`signature ${name} was not compared: ${unsupported}`);
  for (const request of randomRequests(before)) {
    const { difference, refused } = await compareAnswers(native, before.id, after.id, request.body);
    if (difference > TOLERANCE)
      throw new FatalError(
        `signature ${request.signature} would answer otherwise (by ${difference} of the largest)`,
      );
    say(
      `signature ${request.signature}: ` +
        (refused === undefined
          ? `largest difference ${difference.toExponential(1)} of the largest number`
          : `both refuse random inputs, so that it was not compared: ${refused}`),
    );
  }
  await Promise.all([before.unload(), after.unload()]);
}

/** In the repository, and in the container image. */
function nativeFolder(): string {
  const folders = ['../dist/native', 'dist/native'].map((path) => join(import.meta.dirname, path));
  return folders.find((folder) => existsSync(folder)) ?? join(import.meta.dirname, '../dist/native');
}

async function main(args: readonly string[]): Promise<void> {
  const options = parse(args);
  if (options === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const { from, to } = options;
  const versions = versionsIn(from);
  if (existsSync(to))
    throw new FatalError(`${to} is there already: remove it, or name another folder by --to`);
  const partial = `${to}.partial-${process.pid}`;
  const cleanUp = () => rmSync(partial, { recursive: true, force: true });
  let native: NativeEngine | undefined;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => {
      cleanUp();
      native?.leave(code); // exit() alone would wait for a thread that is at work
      process.exit(code);
    });
  try {
    native = new NativeEngine(loadBinding(nativeFolder()), 1);
    for (const version of versions) await freeze(native, join(from, version), join(partial, version));
    renameSync(partial, to);
  } finally {
    cleanUp();
  }
  say(`${to} is ready`);
}

try {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // TensorFlow's start-up lines about CPU features say nothing here
  await main(process.argv.slice(2));
} catch (error) {
  // a fatal error's words may have lines: usage does
  say(error instanceof FatalError ? error.message.trimEnd() : messageOf(error));
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
