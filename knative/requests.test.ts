import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseCsv } from '../bench/csv.ts';
import { mintRunId } from '../function/telemetry/run-id.ts';
import type { Script } from './fake-cluster.ts';
import { pod, putReady, service, start } from './fixtures.ts';

/** The function behind the fake ingress: one run ID a host. */
const answerCelsius: NonNullable<Script['answer']> = ({ method, path, body, headers }) => {
  if (method !== 'POST' || path !== '/celsius') return undefined;
  const { fahrenheit } = JSON.parse(body);
  const celsius = fahrenheit.map((f: number) => Math.round(((f - 32) / 1.8) * 10) / 10);
  const runId = `run-of-${headers.host}`;
  return { status: 200, body: { celsius, runId }, headers: { 'x-run-id': mintRunId(Date.now()) } };
};

t.test('invoke', async (t) => {
  const { cluster, space } = await start(t, { answer: answerCelsius });
  cluster.put(
    service('celsius', { traffic: [{ tag: 'next', url: 'http://next-celsius.space.example.com' }] }),
  );
  const ingress = ['--ingress', cluster.url];
  t.match(await space.run(['invoke', '212', '-40', ...ingress]), {
    code: 0,
    out: /^212 °F = 100 °C\n-40 °F = -40 °C\nrun run-of-celsius\.space\.example\.com, [\d.]+ ms\n$/,
  });
  const tagged = await space.run(['invoke', '212', '--tag', 'next', '--output', 'json', ...ingress]);
  t.match(JSON.parse(tagged.out), {
    fahrenheit: [212],
    celsius: [100],
    runId: 'run-of-next-celsius.space.example.com',
    duration_ms: Number,
  });
  t.match(await space.run(['invoke', '--tag', 'nope', ...ingress]), {
    code: 1,
    err: /celsius has no tag nope \(its tags: next\): .* traffic --tag REVISION=nope/,
  });
  t.match(await space.run(['invoke', '--ingress', 'http://127.0.0.1:1']), {
    code: 1,
    err: /no answer from http:\/\/127\.0\.0\.1:1 for host celsius\.space\.example\.com \(ECONNREFUSED\): .*--ingress/,
  });
  cluster.put({ ...service('urlless'), ...{ status: {} } });
  t.match(await space.run(['invoke', '--name', 'urlless']), { code: 1, err: /urlless has no URL yet/ });
});

t.test('invoke of something that is no celsius function', async (t) => {
  const bodies: readonly [number, unknown, RegExp][] = [
    [404, 'no\nsuch page', /answers 404: no such page: .* status/],
    [200, 'hello', /does not answer as a model server/],
    [200, { celsius: [1, 2], runId: 'r' }, /does not answer with 1 °C/],
  ];
  for (const [status, body, line] of bodies) {
    const { cluster, space } = await start(t, {
      answer: ({ path }) => (path === '/celsius' ? { status, body } : undefined),
    });
    putReady(cluster, 'celsius');
    t.match(await space.run(['invoke', '212', '--ingress', cluster.url]), { code: 1, err: line });
  }
});

