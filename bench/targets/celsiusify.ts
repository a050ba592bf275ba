import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { celsiusAsk, predictAsk } from './ask.ts';
import { digestOf, given } from './found.ts';
import { models } from './models.ts';
import type { Found, Target, Where } from './target.ts';

const Manifest = Compile(Type.Object({ version: Type.String() }));

/** Only what a deployment would set, too: warnings alone are logged by every target. */
const env = { LOG_LEVEL: 'warn' };

async function find(where: Where): Promise<Found | string> {
  const other = await given(where, 'celsiusify', (image, model) => ({
    image,
    port: 8080,
    env: { ...env, MODEL_NAME: model, MODEL_BASE_PATH: '/bench-model' },
    volumes: [`${join(where.root, models[model])}:/bench-model:ro`],
    args: [],
  }));
  if (other !== null) return other;
  const main = join(where.root, 'dist/main.js');
  if (!existsSync(main)) return 'dist/main.js is not built: npm run setup';
  const manifest: unknown = JSON.parse(readFileSync(join(where.root, 'package.json'), 'utf8'));
  if (!Manifest.Check(manifest)) return 'package.json has no version';
  return {
    launcher: {
      how: 'command',
      launch: (model, port) => ({
        argv: ['sh', join(where.root, 'function/start.sh')], // what npm start runs
        env: {
          ...env,
          HOST: '127.0.0.1',
          PORT: String(port),
          GRPC_PORT: '0',
          MODEL_NAME: model,
          MODEL_BASE_PATH: join(where.root, models[model]),
        },
      }),
    },
    facts: {
      version: `${manifest.version}, Node ${process.versions.node}`,
      digest: await digestOf(main),
      linkage: 'shared',
      notes: 'Started as npm start does; one process, one core for JavaScript.',
    },
  };
}

const server = {
  server: 'celsiusify',
  workers: 1,
  models: ['celsius', 'convolution'],
  computes: true,
  find,
} as const;

export const celsiusifyPredict: Target = {
  ...server,
  id: 'celsiusify-predict',
  label: 'Celsiusify :predict',
  ask: predictAsk,
};

export const celsiusifyCelsius: Target = {
  ...server,
  id: 'celsiusify-celsius',
  label: 'Celsiusify /celsius',
  ask: celsiusAsk,
};
