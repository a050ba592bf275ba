import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import t from 'tap';
import { readSignatures } from '../../model/signatures.ts';
import { fixture } from '../../testing/whole-server.ts';
import { predictExample } from './predict-example.ts';
import { predictSchemas } from './predict-schemas.ts';

interface Expected {
  readonly model: string;
  readonly version: number;
  readonly body: string;
  readonly status: number;
  readonly answer?: string;
}

// TensorFlow's own answers: function/fixtures/README.md.
const expected: Expected[] = JSON.parse(readFileSync(fixture('expected.json'), 'utf8'));

function signaturesOf(model: string, version: number) {
  const folder =
    model === 'celsius' ? join(import.meta.dirname, '..', '..', '..', 'model', model) : fixture(model);
  const signatures = readSignatures(readFileSync(join(folder, String(version), 'saved_model.pb')));
  if (signatures === undefined) throw new Error(`${model} is not tagged serve`);
  signatures.delete('__saved_model_init_op');
  return signatures;
}

function compiled(model: string, version: number): { request: ValidateFunction; response: ValidateFunction } {
  const ajv = new Ajv2020({ strictTypes: false });
  formats.default(ajv);
  const { request, response } = predictSchemas(signaturesOf(model, version));
  return { request: ajv.compile(request), response: ajv.compile(response) };
}

for (const model of new Set(expected.map((one) => one.model))) {
  t.test(`${model}: TensorFlow's requests and answers fit`, async (t) => {
    const cases = expected.filter((one) => one.model === model);
    const { request, response } = compiled(model, cases[0]?.version ?? 1);
    for (const { body, status, answer } of cases) {
      if (answer === undefined || body.includes('__proto__')) continue; // ajv leaves out keys of that name
      const name = `${status} ${body.slice(0, 120)}`;
      t.ok(request(JSON.parse(body)), `${name} ${JSON.stringify(request.errors?.[0])}`);
      t.ok(
        response(JSON.parse(answer)),
        `${name} → ${answer.slice(0, 120)} ${JSON.stringify(response.errors?.[0])}`,
      );
    }
  });
}

t.test('what a signature says is what a request must be', async (t) => {
  const refused = [
    { model: 'ranks', body: {}, why: 'neither format' },
    { model: 'ranks', body: { instances: [1], inputs: [1] }, why: 'both formats' },
    { model: 'ranks', body: { instances: [] }, why: 'no rows' },
    { model: 'ranks', body: { instances: ['1'] }, why: 'a string for a float' },
    { model: 'ranks', body: { instances: [1e39] }, why: 'beyond float32' },
    { model: 'ranks', body: { instances: [{ vector: 1, other: 2 }] }, why: 'a name that is no input' },
    { model: 'ranks', body: { signature_name: 'none', instances: [1] }, why: 'no such signature' },
    { model: 'ranks', body: { signature_name: 'matrix', instances: [[1, 2, 3]] }, why: 'three for two' },
    { model: 'ranks', body: { signature_name: 'total', instances: [1] }, why: 'an output without rows' },
    { model: 'types', body: { signature_name: 'int', instances: [1.5] }, why: 'a fraction for an int32' },
    { model: 'types', body: { signature_name: 'int', instances: [2 ** 31] }, why: 'beyond int32' },
    { model: 'types', body: { signature_name: 'flag', instances: [0] }, why: 'a number for a bool' },
    { model: 'types', body: { signature_name: 'bytes', instances: [{ b64: 'A' }] }, why: 'broken base64' },
    { model: 'types', body: { instances: [{ real: 1 }] }, why: 'missing inputs' },
    {
      model: 'unsupported',
      body: { signature_name: 'variant', instances: [1] },
      why: 'a dtype that is not served',
    },
    { model: 'dtypes', body: { signature_name: 'half', instances: [65520] }, why: 'beyond float16' },
    { model: 'dtypes', body: { signature_name: 'bfloat16', instances: [3.4e38] }, why: 'beyond bfloat16' },
    { model: 'dtypes', body: { signature_name: 'uint8', instances: [256] }, why: 'beyond uint8' },
    { model: 'dtypes', body: { signature_name: 'int8', instances: [-129] }, why: 'below int8' },
    { model: 'dtypes', body: { signature_name: 'uint64', instances: [-1] }, why: 'below uint64' },
    { model: 'dtypes', body: { signature_name: 'complex64', instances: [1] }, why: 'no pair' },
    { model: 'empty', body: { instances: [1] }, why: 'a model without signatures' },
  ];
  for (const { model, body, why } of refused) t.notOk(compiled(model, 1).request(body), `${model}: ${why}`);
});

t.test('an input that has a default may be left out', async (t) => {
  const { request } = compiled('defaults', 1);
  for (const body of [{ inputs: { x: [1] } }, { inputs: { x: [1], scale: 2 } }])
    t.ok(request(body), JSON.stringify(body));
  t.notOk(request({ inputs: { scale: 2 } }), 'x has none');
});

t.test('an input of unknown rank takes anything', async (t) => {
  const info = { key: 'x', name: 'x:0', dtype: 'DT_FLOAT', shape: undefined };
  const signature = {
    ...{ name: 'serving_default', method: '', inputs: [info], outputs: [info] },
    unsupported: undefined,
  };
  const { request } = predictSchemas(new Map([['serving_default', signature]]));
  const valid = new Ajv2020({ strictTypes: false, formats: { float: true } }).compile(request);
  for (const inputs of [1, [1], [[1]]]) t.ok(valid({ inputs }));
  t.same(predictExample(new Map([['serving_default', signature]])), { instances: [0] });
});

t.test('examples fit', async (t) => {
  for (const model of [
    'celsius',
    'types',
    'ranks',
    'signatures',
    'stateful',
    'convolution',
    'constant-strings',
    'dtypes',
  ]) {
    const example = predictExample(signaturesOf(model, 1));
    t.ok(compiled(model, 1).request(example), `${model}: ${JSON.stringify(example)}`);
  }
  t.same(predictExample(signaturesOf('celsius', 1)), { instances: [212] });
  t.equal(predictExample(new Map()), undefined, 'nothing is served');
});

t.test('an input too large to be looked at has no example; a scalar has one in column format', async (t) => {
  const signatures = signaturesOf('ranks', 1);
  const scalar = signatures.get('scalar');
  if (scalar === undefined) throw new Error('no signature scalar');
  t.same(predictExample(new Map([['scalar', scalar]])), { signature_name: 'scalar', inputs: 0 });
  const image = { ...scalar, inputs: scalar.inputs.map((input) => ({ ...input, shape: [-1, 224, 224, 3] })) };
  t.equal(predictExample(new Map([['scalar', image]])), undefined);
});
