import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { ModelMeter } from '../telemetry/metrics.ts';
import {
  celsiusSignature,
  describedModel,
  testApp,
  testEngine,
  testModel,
  testRunner,
} from '../testing/app.ts';
import type { HttpRequest } from './message.ts';

const celsius = await testModel(t);

const ORIGIN = 'http://celsius.test';
const JSON_TYPE = 'application/json';

interface Case {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly answer?: unknown;
  readonly sent?: Record<string, string>;
}

const row = '{"instances":[212]}';

const cases: Case[] = [
  {
    name: 'one number',
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":212}',
    status: 200,
    answer: { celsius: 100 },
    sent: { 'content-type': JSON_TYPE },
  },
  {
    name: 'a list',
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":[212,-40,32]}',
    status: 200,
    answer: { celsius: [100, -40, 0] },
  },
  {
    name: 'a query is no part of a path',
    method: 'POST',
    path: '/celsius?a=/b',
    body: '{"fahrenheit":212}',
    status: 200,
    answer: { celsius: 100 },
  },
  {
    name: 'predict by rows',
    method: 'POST',
    path: '/v1/models/celsius:predict',
    body: row,
    status: 200,
    answer: { predictions: [100] },
  },
  {
    name: 'predict by columns',
    method: 'POST',
    path: '/v1/models/celsius/versions/1:predict',
    body: '{"inputs":{"fahrenheit":[212]}}',
    status: 200,
    answer: { outputs: [100] },
  },
  {
    name: 'a version with leading zeros is the same number',
    method: 'POST',
    path: '/v1/models/celsius/versions/0001:predict',
    body: row,
    status: 200,
  },
  {
    name: 'a version that is not served',
    method: 'POST',
    path: '/v1/models/celsius/versions/2:predict',
    body: row,
    status: 404,
    answer: { error: /version 1 is served/ },
  },
  {
    name: 'a version beyond int64',
    method: 'POST',
    path: `/v1/models/celsius/versions/${'9'.repeat(400)}:predict`,
    body: row,
    status: 400,
    answer: { error: /int64/ },
  },
  {
    name: 'another model',
    method: 'POST',
    path: '/v1/models/kelvin:predict',
    body: row,
    status: 404,
    answer: { error: /"kelvin"/ },
  },
  {
    name: 'a name with a stray %',
    method: 'POST',
    path: '/v1/models/%zz:predict',
    body: row,
    status: 404,
    answer: { error: /"%zz"/ },
  },
  {
    name: 'a label',
    method: 'POST',
    path: '/v1/models/celsius/labels/stable:predict',
    body: row,
    status: 400,
    answer: { error: /label "stable"/ },
  },
  {
    name: 'a verb that is not served',
    method: 'POST',
    path: '/v1/models/celsius:classify',
    body: row,
    status: 400,
    answer: { error: /:predict/ },
  },
  {
    name: 'an unknown verb',
    method: 'POST',
    path: '/v1/models/celsius:train',
    body: row,
    status: 400,
    answer: { error: /Malformed request/ },
  },
  {
    name: 'the wrong method below /v1/',
    method: 'DELETE',
    path: '/v1/models/celsius:predict',
    status: 400,
    answer: { error: /Malformed request: DELETE/ },
  },
  { name: 'GET of a verb', path: '/v1/models/celsius:predict', status: 400 },
  { name: 'anything below /v1/', path: '/v1/', status: 400, answer: { error: /Malformed request/ } },
  {
    name: 'model status',
    path: '/v1/models/celsius',
    status: 200,
    answer: {
      model_version_status: [
        { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
      ],
    },
  },
  {
    name: 'model metadata',
    path: '/v1/models/celsius/metadata',
    status: 200,
    answer: {
      model_spec: { name: 'celsius', signature_name: '', version: '1' },
      metadata: {
        signature_def: {
          signature_def: {
            serving_default: {
              inputs: {
                fahrenheit: {
                  dtype: 'DT_FLOAT',
                  tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false },
                },
              },
            },
          },
        },
      },
    },
  },
  { name: 'alive', path: '/healthz', status: 200, answer: { status: 'ok' } },
  { name: 'ready', path: '/readyz', status: 200, answer: { status: 'ready' } },
  { name: 'HEAD has no body', method: 'HEAD', path: '/readyz', status: 200 },
  {
    name: 'an unknown path',
    path: '/nothing/here',
    status: 404,
    answer: { error: /nothing at \/nothing\/here/ },
  },
  { name: 'case counts', path: '/HEALTHZ', status: 404 },
  { name: 'a trailing slash counts', method: 'POST', path: '/celsius/', body: '{}', status: 404 },
  { name: 'a path out of the folder', path: '/..%2f..%2fetc/passwd', status: 404 },
  ...['GET', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'].map((method) => ({
    name: `${method} where POST is meant`,
    method,
    path: '/celsius',
    status: 405,
    answer: { error: /use POST/ },
    sent: { allow: 'POST' },
  })),
  {
    name: 'POST where GET is meant',
    method: 'POST',
    path: '/healthz',
    body: '{}',
    status: 405,
    sent: { allow: 'GET, HEAD' },
  },
  {
    name: 'gzip in',
    method: 'POST',
    path: '/celsius',
    body: gzipSync('{"fahrenheit":212}'),
    headers: { 'content-encoding': 'gzip' },
    status: 200,
    answer: { celsius: 100 },
  },
  {
    name: 'x-gzip in, in any case',
    method: 'POST',
    path: '/celsius',
    body: gzipSync('{"fahrenheit":212}'),
    headers: { 'content-encoding': 'X-GZip' },
    status: 200,
  },
  {
    name: 'identity is no encoding',
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":212}',
    headers: { 'content-encoding': 'identity' },
    status: 200,
  },
  {
    name: 'gzip that is none',
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":212}',
    headers: { 'content-encoding': 'gzip' },
    status: 400,
    answer: { error: /no whole gzip stream/ },
  },
  {
    name: 'gzip that is cut off',
    method: 'POST',
    path: '/celsius',
    body: gzipSync('{"fahrenheit":212}').subarray(0, -6),
    headers: { 'content-encoding': 'gzip' },
    status: 400,
    answer: { error: /no whole gzip stream/ },
  },
  ...['br', 'zstd', 'deflate', 'gzip, gzip', 'gzip;q=1', '__proto__'].map((encoding) => ({
    name: `content-encoding ${encoding}`,
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":212}',
    headers: { 'content-encoding': encoding },
    status: 415,
    answer: { error: /use gzip/ },
  })),
  {
    name: 'a gzip bomb: 64 MiB in 64 kB',
    method: 'POST',
    path: '/celsius',
    body: gzipSync(Buffer.alloc(64 << 20, ' ')),
    headers: { 'content-encoding': 'gzip' },
    status: 413,
    answer: { error: /larger than 1048576 bytes/ },
  },
  {
    name: 'a body over the limit',
    method: 'POST',
    path: '/celsius',
    body: ' '.repeat((1 << 20) + 1),
    status: 413,
    answer: { error: /BODY_LIMIT_BYTES/ },
  },
  {
    name: 'a body at the limit',
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":212}'.padEnd(1 << 20),
    status: 200,
  },
];

