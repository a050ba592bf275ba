import { once } from 'node:events';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { Room } from '../room.ts';
import { ModelMeter } from '../telemetry/model-meter.ts';
import { testApp, testModel, testRunner } from '../testing/app.ts';
import { bare, LIMITS, serve } from '../testing/http-server.ts';
import { exchange, post, type RawAnswer, RawConnection } from '../testing/socket.ts';
import type { App } from './route.ts';
import { HttpServer } from './server.ts';

const celsius = await testModel(t);

const CONVERT = post('/celsius', '{"fahrenheit":212}');
const HEALTH = 'GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n';

t.test('requests as they come over the wire', async (t) => {
  const { app, runId } = testApp(celsius);
  const { url } = await serve(t, app);
  const chunked = (...chunks: string[]) =>
    `POST /celsius HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n${chunks
      .map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`)
      .join('')}0\r\n\r\n`;
  const zipped = gzipSync('{"fahrenheit":212}');
  for (const { name, data, status, body } of [
    { name: 'a body by its length', data: CONVERT, status: 200, body: /"celsius":100,/ },
    { name: 'a body in one chunk', data: chunked('{"fahrenheit":212}'), status: 200, body: /100/ },
    { name: 'a body in chunks', data: chunked('{"fahren', 'heit":', '212}'), status: 200, body: /100/ },
    { name: 'no body', data: HEALTH, status: 200, body: /ok/ },
    { name: 'an empty body', data: post('/celsius', ''), status: 400, body: /body is empty/ },
    { name: 'HTTP/1.0', data: 'GET /healthz HTTP/1.0\r\n\r\n', status: 200, body: /ok/ },
    {
      name: 'gzip',
      data: Buffer.concat([
        Buffer.from(
          `POST /celsius HTTP/1.1\r\nhost: t\r\ncontent-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`,
        ),
        zipped,
      ]),
      status: 200,
      body: /100/,
    },
    {
      name: 'a target in absolute form',
      data: 'GET http://another/healthz?x=1 HTTP/1.1\r\nhost: test\r\n\r\n',
      status: 200,
      body: /./,
    },
    {
      name: 'an upgrade that nobody offers',
      data: 'GET /healthz HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
      status: 200,
      body: /ok/,
    },
    { name: 'no host', data: 'GET /healthz HTTP/1.1\r\n\r\n', status: 400, body: /Host/ },
    { name: 'no HTTP', data: 'hello\r\n\r\n', status: 400, body: /not a request in HTTP/ },
    {
      name: 'a length over the limit',
      data: 'POST /celsius HTTP/1.1\r\nhost: t\r\ncontent-length: 1048577\r\n\r\n',
      status: 413,
      body: /BODY_LIMIT_BYTES/,
    },
    { name: 'chunks over the limit', data: chunked(' '.repeat(1 << 20), ' '), status: 413, body: /1048576/ },
    {
      name: 'headers over 16 KiB',
      data: `GET /healthz HTTP/1.1\r\nhost: t\r\n${'x: yyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(600)}\r\n`,
      status: 431,
      body: /larger than 16384 bytes/,
    },
    {
      name: 'one header over 16 KiB',
      data: `GET /healthz HTTP/1.1\r\nhost: t\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`,
      status: 431,
      body: /larger than 16384 bytes/,
    },
  ]) {
    const answer = await exchange(url, data);
    t.equal(answer?.status, status, `${name}: ${status}`);
    t.match(answer?.body, body, `${name}: its body`);
    t.match(answer?.headers, { 'content-type': /^application\/json|^text/, 'x-run-id': runId }, name);
  }
});

t.test('a connection is kept, and answers come in the order of requests', async (t) => {
  const { app } = testApp(celsius);
  const { url } = await serve(t, app);
  const connection = await RawConnection.open(url);
  const values = Array.from({ length: 50 }, (_, i) => i);
  // Some are answered after a model run, some at once: the order must hold all the same.
  connection.write(values.map((f) => post('/celsius', `{"fahrenheit":${f}}`) + HEALTH).join(''));
  for (const f of values) {
    const converted = JSON.parse((await connection.answer())?.body ?? '');
    t.equal(Math.round(converted.celsius * 9) / 5 + 32, f, `${f} °F`);
    t.match((await connection.answer())?.body, /"ok"/);
  }
  connection.destroy();
});

