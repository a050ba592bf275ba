// npm run test:ops: models with operations of PyPI's tensorflow-text answer as Python's TensorFlow does.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeVenv } from '../../bench/venv.ts';
import { FatalError, messageOf } from '../../function/errors.ts';
import { spawnServer } from '../../function/testing/child-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');

interface Expected {
  readonly model: string;
  readonly inputs: unknown;
  readonly outputs: unknown;
}

/** @returns how many checks failed */
async function main(folder: string): Promise<number> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const requirements = join(import.meta.dirname, 'requirements.txt');
  const bin = await makeVenv(ROOT, 'op-libraries', requirements, say, ['--no-deps']);
  const script = join(import.meta.dirname, 'export_models.py');
  const libraries = String(
    execFileSync(join(bin, 'python'), [script, folder], { stdio: ['ignore', 'pipe', 'ignore'] }),
  ).trim();
  const expected: Expected[] = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
  let failed = 0;
  const check = (isSo: boolean, what: string) => {
    if (!isSo) failed++;
    process.stdout.write(`${isSo ? 'ok' : 'not ok'} - ${what}\n`);
  };
  const MODELS_DIR = join(folder, 'models');
  const server = spawnServer({ env: { MODELS_DIR, OP_LIBRARIES: libraries } });
  const url = await server.ready;
  for (const { model, inputs, outputs } of expected) {
    const body = JSON.stringify({ inputs });
    const answer = await fetch(`${url}/v1/models/${model}:predict`, { method: 'POST', body });
    const json: unknown = await answer.json();
    const same = answer.status === 200 && isDeepStrictEqual(json, { outputs });
    check(same, `${model} answers as Python does${same ? '' : `: ${JSON.stringify({ json, outputs })}`}`);
  }
  server.child.kill();
  await server.ended;
  for (const { model } of expected) {
    const without = spawnServer({
      env: { MODEL_NAME: model, MODEL_BASE_PATH: join(MODELS_DIR, model), MAX_NUM_LOAD_RETRIES: '0' },
    });
    without.ready.catch(() => {}); // it is to end
    const { code, stderr } = await without.ended;
    const words = /it needs the operation \S+, .* PyPI package tensorflow-text in OP_LIBRARIES/;
    check(
      code === 1 && words.test(stderr),
      `${model} without the libraries: ${stderr.trim().split('\n').at(-1)}`,
    );
  }
  return failed;
}

const folder = mkdtempSync(join(tmpdir(), 'celsiusify-ops-'));
try {
  process.exitCode = (await main(folder)) === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
