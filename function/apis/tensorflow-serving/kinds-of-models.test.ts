// Models of kinds that people serve, and what is special about their answers; function/fixtures/README.md has the models.
import t, { type Test } from 'tap';
import { testApp, testModel } from '../../testing/app.ts';
import { ask, type Case } from '../../testing/requests.ts';

type Asked = Pick<Case, 'answer'> & { readonly body: string; readonly status?: number };

async function predict(t: Test, model: string, asked: readonly Asked[]): Promise<void> {
  const cases = asked.map(
    ({ status = 200, ...one }): Case => ({
      name: one.body,
      method: 'POST',
      path: '/v1/models/celsius:predict',
      status,
      ...one,
    }),
  );
  await ask(t, testApp(await testModel(t, model)), cases);
}

const signature = (name: string, rest: string) => `{"signature_name":"${name}",${rest}}`;

t.test('inputs that have a default may be left out', (t) =>
  predict(t, 'defaults', [
    {
      body: '{"inputs":{"x":[1,2]}}',
      answer: { outputs: { y: [10, 20], text: 'a a default of more than 22 bytes' } },
    },
    {
      body: '{"inputs":{"x":[1,2],"scale":3,"words":["b"]}}',
      answer: { outputs: { y: [3, 6], text: 'b' } },
    },
    { body: '{"instances":[{"x":1}]}', status: 400, answer: { error: /"text" is a scalar/ } },
    { body: signature('increment', '"inputs":{}'), answer: { outputs: [9007199254740994] } },
    { body: signature('increment', '"instances":[{}]'), answer: { predictions: [9007199254740994] } },
    { body: signature('increment', '"instances":[{"x":1},{"x":2}]'), answer: { predictions: [2, 3] } },
    { body: signature('increment', '"instances":[1,2]'), answer: { predictions: [2, 3] } },
    {
      body: signature('increment', '"instances":[{"x":1},{}]'),
      status: 400,
      answer: { error: /^instances\[1\]: input "x" is in some rows and not in others/ },
    },
    { body: '{"inputs":{"scale":3}}', status: 400, answer: { error: /input "x" is missing/ } },
  ]),
);

t.test('sparse and ragged tensors go by the tensors that they are made of', (t) =>
  predict(t, 'composites', [
    { body: '{"instances":[[1,2,3,4]]}', answer: { predictions: [[2, 4, 6, 8]] } },
    {
      body: signature('sparse_out', '"inputs":[[0,5,0,0],[6,0,0,7]]'),
      answer: {
        outputs: {
          'sp.values': [5, 6, 7],
          'sp.indices': [
            [0, 1],
            [1, 0],
            [1, 3],
          ],
          'sp.dense_shape': [2, 4],
        },
      },
    },
    {
      body: signature('sparse_in', '"inputs":{"sp.values":[5],"sp.indices":[[1,2]],"sp.dense_shape":[2,4]}'),
      answer: {
        outputs: [
          [0, 0, 0, 0],
          [0, 0, 5, 0],
        ],
      },
    },
    {
      body: signature('ragged', '"inputs":{"rt.flat_values":[1,2,3],"rt.row_splits_0":[0,2,2,3]}'),
      answer: {
        outputs: { 'doubled.flat_values': [2, 4, 6], 'doubled.row_splits_0': [0, 2, 2, 3], sums: [3, 0, 3] },
      },
    },
    {
      body: signature('ragged', '"inputs":{"rt":[[1,2],[],[3]]}'),
      status: 400,
      answer: { error: /input "rt\.flat_values" is missing/ },
    },
  ]),
);

t.test('quantised numbers go by what they are stored as', (t) =>
  predict(
    t,
    'quantised',
    [
      ['qint8', [-128, 127]],
      ['quint8', [0, 255]],
      ['qint16', [-32768, 32767]],
      ['quint16', [0, 65535]],
      ['qint32', [-2147483648, 2147483647]],
    ].flatMap(([name, values]) => [
      { body: signature(`${name}`, `"instances":[${values}]`), answer: { predictions: values } },
      {
        body: signature(`${name}`, '"instances":[2147483648]'),
        status: 400,
        answer: { error: /is not within/ },
      },
    ]),
  ),
);

t.test("references to TensorFlow 1's variables are what they refer to", (t) =>
  predict(t, 'references', [
    { body: signature('get_counter', '"inputs":{}'), answer: { outputs: 0 } },
    { body: signature('raise', '"inputs":2.5'), answer: { outputs: 2.5 } },
    { body: signature('get_counter', '"inputs":{}'), answer: { outputs: 2.5 } },
  ]),
);
