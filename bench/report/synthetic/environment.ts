export const TARGETS = [
  'floor',
  'celsiusify-celsius',
  'celsiusify-predict',
  'tf-serving',
  'tf-serving-tuned',
  'fastapi',
  'fastapi-2-workers',
];

const LABELS = [
  'no-op server',
  'Celsiusify /celsius',
  'Celsiusify :predict',
  'TensorFlow Serving',
  'TensorFlow Serving, tuned',
  'FastAPI',
  'FastAPI, 2 workers',
];

/** environment.json of a run that never was. */
export function syntheticEnvironment(mode: string, repeats: number) {
  return {
    schema: 1,
    mode,
    started: '2001-02-03T04:05:06.000Z',
    finished: '2001-02-03T05:05:06.000Z',
    elapsed_s: 3600,
    command: 'npm run bench (synthetic: nothing was measured)',
    commit: '0'.repeat(40),
    dirty: false,
    machine: {
      cpu: 'synthetic CPU',
      cores: 2,
      memory_bytes: 8e9,
      memory_limit_bytes: null,
      kernel: '0.0',
      os: 'none',
      architecture: 'x64',
      virtualized: true,
    },
    pinning: { server: null, client: null, reason: 'only 2 cores' },
    tools: { node: '0.0.0', autocannon: '0.0.0', undici: '0.0.0', locust: '0.0.0', wrk: null },
    model: { path: 'model/celsius/1', sha256: 'f'.repeat(64) },
    models: ['encoder', 'mobilenet_v2', 'resnet50', 'text'].map((model) => ({
      model,
      note: 'synthetic',
      parameters: 1_000_000,
      weights_sha256: 'd'.repeat(64),
    })),
    model_settings: { repeats },
    model_targets: [
      ...['celsiusify', 'tf-serving-one', 'tf-serving-batching', 'tf-serving-newest', 'tf-serving-grpc'],
    ].map((id) => ({
      id,
      label: id === 'tf-serving-newest' ? 'TensorFlow Serving 0.0.0' : `synthetic ${id}`,
      version: '0.0.0',
      digest: `sha256:${'c'.repeat(64)}`,
      notes: id === 'tf-serving-newest' ? 'built by nobody' : null,
    })),
    settings: { repeats, closed_loop_s: 3, warmup_s: 1, open_loop_s: 5 },
    payloads: Object.fromEntries(
      TARGETS.map((id) => [
        id,
        { method: 'POST', path: `/${id}`, body: '{"instances":[212]}', answer: '{"predictions":[100]}' },
      ]),
    ),
    targets: TARGETS.map((id, i) => ({
      id,
      label: LABELS[i],
      measured: true,
      how: 'command',
      command: `synthetic-${id}`,
      flags: ['--synthetic'],
      version: '0.0.0',
      digest: `sha256:${'e'.repeat(64)}`,
      linkage: id.startsWith('tf-serving') ? 'shared' : null,
      workers: id.endsWith('workers') ? 2 : 1,
      threads: 4 + i,
      notes: id.startsWith('tf-serving') ? 'built from source, not the official image' : '',
    })),
  };
}

/** Uniform in [0, 1), the same sequence every time (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
