// h2spec tries what RFC 9113 has of rules; here is what it says nothing of: limits, floods, slow peers, windows, ends.
import t from 'tap';
import type { UnaryMethod } from '../grpc/call.ts';
import { serveGrpc } from '../testing/grpc-server.ts';
import { CALL, frame, Http2Peer, message, setting, uint32 } from '../testing/http2-peer.ts';
import { ErrorCode, Flag, Frame, Setting } from './protocol.ts';

const echo: UnaryMethod = { path: '/test.Echo/Say', handle: (call) => call.message };

/** Never answers. */
const silent: UnaryMethod = { path: '/test.Echo/Say', handle: () => new Promise(() => {}) };

/** Answers with many bytes. */
const large: UnaryMethod = { path: '/test.Echo/Say', handle: () => Buffer.alloc(200_000, 7) };

const many = (count: number, part: (i: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, i) => part(i)));

t.test('peers that make work without an end lose their connection', async (t) => {
  const block = (peer: Http2Peer) => peer.headers(1, CALL).subarray(9);
  const attacks: Record<string, (peer: Http2Peer) => Buffer> = {
    'rapid reset (CVE-2023-44487)': (peer) =>
      many(2000, (i) =>
        Buffer.concat([
          peer.headers(2 * i + 1, CALL),
          frame(Frame.RST_STREAM, 0, 2 * i + 1, uint32(ErrorCode.CANCEL)),
        ]),
      ),
    'resets that the server is made to send (CVE-2025-8671)': (peer) =>
      many(2000, (i) =>
        Buffer.concat([peer.headers(2 * i + 1, CALL), frame(Frame.WINDOW_UPDATE, 0, 2 * i + 1, uint32(0))]),
      ),
    'streams beyond the limit': (peer) => many(2000, (i) => peer.headers(2 * i + 1, CALL)),
    'headers beyond the limit': (peer) => {
      const [large] = [
        peer.headers(1, [...CALL, 'x', 'a'.repeat(16_150)], Flag.END_HEADERS | Flag.END_STREAM),
      ];
      return many(1200, (i) => {
        const one = Buffer.from(large);
        one.writeUInt32BE(2 * i + 1, 5);
        return one;
      });
    },
    'CONTINUATION flood (CVE-2024-27316)': (peer) =>
      Buffer.concat([
        frame(Frame.HEADERS, 0, 1, block(peer)),
        many(100, () => frame(Frame.CONTINUATION, 0, 1, Buffer.from('4001610162', 'hex'))),
      ]),
    'a header block without an end': (peer) =>
      Buffer.concat([
        frame(Frame.HEADERS, 0, 1, block(peer)),
        many(2, () => frame(Frame.CONTINUATION, 0, 1, Buffer.alloc(10_000, 0x82))),
      ]),
    'ping flood (CVE-2019-9512)': () => many(5000, () => frame(Frame.PING, 0, 0, Buffer.alloc(8))),
    'settings flood (CVE-2019-9515)': () =>
      many(5000, () => frame(Frame.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 65_535))),
    'empty frames (CVE-2019-9518)': (peer) =>
      Buffer.concat([peer.headers(1, CALL), many(5000, () => frame(Frame.DATA, 0, 1))]),
    'priorities (CVE-2019-9513)': () =>
      many(5000, () => frame(Frame.PRIORITY, 0, 1, uint32(0, 0).subarray(0, 5))),
    'room for an answer byte by byte (CVE-2019-9511)': (peer) =>
      Buffer.concat([peer.headers(1, CALL), many(5000, () => frame(Frame.WINDOW_UPDATE, 0, 1, uint32(1)))]),
    'room for all answers byte by byte': () => many(5000, () => frame(Frame.WINDOW_UPDATE, 0, 0, uint32(1))),
    'frames of an unknown type': () => many(5000, () => frame(0x42, 0, 0)),
  };
  for (const [name, attack] of Object.entries(attacks)) {
    const { port, peerErrors } = await serveGrpc(t, [silent]);
    const peer = await Http2Peer.open(port);
    peer.write(attack(peer));
    t.equal(await peer.goneAway(), ErrorCode.ENHANCE_YOUR_CALM, name);
    while (peerErrors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    t.equal(peerErrors.length, 1);
  }
});

t.test('a client that works may ping as often as it calls', async (t) => {
  const { port, peerErrors } = await serveGrpc(t, [echo]);
  const peer = await Http2Peer.open(port);
  for (let i = 0; i < 3000; i++) {
    peer.write(frame(Frame.PING, 0, 0, Buffer.alloc(8)), peer.call(2 * i + 1, 'x'));
    if (i % 100 === 99) await peer.answer(2 * i + 1);
  }
  t.same(peerErrors, []);
  peer.socket.destroy();
});