function requestOf({ method = 'GET', path, body, headers }: Case): Request {
  const init: RequestInit = { method };
  if (headers !== undefined) init.headers = headers;
  if (body !== undefined) init.body = typeof body === 'string' ? body : new Uint8Array(body);
  return new Request(ORIGIN + path, init);
}

t.test('requests and their answers', async (t) => {
  const { app, runId, metrics } = testApp(celsius);
  for (const one of cases) {
    const name = `${one.name}: ${one.method ?? 'GET'} ${one.path.slice(0, 60)}`;
    const response = await app.fetch(requestOf(one));
    const text = await response.text();
    t.equal(response.status, one.status, `${name} is ${one.status}, ${text.slice(0, 100)}`);
    t.equal(response.headers.get('x-run-id'), runId, `${name}: names the process`);
    if (one.answer !== undefined) t.match(JSON.parse(text), one.answer, `${name}: its body`);
    if (one.method === 'HEAD') t.equal(text, '', `${name}: no body`);
    for (const [header, value] of Object.entries(one.sent ?? {})) {
      t.equal(response.headers.get(header), value, `${name}: ${header}`);
    }
  }
  t.equal(app.inFlight, 0, 'nothing is left under way');
  const recorded = [...metrics.routes.values()].flatMap((route) => [...route.statuses.values()]);
  t.equal(
    recorded.reduce((sum, count) => sum + count, 0),
    cases.length,
    'each request is counted once',
  );
  t.match(metrics.routes.get('unknown')?.statuses, new Map([[404, 4]]), 'unknown paths share one route');
});

