// The gRPC port of a whole server, as clients see it.
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { type CallOptions, Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { decode, encode, type Written } from '../protobuf/codec.ts';
import { ConfigDataType } from '../protobuf/definitions/model-config.ts';
import {
  ModelConfigResponse,
  ModelInferRequest,
  ModelInferResponse,
  ModelMetadataResponse,
  ModelReadyRequest,
  RepositoryIndexResponse,
  ServerMetadataResponse,
} from '../protobuf/definitions/open-inference.ts';
import { DataType, TensorProto } from '../protobuf/definitions/tensorflow.ts';
import {
  GetModelStatusRequest,
  GetModelStatusResponse,
  PredictRequest,
  PredictResponse,
  ReloadConfigRequest,
  VersionState,
} from '../protobuf/definitions/tensorflow-serving.ts';
import { freePort } from '../testing/socket.ts';
import { fixture, startServer } from '../testing/whole-server.ts';

const bytes = (value: Buffer) => value;

interface Answered {
  readonly code: string;
  readonly message: string;
  readonly response: Buffer;
  readonly metadata: Metadata | undefined;
}

type Ask = (method: string, request: Buffer, options?: CallOptions) => Promise<Answered>;

async function serve(t: Test, env: Record<string, string> = {}) {
  const GRPC_PORT = await freePort();
  const server = await startServer(t, { GRPC_PORT, ...env });
  const client = new Client(`127.0.0.1:${GRPC_PORT}`, credentials.createInsecure());
  t.teardown(() => client.close());
  const ask: Ask = (method, request, options = {}) =>
    new Promise((resolve) => {
      let metadata: Metadata | undefined;
      const call = client.makeUnaryRequest(
        `/${method}`,
        bytes,
        bytes,
        request,
        new Metadata(),
        options,
        (error: ServiceError | null, response = Buffer.alloc(0)) =>
          resolve({
            code: status[error?.code ?? 0] ?? '',
            message: error?.details ?? '',
            response,
            metadata,
          }),
      );
      call.on('metadata', (received) => {
        metadata = received;
      });
    });
  return { ...server, client, ask };
}

function predict(more: Written<typeof PredictRequest> = {}, ...fahrenheit: number[]): Buffer {
  const tensor = encode(TensorProto, {
    dtype: DataType.values.DT_FLOAT,
    tensor_shape: { dim: [{ size: BigInt(fahrenheit.length) }] },
    float_val: fahrenheit,
  });
  return encode(PredictRequest, {
    model_spec: { name: 'celsius' },
    inputs: new Map([['fahrenheit', tensor]]),
    ...more,
  });
}

const PREDICT = 'tensorflow.serving.PredictionService/Predict';
const STATUS = 'tensorflow.serving.ModelService/GetModelStatus';
const RELOAD = 'tensorflow.serving.ModelService/HandleReloadConfigRequest';
const CHECK = 'grpc.health.v1.Health/Check';

t.test('Predict without an input that has a default', async (t) => {
  const { ask } = await serve(t, { MODEL_NAME: 'defaults', MODEL_BASE_PATH: fixture('defaults') });
  const x = encode(TensorProto, {
    dtype: DataType.values.DT_FLOAT,
    tensor_shape: { dim: [{ size: 2n }] },
    float_val: [1, 2],
  });
  const send = (key: string) =>
    ask(PREDICT, encode(PredictRequest, { model_spec: { name: 'defaults' }, inputs: new Map([[key, x]]) }));
  const { code, message, response } = await send('x');
  t.equal(code, 'OK', message);
  const { outputs } = decode(PredictResponse, response);
  t.same(decode(TensorProto, outputs.get('y') ?? Buffer.alloc(0)).float_val, [10, 20]);
  t.same(decode(TensorProto, outputs.get('text') ?? Buffer.alloc(0)).string_val.map(String), [
    'a a default of more than 22 bytes',
  ]);
  t.equal((await send('scale')).code, 'INVALID_ARGUMENT', 'x has none');
});

t.test('Predict', async (t) => {
  const { ask, runId, url, logs } = await serve(t, { LOG_REQUESTS: 'true' });
  const { code, response, metadata } = await ask(PREDICT, predict({}, 212, 32));
  t.equal(code, 'OK');
  t.same(metadata?.get('x-run-id'), [runId]);
  const { model_spec, outputs } = decode(PredictResponse, response);
  t.same(model_spec, {
    name: 'celsius',
    version: { value: 1n },
    version_label: undefined,
    signature_name: 'serving_default',
  });
  const celsius = decode(TensorProto, outputs.get('celsius') ?? Buffer.alloc(0));
  t.same(celsius.float_val, [100, 0]);
  t.same(
    celsius.tensor_shape?.dim.map(({ size }) => size),
    [2n],
  );

  const all = await Promise.all(
    Array.from({ length: 100 }, (_, i) => ask(PREDICT, predict({}, 32 + 1.8 * i))),
  );
  const first = ({ response }: Answered) =>
    decode(TensorProto, decode(PredictResponse, response).outputs.get('celsius') ?? Buffer.alloc(0))
      .float_val[0];
  t.same(
    all.map((one) => Math.round(first(one) ?? Number.NaN)),
    Array.from({ length: 100 }, (_, i) => i),
    'each of many at once gets its own',
  );

  const refused: [string, Buffer, string][] = [
    [
      'another signature',
      predict({ model_spec: { name: 'celsius', signature_name: 'no' } }),
      'FAILED_PRECONDITION',
    ],
    ['another model', predict({ model_spec: { name: 'kelvin' } }), 'NOT_FOUND'],
    ['another version', predict({ model_spec: { name: 'celsius', version: { value: 7n } } }), 'NOT_FOUND'],
    ['a label', predict({ model_spec: { name: 'celsius', version_label: 'x' } }), 'INVALID_ARGUMENT'],
    ['no inputs', predict({ inputs: new Map() }), 'INVALID_ARGUMENT'],
    ['an output that is not there', predict({ output_filter: ['kelvin'] }, 1), 'INVALID_ARGUMENT'],
    ['no message', Buffer.of(0x0a), 'INTERNAL'],
  ];
  for (const [what, request, expected] of refused)
    t.equal((await ask(PREDICT, request)).code, expected, what);
  const late = await ask(PREDICT, predict({}, 1), { deadline: Date.now() - 1000 });
  t.equal(late.code, 'DEADLINE_EXCEEDED');

  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.match(metrics, /route="\/tensorflow\.serving\.PredictionService\/Predict",status="0"\} 101\n/);
  t.match(
    logs.find(({ msg }) => msg === 'call'),
    { method: `/${PREDICT}`, code: 'OK', milliseconds: Number },
  );
});

