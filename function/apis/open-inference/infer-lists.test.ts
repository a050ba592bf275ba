// What is read natively must be what JavaScript reads, and must leave to it what is wrong.
import t from 'tap';
import { testApp, testEngine, testModel, testRunner } from '../../testing/app.ts';
import { HEADER_LENGTH, readInferJson } from './infer-json.ts';

/** @returns the request, or what is wrong with it */
function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

const input = (datatype: string, shape: string, data: string) =>
  `{"inputs":[{"name":"x","datatype":"${datatype}","shape":${shape},"data":${data}}]}`;

/** Bodies, and how many of their lists are read natively; undefined where none is. */
const CASES: [body: string, lists: number | undefined][] = [
  [input('BOOL', '[2]', '[true,false]'), 1],
  [input('UINT8', '[2]', '[0,255]'), 1],
  [input('UINT16', '[2]', '[1,65535]'), 1],
  [input('UINT32', '[2]', '[1,4294967295]'), 1],
  [input('UINT64', '[2]', '[1,18446744073709551615]'), 1],
  [input('INT8', '[2]', '[-128,127]'), 1],
  [input('INT16', '[2]', '[-32768,1]'), 1],
  [input('INT32', '[3]', '[-2147483648,1.0,1e3]'), 1],
  [input('INT64', '[2]', '[-9223372036854775808,9007199254740993]'), 1],
  [input('FP16', '[2]', '[1.5,-65504]'), 1],
  [input('BF16', '[2]', '[1.5,-2]'), 1],
  [input('FP32', '[3]', '[0.1,-0,1e-45]'), 1],
  [input('FP64', '[2]', '[0.1,1e+300]'), 1],
  [input('FP32', '[2,2]', '[[1,2],[3,4]]'), 1],
  [input('FP32', '[4]', '[[1,2],[3,4]]'), 1],
  [input('FP32', '[2,2]', ' [ 1 , 2 ,\n3,4 ] '), 1],
  [input('FP32', '[2,0]', '[]'), 1],
  [input('FP32', '[2,0]', '[[],[]]'), 1],
  [input('FP32', '[3]', '[1,2]'), 1],
  [input('FP32', '[1]', '[1,2]'), 1],
  ['{"inputs":[{"data":[1,2],"shape":[2],"datatype":"FP32","name":"x"}],"id":"7"}', 1],
  ['{"outputs":[{"name":"y"}],"inputs":[{"d\\u0061ta":[1],"shape":[1],"datatype":"FP32","name":"é"}]}', 1],
  [
    `{"inputs":[${['a', 'b'].map((name) => `{"name":"${name}","shape":[1],"datatype":"INT8","data":[1]}`).join()}]}`,
    2,
  ],
  ['{"inputs":[]}', 0],
  ['{"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}', 0],
  ['{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":null}]}', 0],
  [input('BYTES', '[2]', '["é","b"]'), 0],
  [input('FLOAT', '[1]', '[1]'), 0],
  ['{"inputs":[{"name":"x","shape":[1],"data":[1]}]}', 0],
  // A ragged list is one of its elements all the same.
  [input('FP32', '[3]', '[1,[2,[3]]]'), undefined],
  [input('FP32', '[2]', '[1,"2"]'), undefined],
  [input('FP32', '[2]', '[1,1e39]'), undefined],
  [input('FP16', '[2]', '[1,65520]'), undefined],
  [input('INT8', '[2]', '[1,128]'), undefined],
  [input('INT32', '[2]', '[1,1.5]'), undefined],
  [input('BOOL', '[2]', '[true,1]'), undefined],
  [input('FP32', '[1]', '[NaN]'), undefined],
  // A number is no list, and must not pass for one that was read.
  [input('FP32', '[1]', '0'), undefined],
  [
    '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]},{"name":"y","datatype":"FP32","shape":[1],"data":0}]}',
    undefined,
  ],
  ['{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1],"data":[2]}]}', undefined],
  ['{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1],"datatype":"INT8"}]}', undefined],
  ['{"inputs":[],"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}', undefined],
  ['{"inputs":{}}', undefined],
  ['{"inputs":[1]}', undefined],
  ['{"inputs":[{"name":"x","datatype":7,"shape":[1],"data":[1]}]}', undefined],
  ['[]', undefined],
  ['', undefined],
  ['{', undefined],
  [`${input('FP32', '[1]', '[1]')},`, undefined],
  [`\ufeff${input('FP32', '[1]', '[1]')}`, 1],
  [input('FP32', '[1]', `${'['.repeat(300)}1${']'.repeat(300)}`), undefined],
];

