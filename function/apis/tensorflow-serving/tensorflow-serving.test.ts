import t from 'tap';
import { testApp, testModel } from '../../testing/app.ts';
import { ask, type Case } from '../../testing/requests.ts';

const row = '{"instances":[212]}';

const celsius = await testModel(t);

const CASES: readonly Case[] = [
  {
    name: 'predict by rows',
    method: 'POST',
    path: '/v1/models/celsius:predict',
    body: row,
    status: 200,
    answer: { predictions: [100] },
    sent: { 'x-model-version': '1' },
  },
  {
    name: 'a refusal says the version, too',
    method: 'POST',
    path: '/v1/models/celsius:predict',
    body: '{"instances":["x"]}',
    status: 400,
    sent: { 'x-model-version': '1' },
  },
  {
    name: 'predict by columns',
    method: 'POST',
    path: '/v1/models/celsius/versions/1:predict',
    body: '{"inputs":{"fahrenheit":[212]}}',
    status: 200,
    answer: { outputs: [100] },
  },
  {
    name: 'a version with leading zeros is the same number',
    method: 'POST',
    path: '/v1/models/celsius/versions/0001:predict',
    body: row,
    status: 200,
  },
  {
    name: 'a version that is not served',
    method: 'POST',
    path: '/v1/models/celsius/versions/2:predict',
    body: row,
    status: 404,
    answer: { error: /available: 1$/ },
  },
  {
    name: 'a version beyond int64',
    method: 'POST',
    path: `/v1/models/celsius/versions/${'9'.repeat(400)}:predict`,
    body: row,
    status: 400,
    answer: { error: /int64/ },
  },
  {
    name: 'another model',
    method: 'POST',
    path: '/v1/models/kelvin:predict',
    body: row,
    status: 404,
    answer: { error: /"kelvin"/ },
  },
  {
    name: 'a name with a stray %',
    method: 'POST',
    path: '/v1/models/%zz:predict',
    body: row,
    status: 404,
    answer: { error: /"%zz"/ },
  },
  {
    name: 'a label',
    method: 'POST',
    path: '/v1/models/celsius/labels/stable:predict',
    body: row,
    status: 400,
    answer: { error: /label "stable"/ },
  },
  {
    name: 'a verb that does not fit the signature',
    method: 'POST',
    path: '/v1/models/celsius:classify',
    body: '{"examples":[{"x":1}]}',
    status: 400,
    answer: {
      error: /^signature "serving_default" is to have the outputs classes or scores, or both; it has celsius/,
    },
  },
  {
    name: 'an unknown verb',
    method: 'POST',
    path: '/v1/models/celsius:train',
    body: row,
    status: 400,
    answer: { error: /Malformed request/ },
  },
  {
    name: 'the wrong method below /v1/',
    method: 'DELETE',
    path: '/v1/models/celsius:predict',
    status: 400,
    answer: { error: /Malformed request: DELETE/ },
  },
  { name: 'GET of a verb', path: '/v1/models/celsius:predict', status: 400 },
  { name: 'anything below /v1/', path: '/v1/', status: 400, answer: { error: /Malformed request/ } },
  {
    name: 'model status',
    path: '/v1/models/celsius',
    status: 200,
    answer: {
      model_version_status: [
        { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
      ],
    },
  },
  {
    name: 'model metadata',
    path: '/v1/models/celsius/metadata',
    status: 200,
    sent: { 'x-model-version': '1' },
    answer: {
      model_spec: { name: 'celsius', signature_name: '', version: '1' },
      metadata: {
        signature_def: {
          signature_def: {
            serving_default: {
              inputs: {
                fahrenheit: {
                  dtype: 'DT_FLOAT',
                  tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false },
                },
              },
            },
          },
        },
      },
    },
  },
];

t.test('requests and their answers', (t) => ask(t, testApp(celsius), CASES));