t.test('what takes too long ends', async (t) => {
  const times = { headersTimeoutMs: 40, requestTimeoutMs: 80, keepAliveTimeoutMs: 150 };
  const cases: Record<string, [write: (peer: Http2Peer) => Buffer, code: number]> = {
    'nothing but the preface': [() => Buffer.alloc(0), ErrorCode.NO_ERROR],
    'a header block in part': [(peer) => peer.headers(1, CALL, 0), ErrorCode.PROTOCOL_ERROR],
    'a frame in part': [(peer) => peer.headers(1, CALL).subarray(0, 12), ErrorCode.PROTOCOL_ERROR],
  };
  for (const [name, [write, code]] of Object.entries(cases)) {
    const { port } = await serveGrpc(t, [echo], times);
    const peer = await Http2Peer.open(port);
    peer.write(write(peer));
    t.equal(await peer.goneAway(), code, name);
  }
  const { port } = await serveGrpc(t, [echo], times);
  const mute = await Http2Peer.open(port, 'nothing');
  t.equal(await mute.goneAway(), ErrorCode.PROTOCOL_ERROR, 'no preface');

  const slow = await Http2Peer.open(port);
  slow.write(slow.headers(1, CALL), frame(Frame.DATA, 0, 1, message('hello').subarray(0, 7)));
  t.equal(
    (await slow.until(Frame.RST_STREAM)).payload.readUInt32BE(0),
    ErrorCode.CANCEL,
    'a message in part',
  );
  slow.socket.destroy();
});

t.test('a peer that takes none of its answer loses it, one that has gone silent is asked', async (t) => {
  const { port, server } = await serveGrpc(t, [large], { requestTimeoutMs: 60 });
  const peer = await Http2Peer.open(port, setting(Setting.INITIAL_WINDOW_SIZE, 10));
  peer.write(peer.call(1, ''));
  t.equal((await peer.until(Frame.RST_STREAM)).payload.readUInt32BE(0), ErrorCode.CANCEL);
  t.equal(server.inFlight, 0);
  peer.socket.destroy();

  const waiting = await serveGrpc(t, [silent], { keepAliveTimeoutMs: 60 });
  const asked = await Http2Peer.open(waiting.port);
  asked.write(asked.call(1, ''));
  t.equal((await asked.until(Frame.PING)).flags, 0);
  asked.socket.destroy();
});

t.test('an answer waits for windows, frame by frame', async (t) => {
  const { port } = await serveGrpc(t, [large]);
  const peer = await Http2Peer.open(port, setting(Setting.INITIAL_WINDOW_SIZE, 3));
  peer.write(peer.call(1, ''));
  t.same((await peer.until(Frame.DATA)).payload, Buffer.from([0, 0, 3]));
  peer.write(frame(Frame.WINDOW_UPDATE, 0, 1, uint32(1)));
  t.same((await peer.until(Frame.DATA)).payload, Buffer.from([0x0d]));
  peer.write(frame(Frame.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 1 << 20)));
  // The connection's own window stays 65535, of which 4 are spent.
  let received = 0;
  while (received < 65_531) received += (await peer.until(Frame.DATA)).payload.length;
  t.equal(received, 65_531);
  peer.write(frame(Frame.WINDOW_UPDATE, 0, 0, uint32(1 << 20)));
  const { fields, data } = await peer.answer(1);
  t.equal(fields['grpc-status'], '0');
  t.equal(data.length, 200_005 - 65_535);
  t.ok(data.equals(Buffer.alloc(data.length, 7)));
  peer.socket.destroy();
});

t.test('many streams that wait for one window all get their answers', async (t) => {
  const { port } = await serveGrpc(t, [large]);
  const peer = await Http2Peer.open(port, setting(Setting.INITIAL_WINDOW_SIZE, 1 << 20));
  peer.write(many(5, (i) => peer.call(2 * i + 1, '')));
  let bytes = 0;
  let ends = 0;
  while (ends < 5) {
    const got = await peer.next();
    if (got === undefined) break;
    if (got.type === Frame.DATA) {
      bytes += got.payload.length;
      peer.write(frame(Frame.WINDOW_UPDATE, 0, 0, uint32(got.payload.length)));
    }
    if ((got.flags & Flag.END_STREAM) !== 0 && got.type === Frame.HEADERS) ends++;
  }
  t.equal(bytes, 5 * 200_005);
  peer.socket.destroy();
});

