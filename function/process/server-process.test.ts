import t from 'tap';
import { ColdStart } from '../telemetry/cold-start.ts';
import { createLogger } from '../telemetry/logger.ts';
import { exchange, freePort, post, RawConnection } from '../testing/socket.ts';
import { fixture, startServer } from '../testing/whole-server.ts';
import { parseCommand } from './command-line.ts';
import { ServerProcess } from './server-process.ts';

const NOBODY = { write: () => {} };

function processOf(env: Record<string, string>, nativeFolder = '/nowhere'): ServerProcess {
  const command = parseCommand([], {
    HOST: '127.0.0.1',
    PORT: '0',
    GRPC_PORT: '0',
    DRAIN_DELAY_MS: '0',
    ...env,
  });
  if (command.run !== 'serve') throw new Error('not a server');
  const { options } = command;
  const logger = createLogger('info', 'run', '', NOBODY);
  return new ServerProcess({
    options,
    root: '/',
    nativeFolder,
    runId: 'run',
    logger,
    coldStart: new ColdStart(0, 0),
  });
}

t.test('a server says which version it loads, and that it is ready', async (t) => {
  const server = await startServer(t, { K_REVISION: 'celsius-00007' });
  t.match(server.logs, [
    { level: 'info', msg: 'a version is being loaded', model: 'celsius', modelVersion: '1' },
    { level: 'info', msg: 'a version is available', model: 'celsius', modelVersion: '1', seconds: Number },
    {
      level: 'info',
      msg: 'ready',
      runId: server.runId,
      revision: 'celsius-00007',
      host: '127.0.0.1',
      port: Number,
      models: ['celsius'],
      coldStartMilliseconds: { native: Number, model: Number, warmup: Number },
    },
  ]);
  t.equal(server.logs.length, 3);
  const answer = await exchange(server.url, post('/celsius', '{"fahrenheit":[212,98.6,-459.67,1e10]}'));
  t.match(JSON.parse(answer?.body ?? ''), { celsius: [100, 37, -273.15, 5555555300], runId: server.runId });
});

t.test('metrics on a port of their own, behind a token', async (t) => {
  const METRICS_PORT = await freePort();
  const { url } = await startServer(t, { METRICS_PORT, METRICS_TOKEN: 's3cret' });
  const metrics = `http://127.0.0.1:${METRICS_PORT}`;
  t.equal((await fetch(`${url}/metrics`)).status, 404, 'not on the open port');
  t.equal((await fetch(`${metrics}/healthz`)).status, 404, 'nothing else on theirs');
  for (const { authorization, status } of [
    { authorization: 'Bearer s3cret', status: 200 },
    { authorization: 'Bearer s3cres', status: 401 },
    { authorization: 'Bearer s3cret ', status: 200 }, // the space is no part of the header's value
    { authorization: 'bearer s3cret', status: 401 },
    { authorization: 'Bearer ', status: 401 },
    { authorization: 's3cret', status: 401 },
    { authorization: 'Basic czNjcmV0Og==', status: 401 },
  ]) {
    const reply = await fetch(`${metrics}/metrics`, { headers: { authorization } });
    t.equal(reply.status, status, authorization);
    t.equal(reply.headers.get('www-authenticate'), status === 401 ? 'Bearer' : null, authorization);
    await reply.text();
  }
  t.equal((await fetch(`${metrics}/metrics`)).status, 401, 'no token at all');
});

t.test('what a model cannot do is said at the start', async (t) => {
  const { logs } = await startServer(t, { MODEL_NAME: 'm', MODEL_BASE_PATH: fixture('unsupported') });
  const warned = logs.filter(({ level }) => level === 'warn').map(({ signature }) => signature);
  t.same(warned.sort(), ['absent', 'composite', 'variant']);
  const failing = await startServer(t, { MODEL_NAME: 'm', MODEL_BASE_PATH: fixture('failing') });
  t.match(
    failing.logs.filter(({ msg }) => String(msg).startsWith('not warmed up')),
    [
      { signature: 'serving_default', reason: /not correctly convert string/ },
      { signature: 'threes', reason: /reshape/ },
    ],
  );
});

async function runsOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^celsiusify_batch_rows_count\{[^}]*\} (\d+)$/m.exec(text)?.[1]);
}

t.test('requests share runs where batching is on', async (t) => {
  for (const { env, batched } of [
    { env: { MODEL_NAME: 'celsius' }, batched: true },
    { env: { MODEL_NAME: 'other' }, batched: false },
    { env: { MODEL_NAME: 'other', BATCHING: 'true' }, batched: true },
    { env: { MODEL_NAME: 'celsius', BATCHING: 'false' }, batched: false },
  ]) {
    const { url } = await startServer(t, { RUN: 'loop', ...env });
    const before = await runsOf(url); // of the warm-up
    const path = `/v1/models/${env.MODEL_NAME}:predict`;
    // In one packet, so that the server reads both in one turn of its event loop.
    const connection = await RawConnection.open(url);
    connection.write(post(path, '{"instances":[212]}') + post(path, '{"instances":[32,32]}'));
    t.equal((await connection.answer())?.body, '{"predictions":[100]}');
    t.equal((await connection.answer())?.body, '{"predictions":[0,0]}');
    connection.destroy();
    t.equal((await runsOf(url)) - before, batched ? 1 : 2, JSON.stringify(env));
  }
});

t.test('a drain that has to cut says how many', async (t) => {
  const server = await startServer(t, { DRAIN_TIMEOUT_MS: '1' });
  const connection = await RawConnection.open(server.url);
  connection.write('POST /celsius HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\n\r\n');
  await exchange(server.url, 'GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n');
  await server.process.stop();
  await connection.closed;
  t.match(server.logs.at(-4), { level: 'warn', connections: 1, msg: /DRAIN_TIMEOUT_MS/ });
  t.match(server.logs.at(-3), { model: 'celsius', state: 'UNLOADING' });
  t.match(server.logs.at(-2), { model: 'celsius', state: 'END' });
  t.match(server.logs.at(-1), { msg: 'stopped' });
});

t.test('a start that fails says what is missing', async (t) => {
  const server = processOf({});
  t.teardown(() => server.stop());
  await t.rejects(server.start(), {
    name: 'FatalError',
    message: /tfjs_binding\.node is missing: run "npm run setup"/,
  });
});