t.test('the same requests and the same refusals', async (t) => {
  for (const [text, lists] of CASES) {
    const body = Buffer.from(text);
    const read = testEngine().readLists(body);
    t.equal(read?.lists.length, lists, text.slice(0, 100));
    t.same(
      outcome(() => readInferJson(body, undefined, read)),
      outcome(() => readInferJson(body, undefined)),
    );
  }
});

const celsius = await testModel(t);
const types = await testModel(t, 'types');

const many = (count: number, datatype = 'FP32', name = 'fahrenheit') => ({
  ...{ name, datatype, shape: [count] },
  data: Array.from({ length: count }, (_, i) => i % 100),
});

t.test('requests of any size, run here and on the pool', async (t) => {
  for (const place of ['loop', 'pool'] as const) {
    const { app } = testApp(celsius, { runner: testRunner(celsius, { place }) });
    const ask = async (request: object | string, headers: Record<string, string> = {}) => {
      const body = typeof request === 'string' ? request : JSON.stringify(request);
      const reply = await app.fetch(
        new Request('http://localhost/v2/models/celsius/infer', { method: 'POST', body, headers }),
      );
      return { status: reply.status, headers: reply.headers, body: Buffer.from(await reply.arrayBuffer()) };
    };
    for (const count of [1, 1_000, 50_000]) {
      const { status, body } = await ask({ id: 'é', inputs: [many(count)] });
      t.equal(status, 200);
      const { id, outputs } = JSON.parse(String(body));
      t.match([id, outputs], ['é', [{ name: 'celsius', datatype: 'FP32', shape: [count] }]]);
      t.same(
        outputs[0].data,
        Array.from({ length: count }, (_, i) => outputs[0].data[i % 100]),
        'each row its own',
      );
      const binary = await ask({ inputs: [many(count)], parameters: { binary_data_output: true } });
      const length = Number(binary.headers.get(HEADER_LENGTH));
      t.same(
        [...new Float32Array(Uint8Array.from(binary.body.subarray(length)).buffer)],
        outputs[0].data.map(Math.fround),
        'as text and as bytes',
      );
    }
    for (const [request, error] of [
      [{ inputs: [{ ...many(50_000), shape: [7] }] }, /50000 elements, but shape \[7\] has 7/],
      [{ inputs: [{ ...many(50_000), data: ['a'].concat(Array(60_000).fill('1')) }] }, /fahrenheit/],
      [{ inputs: [many(50_000, 'INT32')] }, /is to be DT_FLOAT, not DT_INT32/],
      [`${JSON.stringify({ inputs: [many(50_000)] })}}`, /not JSON: more after its end at byte \d+/],
    ] as const) {
      const { status, body } = await ask(request);
      t.equal(status, 400);
      t.match(JSON.parse(String(body)), { error });
    }
    const unknown = await app.fetch(
      new Request('http://localhost/v2/models/kelvin/infer', { method: 'POST', body: 'x'.repeat(100_000) }),
    );
    t.equal(unknown.status, 404);
  }
});

t.test('outputs of all kinds, as text and as bytes', async (t) => {
  const { app } = testApp(types, { modelName: 'types', runner: testRunner(types, { place: 'pool' }) });
  const row = <T>(name: string, datatype: string, ...data: T[]) => ({ name, datatype, shape: [2], data });
  const inputs = (real: number) => [
    row('real', 'FP32', real, -0),
    row('int', 'INT32', 1, -2),
    row('long', 'INT64', 3, -4),
    row('flag', 'BOOL', true, false),
    row('text', 'BYTES', 'é"', ''),
  ];
  const ask = async (request: object) => {
    const reply = await app.fetch(
      new Request('http://localhost/v2/models/types/infer', {
        method: 'POST',
        body: JSON.stringify(request),
      }),
    );
    return { status: reply.status, answer: JSON.parse(await reply.text()) };
  };
  const { status, answer } = await ask({ inputs: inputs(0.1) });
  t.equal(status, 200);
  const data = Object.fromEntries(
    answer.outputs.map((each: { name: string; data: unknown }) => [each.name, each.data]),
  );
  t.same(data, {
    ...{ doubled: [0.2, -0], int_next: [2, -1], long_next: [4, -3], negated: [false, true] },
    ...{
      greeting: ['Hello, é"!', 'Hello, !'],
      text_bytes: ['é"', ''],
      length: [3, 0],
      row: [0.1, 1, -0, -2],
    },
  });
  const infinite = await ask({ inputs: inputs(3e38), outputs: [{ name: 'doubled' }] });
  t.equal(infinite.status, 400);
  t.match(
    infinite.answer.error,
    /"doubled": an element is Infinity, which JSON cannot say; ask for binary_data/,
  );
});
