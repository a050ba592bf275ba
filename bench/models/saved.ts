import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { FatalError } from '../../function/errors.ts';
import { makeVenv } from '../venv.ts';

/** SavedModels that `make.py` writes; `big` has a gigabyte of variables and is made only where it is asked for. */
export const MODELS = ['encoder', 'mobilenet_v2', 'resnet50', 'text', 'slow', 'big'] as const;
export type SavedModel = (typeof MODELS)[number];

const FOLDER = '.cache/models';
const REQUIREMENTS = 'model/requirements.txt';
/** What a model's bytes depend on. */
const SOURCES = ['bench/models/make.py', 'bench/models/recipes.py', 'bench/models/examples.py', REQUIREMENTS];

const Expected = Type.Object({
  model: Type.String(),
  note: Type.String(),
  tensorflow: Type.String(),
  parameters: Type.Integer(),
  weights_sha256: Type.String(),
  files_sha256: Type.Record(Type.String(), Type.String()),
  input: Type.Object({
    name: Type.String(),
    dtype: Type.String(),
    shape: Type.Array(Type.Union([Type.Integer(), Type.Null()])),
  }),
  output: Type.String(),
  /** Bodies of :predict and of its answers, as Python TensorFlow has them. */
  examples: Type.Array(
    Type.Object({
      request: Type.Record(Type.String(), Type.Unknown()),
      response: Type.Record(Type.String(), Type.Unknown()),
    }),
    { minItems: 1 },
  ),
});
export type Expected = Static<typeof Expected>;
const expected = Compile(Expected);

/** The folder of a model's versions. */
export function folderOf(root: string, name: SavedModel): string {
  return join(root, FOLDER, name);
}

/** @throws {FatalError} when the model has not been made */
export function readExpected(root: string, name: SavedModel): Expected {
  const file = join(folderOf(root, name), 'expected.json');
  if (!existsSync(file)) throw new FatalError(`no model ${name}: npm run bench:models -- ${name}`);
  const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!expected.Check(found)) throw new FatalError(`${file} is of another version: npm run bench:models`);
  return found;
}

/**
 * Makes those models that are not there yet, or were made by another version of the recipes; says a line for each.
 * @throws {FatalError} when Python or its packages cannot be had, or the script fails
 */
export async function makeModels(
  root: string,
  names: readonly SavedModel[],
  say: (line: string) => void,
): Promise<void> {
  const version = createHash('sha256');
  for (const source of SOURCES) version.update(readFileSync(join(root, source)));
  const wanted = version.digest('hex');
  const stampOf = (name: SavedModel) => join(folderOf(root, name), 'recipes.sha256');
  const missing = names.filter(
    (name) => !existsSync(stampOf(name)) || readFileSync(stampOf(name), 'utf8') !== wanted,
  );
  if (missing.length === 0) return;
  const bin = await makeVenv(root, 'models', join(root, REQUIREMENTS), say);
  mkdirSync(join(root, FOLDER), { recursive: true });
  for (const [i, name] of missing.entries()) {
    say(`making model ${name} (${i + 1} of ${missing.length}, once; some 20 s)`);
    await runScript(root, join(bin, 'python'), name, say);
    writeFileSync(stampOf(name), wanted);
  }
}

async function runScript(
  root: string,
  python: string,
  name: SavedModel,
  say: (line: string) => void,
): Promise<void> {
  const args = [join(root, 'bench/models/make.py'), '--out', join(root, FOLDER), name];
  const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface(child.stdout).on('line', say);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new FatalError(`model ${name} was not made: ${errors.trim().split('\n').at(-1)}`);
}