t.test('gzip out, where it is asked for and pays', async (t) => {
  const { app } = testApp(celsius);
  const many = JSON.stringify({ fahrenheit: Array.from({ length: 2000 }, (_, i) => i) });
  for (const { accept, body, gzip } of [
    { accept: 'gzip', body: many, gzip: true },
    { accept: 'br, GZIP;q=0.5', body: many, gzip: true },
    { accept: 'deflate,gzip', body: many, gzip: true },
    { accept: 'gzip;q=0', body: many, gzip: false },
    { accept: 'gzip; q=0.000, br', body: many, gzip: false },
    { accept: 'xgzip, gzipped', body: many, gzip: false },
    { accept: 'identity', body: many, gzip: false },
    { accept: 'gzip', body: '{"fahrenheit":212}', gzip: false },
  ]) {
    const headers = { 'accept-encoding': accept };
    const response = await app.fetch(new Request(`${ORIGIN}/celsius`, { method: 'POST', headers, body }));
    const bytes = Buffer.from(await response.arrayBuffer());
    const name = `${accept} for ${body.length} bytes`;
    t.equal(response.headers.get('content-encoding'), gzip ? 'gzip' : null, name);
    t.equal(response.headers.get('vary'), gzip ? 'accept-encoding' : null, `${name}: vary`);
    t.ok(JSON.parse((gzip ? gunzipSync(bytes) : bytes).toString()).celsius, `${name}: the answer`);
  }
  const health = new Request(`${ORIGIN}/healthz`, { headers: { 'accept-encoding': 'gzip' } });
  t.equal((await app.fetch(health)).headers.get('content-encoding'), null, 'an answer at once, too small');
});

t.test('while starting and draining', async (t) => {
  for (const phase of ['starting', 'draining'] as const) {
    const { app } = testApp(celsius, { phase: () => phase });
    const ready = await app.fetch(new Request(`${ORIGIN}/readyz`));
    t.equal(ready.status, 503, `${phase}: not ready`);
    t.match(await ready.json(), { status: phase });
    t.equal((await app.fetch(new Request(`${ORIGIN}/healthz`))).status, 200, `${phase}: alive`);
  }
});

t.test('a fault of the server is a 500 that tells nothing, and a log line that tells all', async (t) => {
  const runner = testRunner(celsius);
  runner.answer = () => {
    throw new TypeError('secret path /home/x');
  };
  const { app, logs } = testApp(celsius, { runner });
  const response = await app.fetch(
    new Request(`${ORIGIN}/celsius`, { method: 'POST', body: '{"fahrenheit":1}' }),
  );
  t.equal(response.status, 500);
  t.notMatch(await response.text(), /secret/);
  t.match(logs.join(''), /"level":"error".*secret path/s);

  const broken = testApp(celsius, {
    phase: () => {
      throw new Error('before any promise');
    },
  });
  t.equal((await broken.app.fetch(new Request(`${ORIGIN}/readyz`))).status, 500, 'thrown at once');
  t.equal(broken.app.inFlight, 0);
});

t.test('a model that turns no fahrenheit into celsius has no /celsius', async (t) => {
  const { app } = testApp(describedModel({ ...celsiusSignature(), outputs: [] }));
  const reply = await app.fetch(
    new Request(`${ORIGIN}/celsius`, { method: 'POST', body: '{"fahrenheit":1}' }),
  );
  t.equal(reply.status, 404);
  t.match(await reply.json(), { error: /use \/v1\/models\/celsius:predict/ });
});

