import { readFileSync } from 'node:fs';
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
  const tagged = await space.run(['invoke', '--tag', 'next', '--output', 'json', ...ingress]);
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
    [200, 'hello', /does not answer with 1 °C/],
    [200, { celsius: [1, 2], runId: 'r' }, /does not answer with 1 °C/],
  ];
  for (const [status, body, line] of bodies) {
    const { cluster, space } = await start(t, {
      answer: ({ path }) => (path === '/celsius' ? { status, body } : undefined),
    });
    putReady(cluster, 'celsius');
    t.match(await space.run(['invoke', '--ingress', cluster.url]), { code: 1, err: line });
  }
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
  t.match(await space.run(['measure', '--name', 'busy', '--timeout', '1']), {
    code: 1,
    err: /busy still has pods after 1 s/,
  });
});
