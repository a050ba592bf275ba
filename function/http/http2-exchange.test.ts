// node:http2 as the client: the same answers as over HTTP/1.1.
import { connect } from 'node:http2';
import t from 'tap';
import { GrpcService } from '../grpc/grpc-service.ts';
import { GrpcServer } from '../grpc/server.ts';
import { Room } from '../room.ts';
import { testApp, testModel } from '../testing/app.ts';
import { GRPC_LIMITS } from '../testing/grpc-server.ts';
import { serve } from '../testing/http-server.ts';
import { Http2Exchange } from './http2-exchange.ts';

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
