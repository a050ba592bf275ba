// @grpc/grpc-js as the client: what it can say, it says; what it cannot is written frame by frame.
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  Client,
  type ClientOptions,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { RequestError } from '../errors.ts';
import { Flag, Frame } from '../http2/protocol.ts';
import { serveGrpc } from '../testing/grpc-server.ts';
import { CALL, frame, Http2Peer, message } from '../testing/http2-peer.ts';
import type { Call, StreamMethod, UnaryMethod } from './call.ts';

const bytes = (value: Buffer) => value;
const turn = () => new Promise((resolve) => setImmediate(resolve));

function client(
  t: Test,
  port: number,
  options: ClientOptions = {},
  secure = credentials.createInsecure(),
): Client {
  const made = new Client(`localhost:${port}`, secure, options);
  t.teardown(() => made.close());
  return made;
}

interface Answer {
  readonly value: string | undefined;
  readonly code: number;
  readonly details: string;
  /** The head's metadata, or that of the trailers where there is no head. */
  readonly metadata: Record<string, unknown>;
}

function ask(
  client: Client,
  path: string,
  content: string | Buffer,
  options: { metadata?: Metadata; deadline?: number } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    let head: Record<string, unknown> = {};
    const { metadata = new Metadata(), ...rest } = options;
    client
      .makeUnaryRequest(
        path,
        bytes,
        bytes,
        Buffer.from(content),
        metadata,
        rest,
        (error: ServiceError | null, value) =>
          resolve({
            value: value?.toString(),
            code: error?.code ?? 0,
            details: error?.details ?? '',
            metadata: { ...head, ...error?.metadata.getMap() },
          }),
      )
      .on('metadata', (got) => {
        head = got.getMap();
      });
  });
}

const say = (handle: UnaryMethod['handle']): UnaryMethod => ({ path: '/test.Echo/Say', handle });
const echo = say((call) => call.message);

t.test('an answer at once, and one later', async (t) => {
  const later: UnaryMethod = { path: '/test.Echo/Later', handle: async (call) => call.message };
  const { port, records } = await serveGrpc(t, [echo, later]);
  const grpc = client(t, port);
  for (const path of ['/test.Echo/Say', '/test.Echo/Later']) {
    for (const content of ['', 'hello', 'x'.repeat(100_000)]) {
      t.match(await ask(grpc, path, content), { value: content, code: 0, metadata: { 'x-run-id': 'run-1' } });
    }
  }
  t.same(
    records.map(({ call, code }) => [call.method, code]),
    [...Array(3).fill(['/test.Echo/Say', 'OK']), ...Array(3).fill(['/test.Echo/Later', 'OK'])],
  );
});

t.test('errors', async (t) => {
  const text = ' no "é" 100% \n of 😀 ';
  const cases: [UnaryMethod['handle'], number, string][] = [
    [fails(new RequestError('INVALID_ARGUMENT', text)), status.INVALID_ARGUMENT, text],
    [async (call) => fails(new RequestError('NOT_FOUND', text))(call), status.NOT_FOUND, text],
    [fails(new RequestError('UNAVAILABLE', '')), status.UNAVAILABLE, ''],
    [fails(new Error('secret')), status.INTERNAL, 'a fault of this server; its log says more'],
  ];
  for (const [handle, code, details] of cases) {
    const { port, records, faults } = await serveGrpc(t, [say(handle)]);
    const answer = await ask(client(t, port), '/test.Echo/Say', '');
    t.match(answer, { value: undefined, code, details, metadata: { 'x-run-id': 'run-1' } });
    t.equal(status[records[0]?.code ?? 'OK'], code);
    t.equal(faults.length, code === status.INTERNAL ? 1 : 0);
  }
  const { port } = await serveGrpc(t, [echo]);
  t.match(await ask(client(t, port), '/test.Echo/Nothing', ''), { code: status.UNIMPLEMENTED });

  function fails(error: Error) {
    return (_call: Call) => {
      throw error;
    };
  }
});