t.test('messages in any pieces, with padding, priorities, continuations and trailers', async (t) => {
  const { port } = await serveGrpc(t, [echo]);
  const peer = await Http2Peer.open(port);
  const content = 'what is said '.repeat(10);
  const whole = Buffer.concat([peer.call(1, content), peer.call(3, content)]);
  for (const byte of whole) {
    peer.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.same((await peer.answer(1)).data.subarray(5).toString(), content);
  t.same((await peer.answer(3)).data.subarray(5).toString(), content, 'byte by byte');

  const block = peer.headers(5, CALL).subarray(9);
  const body = message(content);
  peer.write(
    frame(
      Frame.HEADERS,
      Flag.PADDED | Flag.PRIORITY,
      5,
      Buffer.concat([Buffer.from([3]), uint32(3), Buffer.from([16]), block.subarray(0, 2), Buffer.alloc(3)]),
    ),
    frame(Frame.CONTINUATION, 0, 5, block.subarray(2, 3)),
    frame(Frame.CONTINUATION, Flag.END_HEADERS, 5, block.subarray(3)),
    ...[1, 2, 3, 4, 5, 6, 40].map((at, i, all) =>
      frame(Frame.DATA, 0, 5, body.subarray(all[i - 1] ?? 0, at)),
    ),
    frame(Frame.DATA, Flag.PADDED, 5, Buffer.concat([Buffer.from([9]), body.subarray(40), Buffer.alloc(9)])),
    peer.headers(5, ['x-checksum', '1'], Flag.END_HEADERS | Flag.END_STREAM),
  );
  t.same((await peer.answer(5)).data.subarray(5).toString(), content);
  peer.socket.destroy();
});

t.test('malformed requests', async (t) => {
  const { port } = await serveGrpc(t, [echo]);
  const without = (name: string) => CALL.filter((_, i) => CALL[i - (i % 2)] !== name);
  const cases: Record<string, string[]> = {
    'no path': without(':path'),
    'a relative path': [...without(':path'), ':path', 'test.Echo/Say'],
    'no scheme': without(':scheme'),
    'a method of two words': [':method', 'PO ST', ...without(':method')],
    'a line feed in a value': [...CALL, 'x-a', 'a\nb'],
    'a NUL in a value': [...CALL, 'x-a', 'a\0b'],
    'a value that ends in a space': [...CALL, 'x-a', 'a '],
    'a space in a name': [...CALL, 'x a', 'a'],
    'an empty name': [...CALL, '', 'a'],
    'a length that is none': [...CALL, 'content-length', '1e3'],
    'two lengths': [...CALL, 'content-length', '6', 'content-length', '6'],
    'a length that does not fit': [...CALL, 'content-length', '7'],
    'te: gzip': [...without('te'), 'te', 'gzip'],
  };
  for (const [name, fields] of Object.entries(cases)) {
    const peer = await Http2Peer.open(port);
    peer.write(peer.call(1, 'x', fields));
    t.match((await peer.answer(1)).fields, { reset: String(ErrorCode.PROTOCOL_ERROR) }, name);
    peer.write(peer.call(3, 'x'));
    t.match((await peer.answer(3)).fields, { 'grpc-status': '0' }, 'the connection goes on');
    peer.socket.destroy();
  }
  const peer = await Http2Peer.open(port);
  peer.write(
    peer.call(1, 'x', [...CALL, ...Array.from({ length: 400 }, (_, i) => [`x-${i}`, 'a'.repeat(10)]).flat()]),
  );
  t.match((await peer.answer(1)).fields, { ':status': '431' }, 'more fields than the limit');
  peer.socket.destroy();
});

t.test('draining loses no call', async (t) => {
  let answer = (_message: Buffer) => {};
  const late: UnaryMethod = {
    path: '/test.Echo/Say',
    handle: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  };
  const { port, server } = await serveGrpc(t, [late]);
  const [busy, idle] = [await Http2Peer.open(port), await Http2Peer.open(port)];
  busy.write(busy.call(1, ''));
  await busy.until(Frame.SETTINGS);
  await idle.until(Frame.SETTINGS);
  while (server.inFlight < 1) await new Promise((resolve) => setImmediate(resolve));
  const drained = server.drain(5000);
  const told = await busy.until(Frame.GOAWAY);
  t.same([told.payload.readUInt32BE(0), told.payload.readUInt32BE(4)], [2 ** 31 - 1, ErrorCode.NO_ERROR]);
  t.equal((await idle.until(Frame.GOAWAY)).payload.readUInt32BE(4), ErrorCode.NO_ERROR);
  busy.write(busy.call(3, '')); // it was on its way
  while (server.inFlight < 2) await new Promise((resolve) => setImmediate(resolve));
  t.equal((await busy.until(Frame.GOAWAY)).payload.readUInt32BE(0), 3, 'what will be answered');
  await idle.closed;
  busy.write(busy.call(5, ''));
  t.equal((await busy.until(Frame.RST_STREAM)).payload.readUInt32BE(0), ErrorCode.REFUSED_STREAM);
  answer(Buffer.from('late'));
  t.match(await busy.answer(3), { fields: { 'grpc-status': '0' }, data: message('late') });
  busy.write(frame(Frame.RST_STREAM, 0, 1, uint32(ErrorCode.CANCEL)));
  await busy.closed;
  t.equal(await drained, 0, 'none was cut');
});

t.test('connections that do not end are cut at the time-out', async (t) => {
  const { port, server } = await serveGrpc(t, [silent]);
  const peer = await Http2Peer.open(port);
  peer.write(peer.call(1, ''));
  while (server.inFlight < 1) await new Promise((resolve) => setImmediate(resolve));
  t.equal(await server.drain(50), 1);
  await peer.closed;
});
