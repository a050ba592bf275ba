import { join } from 'node:path';
import { messageOf } from '../../function/errors.ts';
import { predictAsk } from './ask.ts';
import { given } from './found.ts';
import { models } from './models.ts';
import { type PythonServer, pythonProgram } from './python-servers.ts';
import type { Found, Target, Where } from './target.ts';

const PORT = 8000;
/** uvicorn closes idle connections after 5 s by default, sooner than most clients expect. */
const KEEP_ALIVE_S = 75;

export function fastapiServer(workers: number): PythonServer {
  return {
    name: 'fastapi',
    packages: ['fastapi', 'uvicorn', 'tensorflow-cpu'],
    argv: (bin, folder, port) => [
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
  };
}

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
    try {
      const program = await pythonProgram(where.root, fastapiServer(workers), where.say);
      return {
        launcher: {
          how: 'command',
          launch: (model, port) =>
            program.command({ name: model, version: join(where.root, models[model], '1') }, port),
        },
        facts: {
          version: program.version,
          digest: program.digest,
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
