import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { testApp, testModel } from '../testing/app.ts';
import { bare, serve } from '../testing/http-server.ts';
import { exchange, post, RawConnection } from '../testing/socket.ts';
import type { HttpRequest } from './message.ts';
import type { App } from './route.ts';

const celsius = await testModel(t);

const HEALTH = 'GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n';

t.test('after a body over the limit the connection ends', async (t) => {
  const { app } = testApp(celsius);
  const { url } = await serve(t, app, { bodyLimitBytes: 100 });
  const connection = await RawConnection.open(url);
  connection.write(post('/celsius', ' '.repeat(1000)) + HEALTH);
  const answers = await connection.answers();
  t.match(answers, [{ status: 413, headers: { connection: 'close' } }]);
  t.equal(answers.length, 1, 'what stood behind the body is no request');
  t.equal(app.inFlight, 0);
});

t.test('a refusal reaches a client that sends its whole body first', async (t) => {
  const { app } = testApp(celsius);
  const { url } = await serve(t, app, { bodyLimitBytes: 100 });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(post('/celsius', ' '.repeat(8 << 20)));
  await new Promise((resolve) => socket.once('drain', resolve)); // the server has read all but what the kernel holds
  const [chunk] = await once(socket, 'data');
  t.match(String(chunk), /^HTTP\/1.1 413 /);
  socket.end();
  await once(socket, 'close');
});

t.test('a client that waits for 100 before it sends its body', async (t) => {
  const { url } = await serve(t, testApp(celsius).app, { bodyLimitBytes: 100 });
  const head = (...lines: string[]) =>
    `${['POST /celsius HTTP/1.1', 'expect: 100-continue', ...lines].join('\r\n')}\r\n\r\n`;
  const connection = await RawConnection.open(url);
  connection.write(head('host: t', 'content-length: 18'));
  t.match(await connection.answer(), { status: 100 });
  connection.write('{"fahrenheit":212}');
  t.match(await connection.answer(), { status: 200, body: /"celsius":100,/ });
  connection.destroy();
  for (const { lines, status } of [
    { lines: ['host: t', 'content-length: 101'], status: 413 },
    { lines: ['content-length: 18'], status: 400 },
  ]) {
    const refused = await RawConnection.open(url);
    refused.write(head(...lines));
    t.match(await refused.answer(), { status, headers: { connection: 'close' } }, 'at once, without a 100');
    refused.destroy();
  }
});

t.test('room for all bodies together', async (t) => {
  const { app } = testApp(celsius);
  const { url } = await serve(t, app, { bodiesLimitBytes: 10_000 });
  const body = `{"fahrenheit":212${' '.repeat(7_000)}}`;
  const [begin, rest] = [post('/celsius', body).slice(0, -10), post('/celsius', body).slice(-10)];
  const turn = () => exchange(url, HEALTH); // what was written before has been read when this is answered
  for (const leaves of [false, true]) {
    const first = await RawConnection.open(url);
    first.write(begin);
    await turn();
    t.match(
      await exchange(url, begin),
      { status: 503, headers: { 'retry-after': '1', connection: 'close' }, body: /BODIES_LIMIT_BYTES/ },
      'no room for a second',
    );
    if (!leaves) {
      first.write(rest);
      t.match(await first.answer(), { status: 200, body: /"celsius":100,/ }, 'the first is answered');
    }
    first.destroy();
    await first.closed;
    await turn();
  }
  const large = post('/celsius', `{"fahrenheit":212${' '.repeat(50_000)}}`);
  t.match(await exchange(url, large), { status: 200 }, 'one alone always has room, and all was given back');
  t.match(await exchange(url, large), { status: 200 }, 'after it, too');
});

t.test('requests that came whole and wait take room, too', async (t) => {
  const { app } = testApp(celsius);
  const waiting: (() => void)[] = [];
  const slow = {
    ...bare(app),
    handle: async (request: HttpRequest) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return app.handle(request);
    },
  };
  const { url } = await serve(t, slow, { bodiesLimitBytes: 10_000 });
  const request = post('/celsius', `{"fahrenheit":212${' '.repeat(4_000)}}`);
  const connections = await Promise.all(Array.from({ length: 3 }, () => RawConnection.open(url)));
  for (const connection of connections) connection.write(request);
  const answers = connections.map((connection) => connection.answer());
  t.match(await Promise.race(answers), { status: 503, headers: { 'retry-after': '1' } });
  for (const goOn of waiting.splice(0)) goOn();
  t.same((await Promise.all(answers)).map((answer) => answer?.status).sort(), [200, 200, 503]);
  for (const connection of connections) connection.write(request);
  const again = connections.map((connection) => connection.answer());
  t.match(await Promise.race(again), { status: 503 }, 'the connection goes on, and the room was given back');
  for (const goOn of waiting.splice(0)) goOn();
  await Promise.all(again);
  for (const connection of connections) connection.destroy();
});

t.test('time-outs', async (t) => {
  const { app, runId } = testApp(celsius);
  const { url } = await serve(t, app, {
    headersTimeoutMs: 50,
    requestTimeoutMs: 100,
    keepAliveTimeoutMs: 50,
  });
  const start = 'POST /celsius HTTP/1.1\r\nhost: t\r\ncontent-length: 18\r\n';
  for (const { name, data, status } of [
    { name: 'headers that do not end', data: start, status: 408 },
    { name: 'a body that does not end', data: `${start}\r\n{"fahr`, status: 408 },
    {
      name: 'a chunk that does not come',
      data: 'POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n5\r\n',
      status: 408,
    },
  ]) {
    const connection = await RawConnection.open(url);
    connection.write(data);
    t.match(
      await connection.answers(),
      [{ status, headers: { 'x-run-id': runId }, body: /REQUEST_TIMEOUT_MS/ }],
      name,
    );
    await connection.closed;
  }
  const idle = await RawConnection.open(url);
  idle.write(HEALTH);
  t.equal((await idle.answers()).length, 1, 'an idle connection is closed after its answer');
  const silent = await RawConnection.open(url);
  await silent.closed;
  t.pass('a connection on which nothing comes is closed');
});

t.test('a client that asks and does not read is cut', async (t) => {
  const body = 'x'.repeat(32 << 20); // more than the kernel's buffers hold
  const app: App = { ...bare(testApp(celsius).app), handle: () => ({ status: 200, headers: [], body }) };
  const { url, server } = await serve(t, app, { requestTimeoutMs: 100 });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(HEALTH);
  await once(socket, 'readable'); // read no further than this
  t.equal(await server.drain(60_000), 0, 'long before the drain would cut it');
  socket.destroy();
  await t.rejects(RawConnection.open(url), 'the server is closed');
});
