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
function counted(): SocketReader & { begun: number; expected: number; underWay: number } {
  const reader = {
    begun: 0,
    /** Requests that were expected. */
    expected: 0,
    underWay: 0,
    pending: (socket: number) => receiver.pending(socket),
    receive: (...[socket, body, from, upTo, done, begin]: Parameters<SocketReader['receive']>) => {
      if (from < upTo && begin === undefined) reader.begun++;
      if (begin !== undefined) reader.expected++;
      reader.underWay++;
      const told = (bytes: number) => {
        reader.underWay--;
        done(bytes);
      };
      return receiver.receive(socket, body, from, upTo, told, begin);
    },
    cancel: (receipt: number) => {
      reader.underWay--;
      return receiver.cancel(receipt);
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
  await until(() => reader.underWay === 0);
});

/** A connection whose next request is expected to be like the large one that it has sent. */
async function expecting(url: string, reader: { readonly expected: number }) {
  const connection = await RawConnection.open(url);
  const before = reader.expected;
  connection.write(post('/celsius', question(1 << 20)));
  t.match(await connection.answer(), { status: 200 });
  t.equal(reader.expected, before + 1);
  return connection;
}

t.test('after a large request another one like it is expected', async (t) => {
  const reader = counted();
  const { url } = await serve(t, testAppOf(celsius), { ...LIMITS, keepAliveTimeoutMs: 60_000, reader });
  const large = post('/celsius', question(1 << 20));
  for (const [what, pieces] of [
    ['comes, in pieces', [large.slice(0, 10), large.slice(10, 300_000), large.slice(300_000)]],
    ['comes so late that it is not waited for', [large.slice(0, 300_000), undefined, large.slice(300_000)]],
    ['is of another length', [post('/celsius', question((1 << 20) + 1))]],
    ['is of another length, and late', [post('/celsius', question(900_000)).slice(0, 5_000), undefined]],
    ['is a small one', [post('/celsius', question(20))]],
    ['is a probe', [HEALTH]],
    ['comes after a while', [undefined, large]],
    [
      'is chunked',
      [
        `${HEALTH.replace('GET /healthz', 'POST /celsius').trimEnd()}\r\ntransfer-encoding: chunked\r\n\r\n12\r\n`,
        `${question(18)}\r\n0\r\n\r\n`,
      ],
    ],
  ] as const) {
    const connection = await expecting(url, reader);
    for (const piece of pieces) {
      if (piece === undefined) await sleep(1_100);
      else {
        connection.write(piece);
        await exchange(url, HEALTH); // by its answer the bytes before have been read
      }
    }
    if (what === 'is of another length, and late')
      connection.write(post('/celsius', question(900_000)).slice(5_000));
    t.match(await connection.answer(), { status: 200 }, what);
    connection.write(large + HEALTH);
    t.match(
      [await connection.answer(), await connection.answer()],
      [{ status: 200 }, { status: 200 }],
      'and goes on',
    );
    connection.destroy();
  }
  await until(() => reader.underWay === 0);
});

t.test('who is expected to send, and ends, goes, or is slow', async (t) => {
  const reader = counted();
  const limits = {
    ...LIMITS,
    bodiesLimitBytes: 3 << 20,
    requestTimeoutMs: 400,
    keepAliveTimeoutMs: 300,
    reader,
  };
  const { url } = await serve(t, testAppOf(celsius), limits);
  const idle = await expecting(url, reader);
  t.same(await idle.answers(), [], 'nothing comes: the connection ends without a word');
  const slow = await expecting(url, reader);
  slow.write(post('/celsius', question(1 << 20)).slice(0, 300_000));
  t.match(await slow.answers(), [{ status: 408, body: /REQUEST_TIMEOUT_MS/ }]);
  const ends = await expecting(url, reader);
  ends.socket.end();
  await ends.closed;
  const goes = await expecting(url, reader);
  goes.write(post('/celsius', question(1 << 20)).slice(0, 300_000));
  goes.socket.resetAndDestroy();
  await until(() => reader.underWay === 0);
  const last = await expecting(url, reader);
  last.write(post('/celsius', question(1 << 20)));
  last.socket.end();
  t.match(
    await last.answers(),
    [{ status: 200 }],
    'one that has said all that it will is answered, and its connection ends',
  );
  await until(() => reader.underWay === 0);
});

t.test('room for what is expected is others’ as soon as they need it', async (t) => {
  const reader = counted();
  const limits = { ...LIMITS, bodiesLimitBytes: 2_500_000, reader };
  const { url } = await serve(t, testAppOf(celsius), limits);
  const first = await expecting(url, reader);
  const begun = await RawConnection.open(url);
  begun.write(post('/celsius', question(2_400_000)).slice(0, 2_399_000));
  await until(() => reader.underWay === 1); // the first is no longer expected
  first.write(post('/celsius', '{"fahrenheit":212}'));
  t.match(await first.answer(), { status: 200 });
  begun.write(post('/celsius', question(2_400_000)).slice(2_399_000));
  t.match(await begun.answer(), { status: 200 });
});

t.test('a client that goes while its request is answered is seen to have gone', async (t) => {
  const app = testAppOf(celsius);
  const asked: HttpRequest[] = [];
  let goOn = () => {};
  const waits = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const slow = {
    ...bare(app),
    handle: async (request: HttpRequest) => {
      asked.push(request);
      await waits;
      return app.handle(request);
    },
  };
  const reader = counted();
  const { url } = await serve(t, slow, { ...LIMITS, reader });
  const connection = await RawConnection.open(url);
  connection.write(post('/celsius', question(1 << 20)));
  await until(() => asked.length === 1);
  t.equal(asked[0]?.gone(), false);
  connection.socket.resetAndDestroy();
  await until(() => asked[0]?.gone() === true);
  await until(() => reader.underWay === 0);
  goOn();
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

t.test('a body that is read is not kept until the answer, however it came', async (t) => {
  const app = testAppOf(celsius);
  const bodies: Buffer[] = [];
  const watched = {
    ...bare(app),
    handle: async (request: HttpRequest) => {
      bodies.push(request.body);
      return app.handle(request);
    },
  };
  const { url } = await serve(t, watched, { ...LIMITS, reader: counted() });
  const body = question(1 << 20);
  const chunked = (size: number) => {
    const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, i) =>
      body.slice(i * size, (i + 1) * size),
    );
    const lines = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
    return `POST /celsius HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n${lines.join('')}0\r\n\r\n`;
  };
  for (const [how, sent] of [
    ['kept alive', post('/celsius', body)],
    ['as the last of its connection', post('/celsius', body, ['connection: close'])],
    ['by node:http', post('/celsius', body, ['te: trailers'])],
    ['in chunks', chunked(100_000)],
    ['in small chunks', chunked(3_000)],
  ] as const) {
    t.match(await exchange(url, sent), { status: 200, body: /"celsius":100,/ }, how);
    t.equal(bodies.pop()?.length, 0, `${how}: its memory is gone`);
  }
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

t.test(
  'a drain closes connections whose next request is expected, and answers what has begun to come',
  async (t) => {
    const reader = counted();
    const { url, server } = await serve(t, testAppOf(celsius), {
      ...LIMITS,
      keepAliveTimeoutMs: 60_000,
      reader,
    });
    const idle = await expecting(url, reader);
    const begun = await expecting(url, reader);
    const drained = server.drain(60_000);
    begun.write(post('/celsius', question(1 << 20)).slice(0, 300_000));
    t.same(await idle.answers(), []);
    begun.write(post('/celsius', question(1 << 20)).slice(300_000));
    t.match(await begun.answers(), [{ status: 200, headers: { connection: 'close' } }]);
    t.equal(await drained, 0);
  },
);

t.test('where sockets cannot be read so', async (t) => {
  const reader: SocketReader = {
    pending: () => 0,
    receive: () => undefined,
    cancel: () => Number(t.fail('nothing is under way')),
  };
  const { url } = await serve(t, testAppOf(celsius), { ...LIMITS, reader });
  t.match(await exchange(url, post('/celsius', question(1 << 20))), { status: 200 });
});
