// Large bodies are read off the event loop, and must be answered as node:http answers them. `te: trailers` says nothing
// that matters here, and keeps a request off the fast lane.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Receiver } from '../native/receiver.ts';
import { testApp, testBinding, testModel } from '../testing/app.ts';
import { bare, serve } from '../testing/http-server.ts';
import { exchange, post, RawConnection } from '../testing/socket.ts';
import type { SocketReader } from './large-body.ts';
import type { HttpRequest } from './message.ts';

const celsius = await testModel(t);
const receiver = new Receiver(testBinding());

/** The receiver, and how many bodies it was given and has not been done with. */
function counted(): SocketReader & { begun: number; underWay: number } {
  const reader = {
    begun: 0,
    underWay: 0,
    pending: (socket: number) => receiver.pending(socket),
    receive: (...[socket, body, from, upTo, done]: Parameters<SocketReader['receive']>) => {
      reader.begun++;
      reader.underWay++;
      return receiver.receive(socket, body, from, upTo, (bytes) => {
        reader.underWay--;
        done(bytes);
      });
    },
    cancel: (receipt: number) => {
      reader.underWay--;
      receiver.cancel(receipt);
    },
  };
  return reader;
}

const LIMITS = { bodyLimitBytes: 8 << 20 };
const testAppOf = (model: typeof celsius) => testApp(model, LIMITS).app;

/** JSON of so many bytes that asks for 212 °F. */
const question = (bytes: number) => `{"fahrenheit":212${' '.repeat(bytes - 18)}}`;

const HEALTH = 'GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n';

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1);
}

const SIZES = [(1 << 16) + 1, 200_000, 5 << 20];
const BODIES = [
  ...SIZES.map((size) => ['/celsius', question(size)] as const),
  ['/celsius', `{"fahrenheit":[212${',32'.repeat(50_000)}]}`],
  ['/celsius', `[${' '.repeat(100_000)}`],
  ['/v1/models/celsius:predict', `{"instances":[212${' '.repeat(100_000)}]}`],
  ['/v1/models/nope:predict', `{"instances":[212${' '.repeat(100_000)}]}`],
  [
    '/v2/models/celsius/infer',
    `{"inputs":[{"name":"fahrenheit","shape":[1],"datatype":"FP32","data":[212${' '.repeat(100_000)}]}]}`,
  ],
  ['/nowhere', '.'.repeat(100_000)],
] as const;

t.test('the same answers as node:http gives', async (t) => {
  const reader = counted();
  const { url } = await serve(t, testAppOf(celsius), { ...LIMITS, reader });
  for (const [path, body] of BODIES) {
    const expected = await exchange(url, post(path, body, ['te: trailers']));
    const plain = post(path, body);
    const head = plain.indexOf('\r\n\r\n') + 4;
    for (const at of [0, 20, head, head + 1, head + 70_000, plain.length - 1]) {
      const before = reader.begun;
      const connection = await RawConnection.open(url);
      connection.write(plain.slice(0, at));
      if (at > 0) await exchange(url, HEALTH); // by its answer the bytes before have been read
      connection.write(plain.slice(at));
      const { date, ...headers } = (await connection.answer())?.headers ?? {};
      const { date: otherDate, ...expectedHeaders } = expected?.headers ?? {};
      t.same(headers, expectedHeaders, `${path}, ${body.length} bytes, in two pieces at ${at}`);
      // A head in two pieces is node:http's.
      if (at !== 20) t.ok(reader.begun > before, 'read off the event loop');
      connection.write(plain + HEALTH);
      t.equal((await connection.answer())?.body, expected?.body, 'on the same connection');
      t.match(await connection.answer(), { status: 200 }, 'and what stood behind it');
      connection.destroy();
    }
  }
  t.equal(reader.underWay, 0);
});

t.test('32 at once', async (t) => {
  const { url } = await serve(t, testAppOf(celsius), {
    ...LIMITS,
    bodiesLimitBytes: 1 << 28,
    reader: counted(),
  });
  const bodies = Array.from(
    { length: 32 },
    (_, i) => `{"fahrenheit":[${`${i}${' '.repeat(500)},`.repeat(1_000)}${i}]}`,
  );
  const answers = await Promise.all(bodies.map((body) => exchange(url, post('/celsius', body))));
  for (const [i, answer] of answers.entries()) {
    const { celsius: degrees }: { celsius: number[] } = JSON.parse(answer?.body ?? '');
    t.equal(degrees.length, 1_001);
    t.ok(
      degrees.every((each) => Math.abs(each - (i - 32) / 1.8) < 1e-4),
      `of ${i} °F`,
    );
  }
});

t.test('a client that goes, or ends, before its body is whole', async (t) => {
  const app = testAppOf(celsius);
  const reader = counted();
  const { url } = await serve(t, app, { ...LIMITS, bodiesLimitBytes: 1 << 20, reader });
  const begin = post('/celsius', question(1 << 20)).slice(0, 300_000);
  const leaves = await RawConnection.open(url);
  leaves.write(begin);
  await until(() => reader.underWay > 0);
  leaves.destroy();
  await until(() => reader.underWay === 0);
  const ends = await RawConnection.open(url);
  ends.write(begin);
  ends.socket.end();
  const answer = await ends.answer(); // one after the other: there is room for one of them
  await until(() => reader.underWay === 0);
  const offTheLane = await RawConnection.open(url);
  offTheLane.write(begin.replace('host: test', 'host: test\r\nte: trailers'));
  offTheLane.socket.end();
  const expected = await offTheLane.answer();
  t.same([answer?.status, answer?.body], [expected?.status, expected?.body], 'judged by node:http');
  t.match(await exchange(url, post('/celsius', question(1 << 20))), { status: 200 }, 'room was given back');
  t.equal(app.inFlight, 0);
});

