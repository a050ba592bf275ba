import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { predictAsk } from './ask.ts';
import { digestOf, given, onPath, outputOf } from './found.ts';
import { type ModelName, models } from './models.ts';
import type { Found, Target, Where } from './target.ts';

/**
 * Flags of the tuned one. A tiny model's run is short against handing it to a pool of threads: with a parallelism of 1 the
 * session runs it on the thread that has the request.
 */
const TUNED = ['--tensorflow_session_parallelism=1'];

const PROGRAM = 'tensorflow_model_server';
const REST_PORT = 8501;

function flagsOf(
  model: ModelName,
  folder: string,
  restPort: number,
  grpcPort: number,
  more: readonly string[],
): string[] {
  return [
    `--port=${grpcPort}`, // it does not start without gRPC
    `--rest_api_port=${restPort}`,
    `--model_name=${model}`,
    `--model_base_path=${folder}`,
    ...more,
  ];
}

const NOTES = {
  shared:
    'Linked against shared TensorFlow libraries, unlike the official image: start-up time and memory are not the ' +
    'official image’s, the way of a request is the same code.',
  static: 'TensorFlow linked statically, as in the official image.',
  unknown: 'Started by a script, so that it is not known how TensorFlow is linked.',
};

function findWith(more: readonly string[]) {
  return async (where: Where): Promise<Found | string> => {
    const other = await given(where, 'tf-serving', (image, model) => ({
      image,
      port: REST_PORT,
      env: { MODEL_NAME: model },
      volumes: [`${join(where.root, models[model])}:/models/${model}:ro`],
      args: more, // the image's own entrypoint gives the ports and the model
    }));
    if (other !== null) return other;
    const program = where.tfServing ?? onPath(PROGRAM);
    if (program === null)
      return `no ${PROGRAM}: put it on PATH, or give --tf-serving FILE or --image tf-serving=tensorflow/serving:2.17.1`;
    if (!existsSync(program)) return `${PROGRAM} is not where --tf-serving says`;
    const version = await outputOf(program, ['--version']);
    if (version === null) return `${PROGRAM} --version fails: it cannot run on this machine`;
    const libraries = await outputOf('ldd', [program]); // null of a script that starts another program
    const linkage = libraries === null ? null : /libtensorflow/.test(libraries) ? 'shared' : 'static';
    return {
      launcher: {
        how: 'command',
        launch: (model, port, spare) => ({
          argv: [program, ...flagsOf(model, join(where.root, models[model]), port, spare, more)],
          env: {},
        }),
      },
      facts: {
        version: /ModelServer: *(\S+)/.exec(version)?.[1] ?? version.trim(),
        digest: await digestOf(program),
        linkage,
        notes: NOTES[linkage ?? 'unknown'],
      },
    };
  };
}

const common = {
  server: 'tf-serving',
  workers: 1,
  models: ['celsius', 'convolution'],
  computes: true,
  ask: predictAsk,
} as const;

export const tfServing: Target = {
  ...common,
  id: 'tf-serving',
  label: 'TensorFlow Serving',
  find: findWith([]),
};

export const tfServingTuned: Target = {
  ...common,
  id: 'tf-serving-tuned',
  label: 'TensorFlow Serving, tuned',
  find: findWith(TUNED),
};
