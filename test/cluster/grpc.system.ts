/** gRPC in the cluster: connections that stay, while all pods are replaced; and a call through Knative's ingress from zero. */
import { Client, credentials } from '@grpc/grpc-js';
import t from 'tap';
import { encode } from '../../function/protobuf/codec.ts';
import { TensorProto } from '../../function/protobuf/definitions/tensorflow.ts';
import { PredictRequest } from '../../function/protobuf/definitions/tensorflow-serving.ts';
import { podsOf } from '../../knative/pods.ts';
import { startGrpcClient } from './clients.ts';
import { podsOfRelease, set, setImage, startKit, untilRolledOut, writeCsv } from './kit.ts';
import { untilReady } from './knative-client.ts';

const PREDICT = '/tensorflow.serving.PredictionService/Predict';
const CONNECTIONS = 16;
const columns = ['event', 'connections', 'calls', 'lost'];

/** Predict for 212 °F; the answer holds 100 °C as float32. */
const tensor = encode(TensorProto, {
  dtype: 1,
  tensor_shape: { dim: [{ size: 1n }] },
  float_val: [212],
});
const request = Buffer.from(
  encode(PredictRequest, { model_spec: { name: 'celsius' }, inputs: new Map([['fahrenheit', tensor]]) }),
);
const holds = Buffer.from(Float32Array.of(100).buffer);

t.test('a roll-out with connections that stay', async (t) => {
  const kit = await startKit(t, 'grpc');
  const client = await startGrpcClient(kit);
  const values = ['helm/celsius', ...setImage(kit.settings.image), ...set('autoscaling.minReplicas=2')];
  await kit.helm('install', 'celsius', ...values);
  await untilRolledOut(kit, 'celsius', 180, 2);
  const before = await kit.until(podsOfRelease('celsius'), (pods) => [...pods.keys()], 30);
  await client.start({
    address: `celsius.${kit.namespace}.svc:8500`,
    connections: CONNECTIONS,
    rate_per_s: 200,
    path: PREDICT,
    request: request.toString('base64'),
    holds: holds.toString('base64'),
  });
  while ((await client.report()).sent < 500);
  await kit.helm('upgrade', 'celsius', ...values, ...set('podAnnotations.rolled=yes'));
  await untilRolledOut(kit, 'celsius', 180, 2);
  await kit.until(
    podsOfRelease('celsius'),
    (now) => (before.some((pod) => now.has(pod)) ? undefined : true),
    180,
  );
  const atEnd = await client.report();
  const report = await client.stop();
  const row = { event: 'rollout', connections: CONNECTIONS, calls: report.sent, lost: report.lost };
  t.comment(JSON.stringify(row));
  writeCsv(kit, 'cluster-grpc.csv', columns, [row]);
  t.ok(atEnd.sent >= 1000, `${atEnd.sent} calls while it went on`);
  t.strictSame(report.complaints, []);
  t.equal(report.lost, 0);
});

t.test('through Knative’s ingress, from zero', async (t) => {
  const kit = await startKit(t, 'grpc-knative');
  const { image, ingress } = kit.settings;
  if (!ingress) {
    t.comment('no --ingress: skipped');
    return;
  }
  const knative = set('knative.enabled=true', 'knative.h2c=true', 'knative.window=6s');
  await kit.helm('install', 'celsius', 'helm/celsius', ...setImage(image), ...knative);
  const { host } = await untilReady(kit, 'celsius');
  await kit.until(podsOf('celsius'), (pods) => (pods.size === 0 ? true : undefined), 180);
  const client = new Client(new URL(ingress).host, credentials.createInsecure(), {
    'grpc.default_authority': host,
  });
  t.teardown(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  const began = performance.now();
  const answer = await new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(
      PREDICT,
      same,
      same,
      request,
      { deadline: Date.now() + 60_000 },
      (error, value) => (value ? resolve(value) : reject(error)),
    );
  });
  t.ok(answer.includes(holds), '212 °F is 100 °C');
  t.comment(`from zero: ${Math.round(performance.now() - began)} ms`);
});