t.test('limits', async (t) => {
  const reader = counted();
  const limits = { bodyLimitBytes: 1 << 20, bodiesLimitBytes: 1_500_000, requestTimeoutMs: 400, reader };
  const { url } = await serve(t, testAppOf(celsius), limits);
  t.match(await exchange(url, post('/celsius', question((1 << 20) + 1))), { status: 413 });
  t.equal(reader.begun, 0, 'one that is too large is left to node:http');
  const slow = await RawConnection.open(url);
  slow.write(post('/celsius', question(1 << 20)).slice(0, 600_000));
  await until(() => reader.underWay > 0);
  t.match(
    await exchange(url, post('/celsius', question(1 << 20))),
    { status: 503, headers: { connection: 'close' }, body: /BODIES_LIMIT_BYTES/ },
    'no room for a second',
  );
  t.match(await slow.answers(), [{ status: 408, body: /REQUEST_TIMEOUT_MS/ }]);
  await slow.closed;
  await until(() => reader.underWay === 0);
  t.match(await exchange(url, post('/celsius', question(1 << 20))), { status: 200 }, 'all was given back');
});

t.test('room is taken for what was sent, not for what is said to come', async (t) => {
  const { url } = await serve(t, testAppOf(celsius), {
    ...LIMITS,
    bodiesLimitBytes: 1 << 20,
    reader: counted(),
  });
  const slow = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(url)));
  for (const connection of slow) connection.write(post('/celsius', question(1 << 20)).slice(0, 200));
  await exchange(url, HEALTH);
  t.match(await exchange(url, post('/celsius', question(500_000))), { status: 200 });
  t.match(await exchange(url, post('/celsius', '{"fahrenheit":212}')), { status: 200 });
  for (const connection of slow) connection.destroy();
});

t.test('in one go while there is room, by steps where promises have taken half of it', async (t) => {
  const reader = counted();
  const limits = { ...LIMITS, bodiesLimitBytes: 4 << 20, reader };
  const { url } = await serve(t, testAppOf(celsius), limits);
  const piecemeal = async () => {
    const plain = post('/celsius', question(1 << 20));
    const before = reader.begun;
    const connection = await RawConnection.open(url);
    for (let at = 0; at < plain.length; at += 100_000) {
      connection.write(plain.slice(at, at + 100_000));
      await exchange(url, HEALTH);
    }
    t.match(await connection.answer(), { status: 200 });
    connection.destroy();
    return reader.begun - before;
  };
  t.equal(await piecemeal(), 1);
  const slow = await Promise.all([1, 2, 3].map(() => RawConnection.open(url)));
  for (const connection of slow) connection.write(post('/celsius', question(1 << 20)).slice(0, 200));
  await until(() => reader.underWay === slow.length);
  t.ok((await piecemeal()) > 1);
  for (const connection of slow) connection.destroy();
});

t.test('a body that is read is not kept until the answer', async (t) => {
  const app = testAppOf(celsius);
  const waiting: (() => void)[] = [];
  const slow = {
    ...bare(app),
    handle: async (request: HttpRequest) => {
      const answer = await app.handle(request);
      await new Promise<void>((resolve) => waiting.push(resolve));
      t.equal(request.body.length, 0);
      return answer;
    },
  };
  const { url } = await serve(t, slow, { ...LIMITS, bodiesLimitBytes: 1_500_000, reader: counted() });
  const first = exchange(url, post('/celsius', question(1 << 20)));
  await until(() => waiting.length === 1);
  const second = exchange(url, post('/celsius', question(1 << 20)));
  await until(() => waiting.length === 2);
  for (const goOn of waiting) goOn();
  t.match(await Promise.all([first, second]), [{ status: 200 }, { status: 200 }], 'there was room for both');
});

t.test('a drain waits for what is being sent, and cuts it at its end', async (t) => {
  for (const { sent, cut } of [
    { sent: true, cut: 0 },
    { sent: false, cut: 1 },
  ]) {
    const reader = counted();
    const { url, server } = await serve(t, testAppOf(celsius), { ...LIMITS, reader });
    const connection = await RawConnection.open(url);
    const plain = post('/celsius', question(1 << 20));
    connection.write(plain.slice(0, 300_000));
    await until(() => reader.underWay > 0);
    const drained = server.drain(sent ? 60_000 : 300);
    if (sent) {
      while (
        await RawConnection.open(url).then(
          (late) => late.destroy() ?? true,
          () => false,
        )
      );
      connection.write(plain.slice(300_000));
    }
    t.match(await connection.answers(), sent ? [{ status: 200, headers: { connection: 'close' } }] : []);
    t.equal(await drained, cut);
    t.equal(reader.underWay, 0);
  }
});

t.test('where sockets cannot be read so', async (t) => {
  const reader: SocketReader = {
    pending: () => 0,
    receive: () => undefined,
    cancel: () => t.fail('nothing is under way'),
  };
  const { url } = await serve(t, testAppOf(celsius), { ...LIMITS, reader });
  t.match(await exchange(url, post('/celsius', question(1 << 20))), { status: 200 });
});
