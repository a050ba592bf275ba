import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { git } from '../git.ts';
import { digestOf, onPath, outputOf } from '../targets/found.ts';
import { floor } from './floor.ts';
import { pythonServers } from './python-servers.ts';
import type { Program, ServerTarget, Target, Where } from './target.ts';
import { BFLOAT16, FLOAT32 } from './tolerance.ts';

const Manifest = Compile(Type.Object({ scripts: Type.Object({ start: Type.String() }) }));

/**
 * Pictures as JSON pass, and 32 of them at once; what is logged is what TensorFlow Serving logs, next to nothing. Two
 * checkouts may have other defaults, so these are said.
 */
const CELSIUSIFY_ENV = {
  LOG_LEVEL: 'warn',
  HOST: '127.0.0.1',
  BODY_LIMIT_BYTES: String(16 << 20),
  BODIES_LIMIT_BYTES: String(512 << 20),
};

function checkout(folderOf: (where: Where) => string | null, env: Readonly<Record<string, string>>) {
  return async (where: Where): Promise<Program | string> => {
    const given = folderOf(where);
    if (given === null) return 'no other checkout: give --against FOLDER';
    const folder = resolve(given);
    const bundle = join(folder, 'dist/main.js');
    if (!existsSync(bundle)) return `${folder}/dist/main.js is not built: npm run setup`;
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const script = Manifest.Check(manifest) ? / sh (\S+)/.exec(manifest.scripts.start)?.[1] : undefined;
    if (script === undefined) return `${folder}/package.json: its script "start" runs no shell script`;
    const own = folder === where.root ? where.env : {};
    return {
      version: git(folder, ['rev-parse', '--short', 'HEAD']) || 'not a clone',
      digest: await digestOf(bundle),
      command: (model, port) => ({
        argv: ['sh', join(folder, script)],
        env: {
          ...CELSIUSIFY_ENV,
          ...env,
          ...own,
          PORT: String(port),
          GRPC_PORT: '0',
          ...(model.config === undefined
            ? { MODEL_NAME: model.name, MODEL_BASE_PATH: model.folder }
            : { MODEL_CONFIG_FILE: model.config }),
        },
      }),
    };
  };
}

function celsiusify(id: string, label: string, more: Partial<ServerTarget>, env = {}): ServerTarget {
  return {
    id,
    label,
    kind: 'celsiusify',
    onlyWhenNamed: false,
    tolerance: FLOAT32,
    probePaths: () => ['/healthz', '/readyz'],
    find: checkout(({ root }) => root, env),
    ...more,
  };
}

/** At most eight rows a run, at most one millisecond of waiting for them, as many runs at once as this machine has cores. */
const BATCHING = `max_batch_size { value: 8 }
batch_timeout_micros { value: 1000 }
num_batch_threads { value: 2 }
max_enqueued_batches { value: 1000 }
`;

function tfServing(
  id: string,
  label: string,
  flags: (where: Where) => readonly string[],
  more: Partial<ServerTarget> = {},
  notes?: string,
): ServerTarget {
  return {
    id,
    label,
    kind: 'tf-serving',
    onlyWhenNamed: false,
    tolerance: FLOAT32,
    probePaths: (model) => [`/v1/models/${model}`],
    async find(where) {
      const file = where.tfServing ?? onPath('tensorflow_model_server');
      if (file === null || !existsSync(file))
        return 'no tensorflow_model_server: put it on PATH, or give --tf-serving FILE';
      const program = await modelServer(file, flags(where));
      return typeof program === 'string' || notes === undefined ? program : { ...program, notes };
    },
    ...more,
  };
}

/** A program of TensorFlow Serving's, of whatever version; or in one line why it cannot run. */
async function modelServer(file: string, flags: readonly string[]): Promise<Program | string> {
  const version = await outputOf(file, ['--version']);
  if (version === null) return `${basename(file)} --version fails: it cannot run on this machine`;
  return {
    digest: await digestOf(file),
    version: /ModelServer: *(\S+)/.exec(version)?.[1] ?? version.trim(),
    command: (model, port, spare) => ({
      argv: [
        file,
        `--port=${spare}`,
        `--rest_api_port=${port}`,
        '--rest_api_timeout_in_ms=300000',
        ...(model.config === undefined
          ? [`--model_name=${model.name}`, `--model_base_path=${model.folder}`]
          : [`--model_config_file=${model.config}`]),
        ...flags,
      ],
      env: {},
    }),
  };
}

/** The version is its name: which one is the newest changes, and there need not be any beside the other one. */
async function findNewest({ newest }: Where): Promise<Program | string> {
  if (newest === null) return 'no second, newer one was given: --tf-serving-newest FILE';
  if (!existsSync(newest.file)) return `${basename(newest.file)} is not where --tf-serving-newest says`;
  const program = await modelServer(newest.file, []);
  if (typeof program === 'string') return program;
  const label = `TensorFlow Serving ${program.version}`;
  if (newest.build === null) return { ...program, label };
  if (!existsSync(newest.build))
    return `${basename(newest.build)} is not where --tf-serving-newest-build says`;
  return { ...program, label, notes: readFileSync(newest.build, 'utf8').trim() };
}

function batchingFlags({ root }: Where): string[] {
  const file = join(root, '.cache/bench/batching.txt');
  mkdirSync(join(root, '.cache/bench'), { recursive: true });
  writeFileSync(file, BATCHING);
  return ['--enable_batching', `--batching_parameters_file=${file}`];
}

/** All that can be measured, in the order in which odd repeats go through them. */
export const targets: readonly Target[] = [
  celsiusify('celsiusify', 'Celsiusify', {}),
  celsiusify('before', 'Celsiusify, the other checkout', {
    find: checkout(({ against }) => against, {}),
  }),
  celsiusify(
    'celsiusify-batching',
    'Celsiusify, BATCHING=true',
    { onlyWhenNamed: true },
    { BATCHING: 'true' },
  ),
  celsiusify(
    'celsiusify-bfloat16',
    'Celsiusify, MIXED_PRECISION=bfloat16',
    { onlyWhenNamed: true, tolerance: BFLOAT16 },
    { MIXED_PRECISION: 'bfloat16' },
  ),
  tfServing('tf-serving', 'TensorFlow Serving', () => []),
  tfServing('tf-serving-one', 'TensorFlow Serving, intra/inter 1', () => [
    '--tensorflow_intra_op_parallelism=1',
    '--tensorflow_inter_op_parallelism=1',
  ]),
  tfServing(
    'tf-serving-batching',
    'TensorFlow Serving, batching',
    batchingFlags,
    {},
    'batches of at most 8 rows, 1 ms, 2 threads',
  ),
  tfServing('tf-serving-bfloat16', 'TensorFlow Serving, bfloat16', () => ['--mixed_precision=bfloat16'], {
    onlyWhenNamed: true,
    tolerance: BFLOAT16,
  }),
  tfServing('tf-serving-newest', 'TensorFlow Serving, newest', () => [], {
    onlyWhenNamed: true,
    find: findNewest,
  }),
  // As many as the most calls at once: with its default of four a CPU it refuses what is beyond that.
  tfServing('tf-serving-grpc', 'TensorFlow Serving, 64 gRPC threads', () => ['--grpc_max_threads=64'], {
    onlyWhenNamed: true,
  }),
  ...pythonServers,
  floor,
  {
    id: 'python',
    label: 'Python, one thread, no server',
    kind: 'python',
    onlyWhenNamed: false,
    tolerance: FLOAT32,
  },
];