/** A model server with one model more than celsius. */
const answerModels: NonNullable<Script['answer']> = (request, cluster) => {
  const { method, path, body } = request;
  const status = (version: string, state: string, error_message = '') => ({
    version,
    state,
    status: { error_code: error_message === '' ? 'OK' : 'UNKNOWN', error_message },
  });
  const tensor = (dtype: string, ...sizes: number[]) => ({
    dtype,
    tensor_shape: { dim: sizes.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
    name: 'x:0',
  });
  if (path === '/v1/models') {
    const models = [
      { name: 'celsius', model_version_status: [status('1', 'AVAILABLE')] },
      { name: 'boxes', model_version_status: [status('2', 'END', 'no such op'), status('1', 'AVAILABLE')] },
    ];
    return { status: 200, body: { models } };
  }
  if (path === '/v1/models/boxes/metadata') {
    const signature = {
      inputs: { size: tensor('DT_INT64', -1, 2), label: tensor('DT_STRING') },
      outputs: { area: tensor('DT_FLOAT', -1) },
    };
    const other = { inputs: { x: tensor('DT_FLOAT', 224, 224, 3) }, outputs: {} };
    const signature_def = { serving_default: signature, other };
    return { status: 200, body: { metadata: { signature_def: { signature_def } } } };
  }
  if (method === 'POST' && path === '/v1/models/boxes:predict')
    return { status: 200, body: { outputs: JSON.parse(body).inputs }, headers: { 'x-run-id': 'run-1' } };
  if (path.startsWith('/v1/')) return { status: 404, body: { error: 'no such model' } };
  return answerCelsius(request, cluster);
};

t.test('invoke of any model', async (t) => {
  const { cluster, space } = await start(t, { answer: answerModels });
  putReady(cluster, 'celsius');
  const ask = (...args: string[]) => space.run(['invoke', '--ingress', cluster.url, ...args]);
  const example = '{"inputs":{"size":[[1,1]],"label":"text"}}';
  const rows: readonly [string[], RegExp][] = [
    [
      [],
      /^celsius version 1 AVAILABLE\nboxes version 2 END: no such op\nboxes version 1 AVAILABLE\n212 °F = 100 °C\nrun .*\n`invoke --model boxes` shows/,
    ],
    [
      ['--model', 'boxes'],
      /^boxes serving_default: size int64 \[\?,2\], label string \[\] -> area float \[\?\]\n/,
    ],
    [['--model', 'boxes'], new RegExp(`--model boxes --data '${example.replaceAll(/[[\]{}]/g, '\\$&')}'\n`)],
    [['--model', 'boxes'], /"signature_name":"other","inputs":\{"x":"…"\}/],
    [
      ['--model', 'boxes', '--data', example],
      /^\{"outputs":\{"size":\[\[1,1\]\],"label":"text"\}\}\nrun run-1, [\d.]+ ms\n$/,
    ],
  ];
  for (const [args, out] of rows) t.match(await ask(...args), { code: 0, out }, args.join(' '));
  const file = join(space.folder, 'body.json');
  writeFileSync(file, example);
  const { out } = await ask('--model', 'boxes', '--data', `@${file}`, '--output', 'json');
  t.match(JSON.parse(out), { model: 'boxes', answer: { outputs: { label: 'text' } }, runId: 'run-1' });
  const refused: readonly [string[], number, RegExp][] = [
    [['--model', 'none'], 1, /answers 404: \{"error":"no such model"\}/],
    [['--model', 'boxes', '212'], 2, /°F are for celsius/],
    [['--data', '{}'], 2, /--data needs --model/],
    [['--model', 'boxes', '--data', '{"inputs"'], 2, /--data \{"inputs": .*JSON/],
    [['--model', 'boxes', '--data', '@/nowhere'], 2, /--data @\/nowhere: .*no such file/],
  ];
  for (const [args, code, err] of refused) t.match(await ask(...args), { code, err }, args.join(' '));
});

t.test('invoke finds the ingress, or says how it is reached', async (t) => {
  const gateway = (status: object) => ({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'kourier', namespace: 'kourier-system' } },
    status,
  });
  const { cluster, space } = await start(t, { answer: answerCelsius });
  putReady(cluster, 'celsius'); // whose host name DNS does not know
  t.match(await space.run(['invoke', '212', '--request-timeout', '1']), {
    code: 1,
    err: /DNS does not know celsius\.space\.example\.com, and no ingress .*--ingress URL/,
  });
  cluster.put(gateway({ loadBalancer: {} }));
  t.match(await space.run(['invoke', '212', '--request-timeout', '1']), {
    code: 1,
    err: /kourier in kourier-system has no address .*`kubectl -n kourier-system port-forward service\/kourier 8080:80`.*--ingress http:\/\/127/,
  });
  cluster.put(gateway({ loadBalancer: { ingress: [{ hostname: new URL(cluster.url).host }] } }));
  t.match(await space.run(['invoke', '212']), { code: 0, out: /^212 °F = 100 °C/ });
});