t.test('what the caller sends along', async (t) => {
  let seen: (string | undefined)[] = [];
  const { port } = await serveGrpc(t, [
    say((call) => {
      seen = ['x-request-id', 'traceparent', 'x-nothing'].map((name) => call.metadata(name));
      return call.message;
    }),
  ]);
  const metadata = new Metadata();
  metadata.set('X-Request-ID', 'abc');
  metadata.set('traceparent', '00-1-2-01');
  await ask(client(t, port), '/test.Echo/Say', '', { metadata });
  t.same(seen, ['abc', '00-1-2-01', undefined]);
});

t.test('messages of calls that wait have their room until they are answered', async (t) => {
  const waiting: (() => void)[] = [];
  const method = say(async (call) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return call.message;
  });
  const { port } = await serveGrpc(t, [method], { room: 10_000 });
  const grpc = client(t, port);
  const calls = Array.from({ length: 3 }, () => ask(grpc, '/test.Echo/Say', 'x'.repeat(4000)));
  t.match(await Promise.race(calls), { code: status.RESOURCE_EXHAUSTED, details: /BODIES_LIMIT_BYTES/ });
  for (const goOn of waiting.splice(0)) goOn();
  t.same((await Promise.all(calls)).map(({ code }) => code).sort(), [0, 0, status.RESOURCE_EXHAUSTED]);
  const again = ask(grpc, '/test.Echo/Say', 'x'.repeat(9000));
  while (waiting.length === 0) await turn();
  waiting[0]?.();
  t.match(await again, { code: 0 }, 'all was given back');
});

