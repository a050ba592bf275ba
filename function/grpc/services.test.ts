// health and reflection, as clients ask for them.
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { decode, encode } from '../protobuf/codec.ts';
import { MODEL_SERVICE_FILE, PREDICTION_SERVICE_FILE } from '../protobuf/definitions/tensorflow-serving.ts';
import { MessageType, many, one, oneOf } from '../protobuf/schema.ts';
import { serveGrpc } from '../testing/grpc-server.ts';
import { HEALTH_FILE, HealthChecks } from './health.ts';
import { Reflection } from './reflection.ts';

const bytes = (value: Buffer) => value;

function clientOf(t: Test, port: number): Client {
  const client = new Client(`localhost:${port}`, credentials.createInsecure());
  t.teardown(() => client.close());
  return client;
}

const text = (content: string) => Buffer.from([0x0a, content.length, ...Buffer.from(content)]);

t.test('health, asked and watched', async (t) => {
  const checks = new HealthChecks();
  checks.set('', 'SERVING');
  const { port, server } = await serveGrpc(t, checks.methods());
  const client = clientOf(t, port);
  const check = (request: Buffer) =>
    new Promise<unknown>((resolve) => {
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        bytes,
        bytes,
        request,
        (error: ServiceError | null, answer) =>
          resolve(answer?.toString('hex') ?? [error?.code, error?.details]),
      );
    });
  t.equal(await check(Buffer.alloc(0)), '0801', 'SERVING');
  t.same(await check(text('celsius')), [status.NOT_FOUND, 'service name unknown']);
  t.same(await check(Buffer.from([0x0a])), [status.INTERNAL, ''], 'no message');

  const seen: string[] = [];
  let next = () => {};
  const watch = client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', bytes, bytes, text('celsius'));
  const ended = new Promise<unknown>((resolve) => watch.on('status', ({ code }) => resolve(code)));
  watch.on('error', () => {}); // it comes as the status, too
  watch.on('data', (answer: Buffer) => {
    seen.push(answer.toString('hex'));
    next();
  });
  const told = (count: number) =>
    new Promise<void>((resolve) => {
      next = () => {
        if (seen.length >= count) resolve();
      };
      next();
    });
  await told(1);
  checks.set('celsius', 'SERVING');
  checks.set('celsius', 'SERVING');
  checks.set('other', 'SERVING');
  await told(2);
  checks.set('celsius', 'NOT_SERVING');
  await told(3);
  checks.set('celsius', undefined);
  await told(4);
  t.same(seen, ['0803', '0801', '0802', '0803'], 'each change, once');
  t.equal(await server.drain(3000), 0, 'a watch holds up no drain');
  t.equal(await ended, status.UNAVAILABLE);
});

for (const version of ['v1', 'v1alpha']) {
  t.test(`reflection ${version}`, async (t) => {
    const Request = new MessageType('', {
      host: one(1, 'string'),
      file: oneOf('request', 3, 'string'),
      symbol: oneOf('request', 4, 'string'),
      extensions: oneOf('request', 6, 'string'),
      services: oneOf('request', 7, 'string'),
    });
    const Named = new MessageType('', { name: one(1, 'string') });
    const Response = new MessageType('', {
      original: one(2, Request),
      files: oneOf('answer', 4, new MessageType('', { file: many(1, Named) })),
      extensions: oneOf('answer', 5, new MessageType('', { type: one(1, 'string') })),
      services: oneOf('answer', 6, new MessageType('', { service: many(1, Named) })),
      error: oneOf('answer', 7, new MessageType('', { code: one(1, 'int32') })),
    });
    const files = [PREDICTION_SERVICE_FILE, MODEL_SERVICE_FILE, HEALTH_FILE];
    const { port } = await serveGrpc(t, new Reflection(files).methods());
    const stream = clientOf(t, port).makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      (request: Parameters<typeof encode<typeof Request.fields>>[1]) => encode(Request, request),
      (answer) => decode(Response, answer),
    );
    const asked = [
      { services: '' },
      { symbol: 'tensorflow.serving.ModelService.GetModelStatus' },
      { symbol: 'tensorflow.serving.ModelVersionStatus.State' },
      { file: 'google/protobuf/any.proto' },
      { symbol: 'nothing' },
      { file: 'nothing.proto' },
      { extensions: 'tensorflow.TensorProto' },
      {},
    ];
    for (const request of asked) stream.write(request);
    stream.end();
    const answers = await stream.toArray();
    t.match(
      answers.map(({ original }) => original),
      asked,
    );
    const [list, method, state, any, ...rest] = answers;
    t.same(
      list?.services?.service.map(({ name }: { name: string }) => name),
      [
        'tensorflow.serving.PredictionService',
        'tensorflow.serving.ModelService',
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
      ],
    );
    const names = (answer: typeof method) => answer?.files?.file.map(({ name }: { name: string }) => name);
    t.equal(names(method)?.[0], 'tensorflow_serving/apis/model_service.proto');
    t.ok(names(method)?.includes('google/protobuf/wrappers.proto'), 'with all that it imports');
    t.equal(names(state)?.[0], 'tensorflow_serving/apis/get_model_status.proto');
    t.same(names(any), ['google/protobuf/any.proto']);
    t.match(rest, [
      { error: { code: status.NOT_FOUND } },
      { error: { code: status.NOT_FOUND } },
      { extensions: { type: 'tensorflow.TensorProto' } },
      { error: { code: status.INVALID_ARGUMENT } },
    ]);
  });
}
