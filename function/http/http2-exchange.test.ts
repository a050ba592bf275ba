// node:http2 as the client: the same answers as over HTTP/1.1.
import { connect } from 'node:http2';
import t from 'tap';
import { GrpcService } from '../grpc/grpc-service.ts';
import { GrpcServer } from '../grpc/server.ts';
import { Frame, PREFACE } from '../http2/protocol.ts';
import { Room } from '../room.ts';
import { testApp, testModel } from '../testing/app.ts';
import { GRPC_LIMITS } from '../testing/grpc-server.ts';
import { LIMITS, serve } from '../testing/http-server.ts';
import { frame, Http2Peer, message } from '../testing/http2-peer.ts';
import { Http2Exchange } from './http2-exchange.ts';
import { HttpServer } from './server.ts';

t.test('requests that are no calls are answered as over HTTP/1.1', async (t) => {
  const { app } = testApp(await testModel(t));
  const room = new Room(1 << 20);
  const service = new GrpcService(
    [{ path: '/test.Echo/Say', handle: (call) => call.message }],
    { messageLimit: 1000, room, metadata: [], record: undefined, fault: () => {} },
    (head, stream) => new Http2Exchange(head, stream, app, { bodyLimitBytes: 1000, room }),
  );
  const server = new GrpcServer(service, GRPC_LIMITS);
  const port = await server.listen('127.0.0.1', 0);
  t.teardown(() => server.drain(0));
  const { url } = await serve(t, app, { bodyLimitBytes: 1000 });
  const session = connect(`http://127.0.0.1:${port}`);
  t.teardown(() => session.close());

  const ask = (method: string, path: string, body: string) =>
    new Promise<{ status: unknown; type: unknown; body: string }>((resolve, reject) => {
      const stream = session.request({ ':method': method, ':path': path });
      let head: Record<string, unknown> = {};
      let text = '';
      stream.on('response', (headers) => {
        head = headers;
      });
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('error', reject);
      stream.on('end', () => resolve({ status: head[':status'], type: head['content-type'], body: text }));
      if (method === 'POST') stream.end(body);
    });
  for (const [method, path, body] of [
    ['POST', '/celsius', '{"fahrenheit":212}'],
    ['POST', '/v1/models/celsius:predict', '{"instances":[212]}'],
    ['GET', '/healthz', ''],
    ['HEAD', '/', ''],
    ['GET', '/nowhere', ''],
    ['DELETE', '/celsius', ''],
    ['POST', '/celsius', `{"fahrenheit":${'1'.repeat(2000)}}`],
  ] as const) {
    const answer = await fetch(url + path, method === 'POST' ? { method, body } : { method });
    t.match(
      await ask(method, path, body),
      {
        status: answer.status,
        type: answer.headers.get('content-type') ?? undefined,
        body: await answer.text(),
      },
      `${method} ${path}`,
    );
  }
  t.equal(
    (await ask('POST', '/celsius', '{"fahrenheit":212}')).status,
    200,
    'also after one that was refused',
  );
});

t.test('one port for both', async (t) => {
  const { app } = testApp(await testModel(t));
  const room = new Room(1 << 20);
  const service = new GrpcService(
    [{ path: '/test.Echo/Say', handle: (call) => call.message }],
    { messageLimit: 1000, room, metadata: [], record: undefined, fault: () => {} },
    (head, stream) => new Http2Exchange(head, stream, app, { bodyLimitBytes: 1000, room }),
  );
  const grpc = new GrpcServer(service, GRPC_LIMITS);
  const http = new HttpServer(app, room, LIMITS, { http2: (socket) => grpc.accept(socket) });
  const port = await http.listen('127.0.0.1', 0);
  t.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  const peer = await Http2Peer.open(port);
  peer.write(peer.call(1, 'hello'));
  t.same((await peer.answer(1)).data, message('hello'));
  const slow = await Http2Peer.open(port, 'nothing');
  slow.write(PREFACE.subarray(0, 10));
  await new Promise((resolve) => setImmediate(resolve));
  slow.write(PREFACE.subarray(10), frame(Frame.SETTINGS, 0, 0), slow.call(1, 'in two pieces'));
  t.same((await slow.answer(1)).data, message('in two pieces'));
  const drained = Promise.all([http.drain(3000), grpc.drain(3000)]);
  t.equal((await peer.until(Frame.GOAWAY)).payload.readUInt32BE(4), 0);
  t.same(await drained, [0, 0]);
});