t.test('no more connections than allowed', async (t) => {
  const { app } = testApp(celsius);
  const { url } = await serve(t, app, { maxConnections: 3 });
  const open = await Promise.all([1, 2, 3].map(() => RawConnection.open(url)));
  for (const connection of open) {
    connection.write(HEALTH);
    t.equal((await connection.answer())?.status, 200);
  }
  const fourth = await RawConnection.open(url);
  await fourth.closed;
  t.pass('the fourth is closed');
  open[0]?.destroy();
  const again = async (): Promise<number | undefined> => (await exchange(url, HEALTH))?.status ?? again();
  t.equal(await again(), 200, 'one that ends makes room');
  for (const connection of open) connection.destroy();
});

t.test('a client that goes away while it sends costs no run', async (t) => {
  const meter = new ModelMeter();
  const { app } = testApp(celsius, { runner: testRunner(celsius, { meter }) });
  const { url } = await serve(t, app);
  const gone = await RawConnection.open(url);
  gone.write(post('/celsius', '{"fahrenheit":1}').slice(0, -1));
  const stays = await RawConnection.open(url);
  stays.write(HEALTH);
  await stays.answer();
  gone.socket.resetAndDestroy();
  await gone.closed;
  stays.write(post('/celsius', '{"fahrenheit":2}'));
  t.match(await stays.answer(), { status: 200, body: /"celsius":-16.6/ });
  t.equal(meter.run.count, 1);
  stays.destroy();
});

t.test('an answer for a client that went away meanwhile is dropped', async (t) => {
  let arrived: () => void = () => {};
  let answer: (response: { status: number; headers: string[]; body: string }) => void = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { app } = testApp(celsius);
  const slow: App = {
    ...bare(app),
    handle: () => {
      arrived();
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
  };
  const { url, server } = await serve(t, slow);
  const connection = await RawConnection.open(url);
  connection.write(HEALTH);
  await arrival;
  connection.socket.resetAndDestroy();
  await connection.closed;
  await new Promise(setImmediate);
  answer({ status: 200, headers: [], body: 'late' });
  t.equal(await server.drain(1000), 0, 'no connection is left');
});

t.test('draining', async (t) => {
  let release: () => void = () => {};
  let arrived: () => void = () => {};
  const { app } = testApp(celsius);
  const held: App = {
    ...bare(app),
    handle: async (request) => {
      if (request.url === '/held') {
        arrived();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return { status: 200, headers: [], body: 'done' };
    },
  };
  const { url, server } = await serve(t, held);
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const [busy, between, idle] = await Promise.all([1, 2, 3].map(() => RawConnection.open(url)));
  if (busy === undefined || between === undefined || idle === undefined) throw new Error('no connections');
  for (const connection of [between, idle]) {
    connection.write(HEALTH);
    t.equal((await connection.answer())?.headers.connection, 'keep-alive', 'kept before');
  }
  busy.write('GET /held HTTP/1.1\r\nhost: t\r\n\r\n');
  await arrival;
  const drained = server.drain(10_000);
  let last: RawAnswer | undefined;
  do {
    between.write(HEALTH); // kept until the listener is closed
    last = await between.answer();
  } while (last?.headers.connection === 'keep-alive');
  t.match(last, { status: 200, headers: { connection: 'close' } }, 'an answer says that it is the last');
  await between.closed;
  await t.rejects(RawConnection.open(url), { code: 'ECONNREFUSED' }, 'no new connections');
  release();
  t.match(await busy.answer(), { status: 200, headers: { connection: 'close' } }, 'one under way ends well');
  await idle.closed;
  t.equal(await drained, 0, 'none had to be cut');
});

t.test('draining ends at its time-out', async (t) => {
  const never: App = { ...bare(testApp(celsius).app), handle: () => new Promise(() => {}) };
  const { url, server } = await serve(t, never);
  const connection = await RawConnection.open(url);
  connection.write(HEALTH);
  const second = await RawConnection.open(url);
  second.write('GET /heal');
  t.ok((await server.drain(1)) >= 1, 'says how many were cut');
  t.same(await connection.answers(), []);
  await second.closed;
});

t.test('ports that cannot be had', async (t) => {
  const { app } = testApp(celsius);
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await t.rejects(new HttpServer(app, new Room(1 << 26), LIMITS).listen('127.0.0.1', port), {
    message: `port ${port} is in use; stop what listens there or set PORT`,
    exitCode: 1,
  });
  await t.rejects(new HttpServer(app, new Room(1 << 26), LIMITS).listen('192.0.2.1', 0), {
    message: /set HOST and PORT/,
  });
});