t.test('the models that are served change by HandleReloadConfigRequest', async (t) => {
  const { ask } = await serve(t);
  const reload = encode(ReloadConfigRequest, {
    config: {
      model_config_list: {
        config: [
          {
            name: 'counted',
            base_path: fixture('versions'),
            model_platform: 'tensorflow',
            model_version_policy: { specific: { versions: [1n, 2n] } },
            version_labels: new Map([['old', 1n]]),
          },
        ],
      },
    },
  });
  t.equal((await ask(RELOAD, Buffer.alloc(0))).code, 'INVALID_ARGUMENT', 'no configuration at all');
  t.match(await ask(RELOAD, reload), { code: 'OK' });
  const { code, response } = await ask(
    STATUS,
    encode(GetModelStatusRequest, { model_spec: { name: 'counted' } }),
  );
  t.equal(code, 'OK');
  const { AVAILABLE } = VersionState.values;
  t.match(decode(GetModelStatusResponse, response).model_version_status, [
    { version: 2n, state: AVAILABLE },
    { version: 1n, state: AVAILABLE },
  ]);
  t.equal((await ask(PREDICT, predict({}, 1))).code, 'NOT_FOUND', 'what it lacks is not served any more');
});

t.test('unless that is not allowed', async (t) => {
  const { ask } = await serve(t, { ALLOW_RELOAD_CONFIG: 'false' });
  t.match(await ask(RELOAD, Buffer.alloc(0)), { code: 'PERMISSION_DENIED', message: /ALLOW_RELOAD_CONFIG/ });
});

