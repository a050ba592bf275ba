import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { testApp, testModel, testRunner } from '../testing/app.ts';
import { ask, type Case, ORIGIN } from '../testing/requests.ts';

const celsius = await testModel(t);

const CASES: readonly Case[] = [
  {
    name: 'a query is no part of a path',
    method: 'POST',
    path: '/celsius?a=/b',
    body: '{"fahrenheit":212}',
    status: 200,
    answer: { celsius: 100 },
  },
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
    name: 'deflate',
    method: 'POST',
    path: '/celsius',
    body: deflateSync('{"fahrenheit":212}'),
    headers: { 'content-encoding': 'deflate' },
    status: 200,
  },
  {
    name: 'deflate that is none',
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":212}',
    headers: { 'content-encoding': 'deflate' },
    status: 400,
    answer: { error: /no whole deflate stream/ },
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
  ...['br', 'zstd', 'gzip, deflate', 'gzip, gzip', 'gzip;q=1', '__proto__'].map((encoding) => ({
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

t.test('requests and their answers', async (t) => {
  const testing = testApp(celsius);
  await ask(t, testing, CASES);
  const routes = testing.metrics.routes;
  const recorded = [...routes.values()].flatMap((route) => [...route.statuses.values()]);
  t.equal(
    recorded.reduce((sum, count) => sum + count, 0),
    CASES.length,
    'each request is counted once',
  );
  t.match(routes.get('unknown')?.statuses, new Map([[404, 4]]), 'unknown paths share one route');
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
