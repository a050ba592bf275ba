import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../function/errors.ts';
import { makeVenv } from '../venv.ts';
import { predictAsk } from './ask.ts';
import { digestOf, given } from './found.ts';
import { models } from './models.ts';
import type { Found, Target, Where } from './target.ts';

const PORT = 8000;
/** uvicorn closes idle connections after 5 s by default, sooner than most clients expect. */
const KEEP_ALIVE_S = 75;

function findWith(workers: number) {
  return async (where: Where): Promise<Found | string> => {
    const other = await given(where, 'fastapi', (image, model) => ({
      image,
      port: PORT,
      env: { MODEL_PATH: '/bench-model/1' },
      volumes: [`${join(where.root, models[model])}:/bench-model:ro`],
      args: [],
    }));
    if (other !== null) return other;
    const folder = join(where.root, 'bench/targets/fastapi');
    const requirements = join(folder, 'requirements.txt');
    try {
      const bin = await makeVenv(where.root, 'fastapi', requirements, where.say);
      return {
        launcher: {
          how: 'command',
          launch: (model, port) => ({
            argv: [
              join(bin, 'uvicorn'),
              'app:app',
              `--app-dir=${folder}`,
              '--host=127.0.0.1',
              `--port=${port}`,
              `--workers=${workers}`,
              '--no-access-log',
              '--log-level=warning',
              `--timeout-keep-alive=${KEEP_ALIVE_S}`,
            ],
            env: { MODEL_PATH: join(where.root, models[model], '1') },
          }),
        },
        facts: {
          version: versionsIn(readFileSync(requirements, 'utf8'), ['fastapi', 'uvicorn', 'tensorflow-cpu']),
          digest: await digestOf(join(folder, 'app.py')),
          linkage: 'shared',
          notes:
            'FastAPI and uvicorn[standard] with the TensorFlow package of PyPI, bench/targets/fastapi/app.py.',
        },
      };
    } catch (error) {
      return messageOf(error);
    }
  };
}

function versionsIn(requirements: string, names: readonly string[]): string {
  const versions = names.map((name) => [
    name,
    new RegExp(`^${name}==([^\\s;]+)`, 'm').exec(requirements)?.[1],
  ]);
  return versions.map(([name, version]) => `${name} ${version ?? 'unknown'}`).join(', ');
}

const common = {
  models: ['celsius'],
  computes: true,
  ask: predictAsk,
} as const;

export const fastapi: Target = {
  ...common,
  id: 'fastapi',
  label: 'FastAPI',
  server: 'fastapi',
  workers: 1,
  find: findWith(1),
};

export const fastapiTwoWorkers: Target = {
  ...common,
  id: 'fastapi-2-workers',
  label: 'FastAPI, 2 workers',
  server: 'fastapi-2-workers',
  workers: 2,
  find: findWith(2),
};