t.test('Open Inference', async (t) => {
  const { ask } = await serve(t);
  const infer = (name: string, request: Buffer) => ask(`inference.GRPCInferenceService/${name}`, request);
  const input = { name: 'fahrenheit', datatype: 'FP32', shape: [2n] };
  const asBytes = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);

  const raw = await infer(
    'ModelInfer',
    encode(ModelInferRequest, {
      model_name: 'celsius',
      id: '7',
      inputs: [input],
      raw_input_contents: [asBytes(212, 32)],
    }),
  );
  t.equal(raw.code, 'OK');
  t.match(decode(ModelInferResponse, raw.response), {
    model_name: 'celsius',
    model_version: '1',
    id: '7',
    outputs: [{ name: 'celsius', datatype: 'FP32', shape: [2n] }],
    raw_output_contents: [asBytes(100, 0)],
  });
  const contents = Buffer.concat([Buffer.of(0x32, 8), asBytes(212, 32)]); // fp32_contents
  const typed = await infer(
    'ModelInfer',
    encode(ModelInferRequest, { model_name: 'celsius', inputs: [{ ...input, contents }] }),
  );
  const [output] = decode(ModelInferResponse, typed.response).outputs;
  t.same(output?.contents, Buffer.concat([Buffer.of(0x32, 8), asBytes(100, 0)]));

  const { response } = await infer('ModelConfig', encode(ModelReadyRequest, { name: 'celsius' }));
  t.match(decode(ModelConfigResponse, response).config, {
    ...{ name: 'celsius', backend: 'tensorflow', max_batch_size: 0 },
    input: [{ name: 'fahrenheit', data_type: ConfigDataType.values.TYPE_FP32, dims: [-1n] }],
  });
  for (const [name, words] of [
    ['SystemSharedMemoryRegister', /shared memory is not served/],
    ['ModelStatistics', /\/metrics/],
  ] as const)
    t.match(await infer(name, Buffer.alloc(0)), { code: 'UNIMPLEMENTED', message: words });

  for (const [model_name, code] of [
    ['celsius', 'INVALID_ARGUMENT'], // without its input
    ['kelvin', 'NOT_FOUND'],
  ] as const)
    t.equal((await infer('ModelInfer', encode(ModelInferRequest, { model_name }))).code, code);
  t.equal((await infer('ModelInfer', Buffer.of(0x0a))).code, 'INTERNAL', 'no message');

  const nothing = Buffer.alloc(0);
  const yes = Buffer.from('0801', 'hex');
  const named = (name: string) => encode(ModelReadyRequest, { name });
  t.same((await infer('ServerLive', nothing)).response, yes);
  t.same((await infer('ServerReady', nothing)).response, yes);
  t.same((await infer('ModelReady', named('celsius'))).response, yes);
  t.same((await infer('ModelReady', named('kelvin'))).response, nothing);
  const server = await infer('ServerMetadata', nothing);
  t.match(decode(ServerMetadataResponse, server.response), { name: 'celsiusify', version: String });
  const metadata = await infer('ModelMetadata', named('celsius'));
  t.match(decode(ModelMetadataResponse, metadata.response), {
    name: 'celsius',
    versions: ['1'],
    inputs: [{ name: 'fahrenheit', datatype: 'FP32', shape: [-1n] }],
    outputs: [{ name: 'celsius', datatype: 'FP32', shape: [-1n] }],
  });
  const index = await infer('RepositoryIndex', nothing);
  t.match(decode(RepositoryIndexResponse, index.response).models, [
    { name: 'celsius', version: '1', state: 'READY', reason: '' },
  ]);
  t.equal((await infer('RepositoryModelLoad', nothing)).code, 'PERMISSION_DENIED');
});

t.test('PORT speaks gRPC, too, beside both versions of HTTP', async (t) => {
  const { url } = await startServer(t);
  const { host } = new URL(url);
  const client = new Client(host, credentials.createInsecure());
  t.teardown(() => client.close());
  const answer = await new Promise<unknown>((resolve) =>
    client.makeUnaryRequest(`/${PREDICT}`, bytes, bytes, predict({}, 212), (error, response) =>
      resolve(error ?? decode(PredictResponse, response ?? Buffer.alloc(0)).model_spec?.name),
    ),
  );
  t.equal(answer, 'celsius');
  t.equal((await fetch(`${url}/healthz`)).status, 200);
  const session = connect(url);
  t.teardown(() => session.close());
  const request = session.request({ ':path': '/v2/health/live' });
  t.same(JSON.parse(await text(request)), { live: true });
});

t.test('health follows readiness, and draining ends connections', async (t) => {
  const { ask, client, process } = await serve(t, { DRAIN_DELAY_MS: '300', DRAIN_TIMEOUT_MS: '5000' });
  t.match(await ask(CHECK, Buffer.alloc(0)), { code: 'OK', response: Buffer.from('0801', 'hex') });
  const watch = client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', bytes, bytes, Buffer.alloc(0));
  const seen: string[] = [];
  watch.on('data', (answer: Buffer) => seen.push(answer.toString('hex')));
  watch.on('error', () => {}); // it ends with the server
  const ended = new Promise((resolve) => watch.on('close', resolve));
  await new Promise((resolve) => watch.once('data', resolve));
  await process.stop();
  await ended;
  t.same(seen, ['0801', '0802'], 'SERVING, then NOT_SERVING');
});
