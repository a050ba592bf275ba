// The server as a process of its own, and a collector that takes its spans.
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import t from 'tap';
import { type SpawnOptions, spawnServer } from '../testing/child-process.ts';
import { type Collector, type SentSpan, startCollector } from '../testing/otlp.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const SAMPLED = { traceparent: `00-${TRACE}-${CALLER}-01`, tracestate: 'vendor=1' };
const UNSAMPLED = { traceparent: `00-${TRACE}-${CALLER}-00` };

/** Starts a server, asks it, ends it: by then all spans are sent. @returns its log */
async function asked(
  collector: Collector,
  { env, ...options }: SpawnOptions,
  ask: (url: string) => Promise<unknown>,
): Promise<Record<string, unknown>[]> {
  const OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  const server = spawnServer({ ...options, env: { OTEL_EXPORTER_OTLP_ENDPOINT, ...env } });
  try {
    await ask(await server.ready);
  } finally {
    server.child.kill('SIGTERM');
  }
  const { code, stdout } = await server.ended;
  t.equal(code, 0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const celsius = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/celsius`, { method: 'POST', body: '{"fahrenheit":212}', headers });

const childrenOf = (collector: Collector, { spanId }: SentSpan) =>
  collector.spans.filter(({ parentSpanId }) => parentSpanId === spanId);

const rootsOf = ({ spans }: Collector) =>
  spans.filter(({ parentSpanId }) => !spans.some(({ spanId }) => spanId === parentSpanId));

t.test('a traced request: its span belongs to the caller’s, its stages to its own', async (t) => {
  const cases: { name: string; env: Record<string, string>; stages: string[] }[] = [
    { name: 'a run in place', env: { RUN: 'loop', BATCHING: 'false' }, stages: ['read', 'run'] },
    { name: 'one that others may share', env: { RUN: 'loop' }, stages: ['read', 'run'] },
    { name: 'a run on a thread', env: { RUN: 'pool' }, stages: ['read', 'queue', 'run', 'print'] },
  ];
  for (const { name, env, stages } of cases) {
    const collector = await startCollector(t);
    const logs = await asked(collector, { env: { LOG_REQUESTS: 'true', ...env } }, async (url) => {
      const answer = await celsius(url, SAMPLED);
      t.match(await answer.json(), { celsius: 100 }, name);
      const [, trace, span] =
        /^00-([\da-f]{32})-([\da-f]{16})-01$/.exec(answer.headers.get('traceparent') ?? '') ?? [];
      t.equal(trace, TRACE);
      t.not(span, CALLER);
    });
    const [root, ...others] = rootsOf(collector);
    if (root === undefined) throw new Error('no span came');
    t.equal(others.length, 0);
    t.match(root, {
      name: 'POST celsius',
      traceId: TRACE,
      parentSpanId: CALLER,
      kind: 2,
      status: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': 'celsius',
        'http.response.status_code': 200,
        'url.path': '/celsius',
      },
    });
    const children = childrenOf(collector, root);
    t.same(
      children.map((child) => child.name),
      stages,
      `${name}: stages in order`,
    );
    for (const { name, start, end } of children) {
      t.ok(root.start <= start && start <= end && end <= root.end, `${name} lies within the request`);
    }
    t.equal(children.find((child) => child.name === 'run')?.attributes['celsiusify.rows'], 1);
    t.match(collector.resources[0], {
      'service.name': 'celsiusify',
      'service.instance.id': logs[0]?.runId,
    });
    t.match(
      logs.find(({ msg }) => msg === 'request'),
      { traceId: TRACE },
      'the log line names the trace',
    );
  }
});

t.test('what is traced, and what is not', async (t) => {
  const collector = await startCollector(t);
  const env = { OTEL_SERVICE_NAME: 'thermometer', OTEL_RESOURCE_ATTRIBUTES: 'k8s.pod.name=pod-1' };
  await asked(collector, { env }, async (url) => {
    t.equal((await celsius(url, UNSAMPLED)).headers.get('traceparent'), null, 'the caller traces nothing');
    t.match((await celsius(url)).headers.get('traceparent'), /-01$/, 'a request of no trace begins one');
    t.match((await celsius(url, { traceparent: 'x' })).headers.get('traceparent'), /-01$/, 'nor a bad one');
    t.equal((await fetch(`${url}/celsius`, { method: 'POST', body: '{' })).status, 400);
    t.equal((await fetch(`${url}/${'long'.repeat(400)}`)).status, 404);
  });
  const statuses = rootsOf(collector).map(({ attributes }) => attributes['http.response.status_code']);
  t.same(statuses, [200, 200, 400, 404]);
  t.ok(
    rootsOf(collector).every(({ status, traceId }) => status === 0 && traceId !== TRACE),
    'a caller’s fault is none of this server’s',
  );
  const paths = rootsOf(collector).map(({ attributes }) => String(attributes['url.path']).length);
  t.equal(Math.max(...paths), 200, 'a long path is cut');
  t.match(collector.resources[0], { 'service.name': 'thermometer', 'k8s.pod.name': 'pod-1' });
});

t.test('a call by gRPC', async (t) => {
  const collector = await startCollector(t);
  await asked(collector, {}, async (url) => {
    const client = new Client(new URL(url).host, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('traceparent', SAMPLED.traceparent);
    const raw = (bytes: Buffer) => bytes;
    const ask = (path: string) =>
      new Promise((resolve) => {
        client.makeUnaryRequest(path, raw, raw, Buffer.alloc(0), metadata, (error) =>
          resolve(error?.code ?? 0),
        );
      });
    t.equal(await ask('/inference.GRPCInferenceService/ServerLive'), 0);
    t.equal(await ask('/inference.GRPCInferenceService/ModelInfer'), 5);
    client.close();
  });
  t.match(rootsOf(collector), [
    {
      name: 'inference.GRPCInferenceService/ServerLive',
      traceId: TRACE,
      parentSpanId: CALLER,
      attributes: {
        'rpc.system': 'grpc',
        'rpc.service': 'inference.GRPCInferenceService',
        'rpc.method': 'ServerLive',
        'rpc.grpc.status_code': 0,
      },
    },
    { attributes: { 'rpc.method': 'ModelInfer', 'rpc.grpc.status_code': 5 }, status: 0 },
  ]);
});

t.test('histograms lead to traces, for who asks in OpenMetrics', async (t) => {
  const collector = await startCollector(t);
  await asked(collector, { env: { RUN: 'pool' } }, async (url) => {
    await celsius(url, SAMPLED);
    const scrape = (accept: string) => fetch(`${url}/metrics`, { headers: { accept } });
    const open = await scrape('application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5');
    t.match(open.headers.get('content-type'), /^application\/openmetrics-text; version=1\.0\.0/);
    const text = await open.text();
    t.match(text, /\n# EOF\n$/);
    const exemplar = `# {trace_id="${TRACE}"} `;
    for (const histogram of [
      'http_request_duration_seconds',
      'celsiusify_run_duration_seconds',
      'celsiusify_queue_duration_seconds',
    ]) {
      const line = text
        .split('\n')
        .find((each) => each.startsWith(`${histogram}_bucket`) && each.includes(exemplar));
      t.match(line, / # \{trace_id="[\da-f]{32}"\} \d[\d.e-]* 1\d{9}(\.\d+)?$/, histogram);
    }
    t.match(text, /^http_requests_total\{route="celsius",status="200"\} 1$/m);
    const plain = await scrape('text/plain');
    t.match(plain.headers.get('content-type'), /^text\/plain/);
    t.notMatch(await plain.text(), /trace_id/);
  });
});

t.test('without a collector requests are answered all the same, and the log says so once', async (t) => {
  const collector = await startCollector(t, 400);
  const env = { OTEL_BSP_SCHEDULE_DELAY: '50' };
  const logs = await asked(collector, { env }, async (url) => {
    for (let i = 0; i < 2; i++) {
      t.equal((await celsius(url)).status, 200);
      while (collector.requests.length <= i) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  t.equal(collector.requests[0]?.path, '/v1/traces');
  const said = logs.filter(({ msg }) => String(msg).startsWith('spans were not taken'));
  t.match(said, [{ level: 'warn', spans: Number, error: String }]);
  t.equal(said.length, 1);
});

t.test('a bad variable ends the start, and says what is allowed', async (t) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  const { code, stderr } = await spawnServer({ env }).ended;
  t.equal(code, 2);
  t.match(stderr, /^celsiusify: OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" is not http\/protobuf, .*\n$/);
});
