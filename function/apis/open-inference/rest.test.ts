import t from 'tap';
import { testApp, testModel } from '../../testing/app.ts';
import { HEADER_LENGTH } from './infer-json.ts';

const { app } = testApp(await testModel(t));
const failing = await testModel(t, 'failing');

const ask = (path: string, body?: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  app.fetch(
    new Request(`http://localhost${path}`, body === undefined ? {} : { method: 'POST', body, headers }),
  );

const INFER = '/v2/models/celsius/infer';
const fahrenheit = (more: object) => ({ name: 'fahrenheit', shape: [2], datatype: 'FP32', ...more });

t.test('what is said about the server and its models', async (t) => {
  const metadata = {
    name: 'celsius',
    versions: ['1'],
    platform: 'tensorflow_savedmodel',
    inputs: [{ name: 'fahrenheit', datatype: 'FP32', shape: [-1] }],
    outputs: [{ name: 'celsius', datatype: 'FP32', shape: [-1] }],
  };
  const cases: [path: string, status: number, answer: object][] = [
    [
      '/v2',
      200,
      {
        name: 'celsiusify',
        version: '1.2.3',
        extensions: ['binary_tensor_data', 'model_configuration', 'model_repository'],
      },
    ],
    ['/v2/health/live', 200, { live: true }],
    ['/v2/health/ready', 200, { ready: true }],
    ['/v2/models/celsius', 200, metadata],
    ['/v2/models/celsius/versions/1', 200, metadata],
    [
      '/v2/models/celsius/config',
      200,
      {
        ...{ name: 'celsius', platform: 'tensorflow_savedmodel', backend: 'tensorflow', max_batch_size: 0 },
        input: [{ name: 'fahrenheit', data_type: 'TYPE_FP32', dims: [-1] }],
        output: [{ name: 'celsius', data_type: 'TYPE_FP32', dims: [-1] }],
      },
    ],
    ['/v2/models/kelvin/config', 404, { error: /no model "kelvin"/ }],
    ['/v2/models/celsius/stats', 501, { error: /statistics are not served.*\/metrics/ }],
    ['/v2/models/celsius/versions/1/stats', 501, { error: /statistics/ }],
    ['/v2/systemsharedmemory/status', 501, { error: /shared memory is not served/ }],
    ['/v2/cudasharedmemory/region/a/register', 501, { error: /shared memory is not served/ }],
    ['/v2/trace/setting', 501, { error: /LOG_LEVEL/ }],
    ['/v2/models/celsius/ready', 200, { name: 'celsius', ready: true }],
    ['/v2/models/celsius/versions/1/ready', 200, { name: 'celsius', ready: true }],
    ['/v2/models/celsius/versions/2/ready', 404, { error: /version 2/ }],
    ['/v2/models/kelvin', 404, { error: /no model "kelvin"/ }],
    ['/v2/models/kelvin/ready', 404, { error: /no model "kelvin"/ }],
    ['/v2/models/celsius/infer', 405, { error: /POST/ }],
    ['/v2/nothing', 404, { error: /nothing at/ }],
  ];
  for (const [path, status, answer] of cases) {
    const reply = await ask(path);
    t.equal(reply.status, status, path);
    t.match(await reply.json(), answer, path);
  }
  t.same(await (await ask('/v2/repository/index', '{}')).json(), [
    { name: 'celsius', version: '1', state: 'READY', reason: '' },
  ]);
  const starting = testApp(failing, { phase: () => 'starting' }).app;
  t.equal((await starting.fetch(new Request('http://localhost/v2/health/ready'))).status, 503);
});

t.test('inference in JSON', async (t) => {
  for (const path of [INFER, '/v2/models/celsius/versions/1/infer']) {
    const reply = await ask(path, JSON.stringify({ id: '7', inputs: [fahrenheit({ data: [212, 32] })] }));
    t.equal(reply.status, 200);
    t.same(await reply.json(), {
      model_name: 'celsius',
      model_version: '1',
      id: '7',
      outputs: [{ name: 'celsius', datatype: 'FP32', shape: [2], data: [100, 0] }],
    });
  }
});

t.test('inference with binary tensors', async (t) => {
  const header = JSON.stringify({
    inputs: [fahrenheit({ parameters: { binary_data_size: 8 } })],
    outputs: [{ name: 'celsius', parameters: { binary_data: true } }],
  });
  const body = Buffer.concat([Buffer.from(header), Buffer.from(Float32Array.of(212, 32).buffer)]);
  const reply = await ask(INFER, new Uint8Array(body), { [HEADER_LENGTH]: String(header.length) });
  t.equal(reply.status, 200);
  t.equal(reply.headers.get('content-type'), 'application/octet-stream');
  const length = Number(reply.headers.get(HEADER_LENGTH));
  const answer = Buffer.from(await reply.arrayBuffer());
  t.match(JSON.parse(answer.subarray(0, length).toString()), {
    outputs: [{ name: 'celsius', shape: [2], parameters: { binary_data_size: 8 } }],
  });
  t.same(answer.subarray(length), Buffer.from(Float32Array.of(100, 0).buffer));
});

t.test('what is refused', async (t) => {
  const input = fahrenheit({ data: [212, 32] });
  const cases: [body: unknown, status: number, error: RegExp][] = [
    ['no JSON', 400, /not JSON/],
    [{ inputs: [] }, 400, /inputs are fahrenheit; sent: none/],
    [{ inputs: [input, input] }, 400, /twice/],
    [{ inputs: [{ ...input, name: 'kelvin' }] }, 400, /inputs are fahrenheit; sent: kelvin/],
    [{ inputs: [{ ...input, datatype: 'FP64' }] }, 400, /is to be DT_FLOAT, not DT_DOUBLE/],
    [{ inputs: [{ ...input, shape: [3] }] }, 400, /fahrenheit/],
    [{ inputs: [input], outputs: [{ name: 'kelvin' }] }, 400, /"kelvin" is none of celsius/],
    [{ inputs: [input], outputs: [{ name: 'celsius' }, { name: 'celsius' }] }, 400, /asked for twice/],
  ];
  for (const [body, status, error] of cases) {
    const reply = await ask(INFER, typeof body === 'string' ? body : JSON.stringify(body));
    t.equal(reply.status, status, JSON.stringify(body));
    t.match(await reply.json(), { error });
  }
  t.equal((await ask('/v2/models/kelvin/infer', JSON.stringify({ inputs: [input] }))).status, 404);
});