t.test('/celsius says which field was wrong', async (t) => {
  const { app } = testApp(celsius);
  for (const { body, error } of [
    { body: '', error: /body is empty/ },
    { body: '{"fahrenheit":', error: /not JSON/ },
    { body: '[]', error: /^the body: .*send \{"fahrenheit": 212\}/ },
    { body: '{}', error: /fahrenheit/ },
    { body: '{"fahrenheit":"212"}', error: /^fahrenheit: / },
    { body: '{"fahrenheit":null}', error: /^fahrenheit: / },
    { body: '{"fahrenheit":[]}', error: /^fahrenheit: .*1/ },
    { body: '{"fahrenheit":[1,"2"]}', error: /^fahrenheit\.1: / },
    { body: '{"fahrenheit":[[1]]}', error: /^fahrenheit\.0: / },
    { body: '{"fahrenheit":1e39}', error: /^fahrenheit.*float32/ },
    { body: '{"fahrenheit":1,"kelvin":1}', error: /./ },
    { body: '{"fahrenheit":1,"__proto__":{"x":1}}', error: /./ },
    { body: Buffer.from('{"fahrenheit":"\xff"}', 'latin1'), error: /not UTF-8/ },
  ]) {
    const init = { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body) };
    const reply = await app.fetch(new Request(`${ORIGIN}/celsius`, init));
    const name = body.toString();
    t.equal(reply.status, 400, name);
    t.match(await reply.json(), { error }, name);
  }
});

t.test('request logs', async (t) => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  for (const { name, path, headers, line } of [
    {
      name: 'a known route',
      path: '/healthz?q=1',
      headers: {},
      line: { route: 'healthz', path: '/healthz?q=1', status: 200, method: 'GET', revision: 'celsius-00001' },
    },
    { name: 'an unknown one', path: '/x', headers: {}, line: { route: 'unknown', status: 404 } },
    { name: 'x-request-id', path: '/x', headers: { 'x-request-id': 'r-1' }, line: { requestId: 'r-1' } },
    { name: 'traceparent', path: '/x', headers: { traceparent }, line: { requestId: trace } },
    {
      name: 'x-request-id before traceparent',
      path: '/x',
      headers: { traceparent, 'x-request-id': 'r-2' },
      line: { requestId: 'r-2' },
    },
    { name: 'a bad traceparent', path: '/x', headers: { traceparent: 'no' }, line: { status: 404 } },
    {
      name: 'a long ID is cut',
      path: '/x',
      headers: { 'x-request-id': 'r'.repeat(500) },
      line: { requestId: 'r'.repeat(128) },
    },
    {
      name: 'what some terminals would obey',
      path: '/x',
      headers: { 'x-request-id': 'a\u007fb\u009b2J' },
      line: { requestId: 'a\ufffdb\ufffd2J' },
    },
    {
      name: 'what would forge a line',
      path: '/%0a{"level":"fatal"}',
      headers: { 'x-request-id': '"}\t{"forged":"1' },
      line: { requestId: '"}\t{"forged":"1' },
    },
  ]) {
    const { app, logs, runId } = testApp(celsius, { logRequests: true });
    await app.fetch(new Request(ORIGIN + path, { headers }));
    t.equal(logs.length, 1, `${name}: one line`);
    t.equal(
      logs[0]?.indexOf('\n'),
      (logs[0]?.length ?? 0) - 1,
      `${name}: the line's end is its only newline`,
    );
    const parsed = JSON.parse(logs[0] ?? '');
    t.match(parsed, { ...line, runId, milliseconds: Number }, name);
    if (name === 'a bad traceparent') t.notOk('requestId' in parsed, 'no ID made up');
  }
});

t.test('a client that went away costs no run and gets no answer', async (t) => {
  const meter = new ModelMeter();
  const { app } = testApp(celsius, { runner: testRunner(celsius, { meter, place: 'loop' }) });
  const body = Buffer.from('{"fahrenheit":1}');
  const request: HttpRequest = {
    method: 'POST',
    url: '/celsius',
    header: () => undefined,
    body,
    gone: () => true,
  };
  app.handle(request);
  await new Promise(setImmediate);
  t.equal(meter.run.count, 0);
  t.equal(meter.drops.gone, 1);
  t.equal(testEngine().calls, 0);
});