/** A Service that makes a pod when asked, and loses it after its metrics were read. */
function scaling(metrics: string): Script {
  return {
    async answer(request, cluster) {
      if (request.path === '/metrics') {
        setImmediate(() => cluster.remove('Pod', 'a'));
        return { status: 200, body: metrics };
      }
      if (!['/celsius', '/hello'].includes(request.path)) return undefined;
      cluster.put(pod('celsius', 'a'));
      cluster.put(pod('celsius', 'a', { node: 'n' }));
      cluster.put(pod('celsius', 'a', { node: 'n', container: { state: { running: {} } } }));
      setImmediate(() =>
        cluster.put(pod('celsius', 'a', { node: 'n', ready: true, container: { state: { running: {} } } })),
      );
      return answerCelsius(request, cluster) ?? { status: 200, body: 'hello' };
    },
  };
}

t.test('measure writes a tidy CSV file of cold and warm requests', async (t) => {
  const metrics = [
    '# TYPE celsiusify_cold_start_seconds gauge',
    'celsiusify_cold_start_seconds{phase="native"} 0.05',
    'celsiusify_cold_start_seconds{revision="celsius-00001",phase="model"} 0.03',
    'celsiusify_calls 0',
  ].join('\n');
  const rows: readonly [string, string[], string, string[], string[]][] = [
    ['celsius', [], metrics, ['cold process_started'], ['function_native', 'function_model']],
    ['another image', ['--get', '/hello'], 'hello', [], []],
  ];
  for (const [what, args, text, started, functionPhases] of rows) {
    const { cluster, space } = await start(t, scaling(text));
    putReady(cluster, 'celsius');
    cluster.put(pod('celsius', 'a', { node: 'n', ready: true }));
    const csv = join(space.folder, 'new', 'cold.csv');
    const done = space.run([
      'measure',
      '--count',
      '2',
      '--warm',
      '1',
      '--ingress',
      cluster.url,
      '--csv',
      csv,
      ...args,
    ]);
    cluster.remove('Pod', 'a');
    const { code, out, err } = await done;
    t.equal(code, 0, err);
    t.match(err, /^2 cold starts of celsius: about 3 minutes, since it must lose its pods before each\n/);
    t.match(err, /1 of 2: waiting until celsius has no pods; about 2 minutes in all are left\n/);
    t.match(out, /^START +PHASE +COUNT/, what);
    const figures = parseCsv(readFileSync(csv, 'utf8'));
    t.strictSame(
      figures.filter((f) => f.attempt === '2').map((f) => `${f.start} ${f.phase}`),
      [
        ...['total', 'pod_created', 'pod_scheduled', 'container_running', 'pod_ready'].map(
          (p) => `cold ${p}`,
        ),
        ...started,
        'warm total',
        ...functionPhases.map((p) => `cold ${p}`),
      ],
      what,
    );
    t.match(figures[0], { service: 'celsius', image: 'dev.local/celsius:1', attempt: '1', request: '0' });
    const native = figures.filter((f) => f.phase === 'function_native');
    t.ok(
      native.every((f) => f.duration_ms === '50'),
      'seconds became ms',
    );
  }
});

t.test('measure refuses what it cannot measure', async (t) => {
  const { cluster, space } = await start(t);
  const annotations = { 'autoscaling.knative.dev/min-scale': '1' };
  const template = { metadata: { annotations }, spec: { containers: [{ image: 'x' }] } };
  cluster.put(service('kept', { spec: { template } }));
  cluster.put(service('busy'));
  cluster.put(pod('busy', 'a'));
  t.match(await space.run(['measure', '--name', 'kept']), {
    code: 1,
    err: /kept keeps 1 pods at least: .*--min-scale 0/,
  });
  t.match(await space.run(['measure', '--name', 'busy', '--timeout', '1', '--ingress', cluster.url]), {
    code: 1,
    err: /busy still has pods after 1 s/,
  });
});