t.test('a message that is read is not kept until the answer, and its room is others’', async (t) => {
  const waiting: (() => void)[] = [];
  const method = say(async (call) => {
    const { length } = call.message;
    call.messageRead?.();
    const left = call.message.length;
    await new Promise<void>((resolve) => waiting.push(resolve));
    return Buffer.from(`${length} ${left}`);
  });
  const { port } = await serveGrpc(t, [method], { room: 250_000 });
  const plain = client(t, port);
  const zipped = client(t, port, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
  const answers: Promise<Answer>[] = [];
  for (const each of [plain, plain, zipped, zipped]) {
    answers.push(ask(each, '/test.Echo/Say', 'x'.repeat(200_000)));
    while (waiting.length < answers.length) await turn();
  }
  for (const goOn of waiting) goOn();
  for (const { code, value } of await Promise.all(answers)) t.same([code, value], [0, '200000 0']);
});

t.test('messages beyond the limit', async (t) => {
  const { port, server } = await serveGrpc(t, [echo], { messageLimit: 1000 });
  const grpc = client(t, port);
  t.match(await ask(grpc, '/test.Echo/Say', 'x'.repeat(1000)), { code: 0 });
  for (const size of [1001, 100_000, 5_000_000]) {
    t.match(await ask(grpc, '/test.Echo/Say', 'x'.repeat(size)), {
      code: status.RESOURCE_EXHAUSTED,
      details: 'the message is larger than 1000 bytes (BODY_LIMIT_BYTES)',
    });
  }
  const bomb = client(t, port, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
  t.match(await ask(bomb, '/test.Echo/Say', 'x'.repeat(1001)), { code: status.RESOURCE_EXHAUSTED });
  t.match(await ask(grpc, '/test.Echo/Say', 'x'), { code: 0 }, 'the connection goes on');
  t.equal(server.inFlight, 0);
});

t.test('room for all messages together', async (t) => {
  const { port } = await serveGrpc(t, [echo], { room: 1000 });
  const [first, second] = [await Http2Peer.open(port), await Http2Peer.open(port)];
  first.write(first.headers(1, CALL), frame(Frame.DATA, 0, 1, message('x'.repeat(2000)).subarray(0, 900)));
  await first.until(Frame.SETTINGS);
  await turn();
  const content = 'x'.repeat(500);
  const parts = (stream: number) => [
    second.headers(stream, CALL),
    frame(Frame.DATA, 0, stream, message(content).subarray(0, 400)),
    frame(Frame.DATA, Flag.END_STREAM, stream, message(content).subarray(400)),
  ];
  second.write(...parts(1));
  t.match((await second.answer(1)).fields, { 'grpc-status': String(status.RESOURCE_EXHAUSTED) });
  first.write(frame(Frame.DATA, Flag.END_STREAM, 1, message('x'.repeat(2000)).subarray(900)));
  t.match((await first.answer(1)).fields, { 'grpc-status': '0' }, 'one message alone always has room');
  second.write(...parts(3));
  t.match((await second.answer(3)).fields, { 'grpc-status': '0' });
  first.socket.destroy();
  second.socket.destroy();
});

t.test('gzip both ways, for who uses it', async (t) => {
  const { port } = await serveGrpc(t, [echo]);
  const content = 'what is said '.repeat(1000);
  const grpc = client(t, port, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
  t.match(await ask(grpc, '/test.Echo/Say', content), { value: content, code: 0 });

  const peer = await Http2Peer.open(port);
  const fields = [...CALL, 'grpc-encoding', 'gzip', 'grpc-accept-encoding', 'gzip'];
  const zipped = (stream: number, body: Buffer) => [
    peer.headers(stream, fields),
    frame(Frame.DATA, Flag.END_STREAM, stream, message(body, 1)),
  ];
  peer.write(...zipped(1, gzipSync(content)));
  const answer = await peer.answer(1);
  t.match(answer.fields, { 'grpc-encoding': 'gzip', 'grpc-status': '0' });
  t.equal(answer.data[0], 1);
  t.equal(gunzipSync(answer.data.subarray(5)).toString(), content);
  peer.write(peer.call(3, content, fields));
  t.equal(
    (await peer.answer(3)).data.length,
    content.length + 5,
    'none for a message that is not compressed',
  );
  peer.write(...zipped(5, gzipSync(content).subarray(0, 50)));
  t.match((await peer.answer(5)).fields, { 'grpc-status': String(status.INTERNAL) }, 'half a gzip stream');
  peer.write(peer.headers(7, CALL), frame(Frame.DATA, Flag.END_STREAM, 7, message(gzipSync(content), 1)));
  t.match((await peer.answer(7)).fields, { 'grpc-status': String(status.INTERNAL) }, 'compressed, but how?');
  peer.write(peer.call(9, 'x', [...CALL, 'grpc-encoding', 'snappy']));
  t.match((await peer.answer(9)).fields, {
    'grpc-status': String(status.UNIMPLEMENTED),
    'grpc-accept-encoding': 'identity,gzip',
  });
  peer.socket.destroy();
});

t.test('deadlines', async (t) => {
  let seen: number | undefined;
  let gone: boolean[] = [];
  const { port, records } = await serveGrpc(t, [
    say(async (call) => {
      seen = call.deadlineMs;
      gone = [call.gone()];
      while (call.deadlineMs !== undefined && !call.gone()) await turn();
      gone.push(call.gone());
      return call.message;
    }),
  ]);
  const peer = await Http2Peer.open(port);
  const before = performance.now();
  peer.write(peer.call(1, 'x', [...CALL, 'grpc-timeout', '30m']));
  t.match((await peer.answer(1)).fields, { 'grpc-status': String(status.DEADLINE_EXCEEDED) });
  t.ok(seen !== undefined && seen >= before + 30 && seen <= performance.now());
  t.same(gone, [false, true]);
  t.equal(records[0]?.code, 'DEADLINE_EXCEEDED');
  let stream = 3;
  for (const timeout of ['', '1', 'm', '-1m', '1.5S', '123456789m', '1x']) {
    peer.write(peer.call(stream, 'x', [...CALL, 'grpc-timeout', timeout]));
    t.match((await peer.answer(stream)).fields, { 'grpc-status': '0' }, `${timeout} is none`);
    stream += 2;
  }
  peer.socket.destroy();
});

t.test('a call that is cancelled', async (t) => {
  const gone: boolean[] = [];
  let end = () => {};
  const waits = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { port, server, records } = await serveGrpc(t, [
    say(async (call) => {
      gone.push(call.gone());
      await waits;
      gone.push(call.gone());
      return call.message;
    }),
  ]);
  const grpc = client(t, port);
  const call = grpc.makeUnaryRequest('/test.Echo/Say', bytes, bytes, Buffer.from('x'), () => {});
  while (gone.length === 0) await turn();
  call.cancel();
  while (server.inFlight > 0) await turn();
  end();
  await turn();
  t.same(gone, [false, true]);
  t.same(
    records.map(({ code }) => code),
    ['CANCELLED'],
  );
});

t.test('what is no call', async (t) => {
  const { port } = await serveGrpc(t, [echo]);
  const request = (method: string, type: string) => [
    ':method',
    method,
    ':scheme',
    'http',
    ':path',
    '/',
    'content-type',
    type,
  ];
  const peer = await Http2Peer.open(port);
  const cases = [
    request('GET', 'application/grpc'),
    request('POST', 'application/json'),
    request('POST', 'application/grpc-web'),
    request('POST', 'application/grpc+json'),
  ];
  for (const [i, fields] of cases.entries()) {
    peer.write(peer.headers(2 * i + 1, fields, Flag.END_HEADERS | Flag.END_STREAM));
    t.match((await peer.answer(2 * i + 1)).fields, { ':status': '415' });
  }
  for (const [i, data] of [Buffer.alloc(0), Buffer.alloc(3), message('hello').subarray(0, 8)].entries()) {
    const stream = 2 * i + 101;
    peer.write(peer.headers(stream, CALL), frame(Frame.DATA, Flag.END_STREAM, stream, data));
    t.match(
      (await peer.answer(stream)).fields,
      { 'grpc-status': String(status.INTERNAL) },
      'no whole message',
    );
  }
  peer.write(
    peer.headers(201, [...CALL.slice(0, -4), 'content-type', 'application/grpc+proto']),
    frame(Frame.DATA, Flag.END_STREAM, 201, Buffer.concat([message('one'), message('two')])),
  );
  t.match(
    await peer.answer(201),
    { data: message('one') },
    'a second message is not looked at, nor is te missed',
  );
  peer.socket.destroy();
});

t.test('many messages both ways', async (t) => {
  const chat: StreamMethod = {
    path: '/test.Echo/Chat',
    open: (call) => ({
      message: (message) => {
        if (message.toString() === 'fail') throw new RequestError('OUT_OF_RANGE', 'as wanted');
        call.send(message);
      },
      ended: () => call.end(),
      closed: () => closed.push(call.gone()),
    }),
  };
  const closed: boolean[] = [];
  const { port, server } = await serveGrpc(t, [chat]);
  const grpc = client(t, port);
  const talk = (...contents: string[]) =>
    new Promise<unknown[]>((resolve) => {
      const got: unknown[] = [];
      const stream = grpc.makeBidiStreamRequest('/test.Echo/Chat', bytes, bytes);
      stream.on('data', (message: Buffer) => got.push(message.toString()));
      stream.on('error', () => {}); // it comes as the status, too
      stream.on('status', ({ code }) => resolve([...got, code]));
      for (const content of contents) stream.write(Buffer.from(content));
      stream.end();
    });
  t.same(await talk(), [0]);
  t.same(await talk('a', 'b', 'c'), ['a', 'b', 'c', 0]);
  t.same(await talk('a', 'fail', 'c'), ['a', status.OUT_OF_RANGE]);
  const left = grpc.makeBidiStreamRequest('/test.Echo/Chat', bytes, bytes);
  left.on('error', () => {});
  left.write(Buffer.from('a'));
  await new Promise((resolve) => left.once('data', resolve));
  left.cancel();
  while (server.inFlight > 0) await turn();
  t.equal(closed.length, 4, 'each told of its end');
});
