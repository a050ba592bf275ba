import t from 'tap';
import type { Signature, TensorInfo } from '../../model/signatures.ts';
import type { Tensor } from '../../model/tensor.ts';
import { celsiusSignature, fakeModel, noNativeFloats, vector } from '../../testing/app.ts';
import { predictText, readPredict } from './predict-json.ts';

const info = (key: string, dtype = 'DT_FLOAT'): TensorInfo => ({ key, name: `${key}:0`, dtype, shape: [-1] });
const signature = (name: string, inputs: TensorInfo[], outputs = inputs): Signature => ({
  ...celsiusSignature(name),
  inputs,
  outputs,
});

const model = fakeModel(
  undefined,
  celsiusSignature(),
  signature('two', [info('a'), info('b', 'DT_STRING')]),
  signature('long', [info('id', 'DT_INT64')]),
  signature('none', []),
  signature('odd', [info('__proto__'), info('constructor')]),
  { ...celsiusSignature('half'), unsupported: 'signature "half": input "x" has dtype DT_HALF' },
);

t.test('requests', async (t) => {
  for (const { body, name = 'serving_default', format, inputs } of [
    { body: '{"instances":[1,2]}', format: 'row', inputs: [[1, 2]] },
    { body: '{"instances":[{"fahrenheit":1},{"fahrenheit":2}]}', format: 'row', inputs: [[1, 2]] },
    { body: '{"inputs":[1,2]}', format: 'column', inputs: [[1, 2]] },
    { body: '{"inputs":{"fahrenheit":[1,2]}}', format: 'column', inputs: [[1, 2]] },
    { body: '{"inputs":{"fahrenheit":[1],"more":0}}', format: 'column', inputs: [[1]] },
    { body: '{"inputs":5}', format: 'column', inputs: [[5]] },
    { body: '{"signature_name":"","instances":[1]}', format: 'row', inputs: [[1]] },
    {
      body: '{"signature_name":"two","instances":[{"b":"x","a":1},{"a":2,"b":{"b64":"AA=="}}]}',
      name: 'two',
      format: 'row',
      inputs: [
        [1, 2],
        [Buffer.from('x'), Buffer.of(0)],
      ],
    },
    {
      body: '{"signature_name":"two","inputs":{"a":[1],"b":["x"]}}',
      name: 'two',
      format: 'column',
      inputs: [[1], [Buffer.from('x')]],
    },
    {
      body: '{"signature_name":"long","instances":[9007199254740993]}',
      name: 'long',
      format: 'row',
      inputs: [[9007199254740993n]],
    },
    {
      body: '{"signature_name":"odd","instances":[{"__proto__":1,"constructor":2}]}',
      name: 'odd',
      format: 'row',
      inputs: [[1], [2]],
    },
    { body: '{"signature_name":"none","inputs":{}}', name: 'none', format: 'column', inputs: [] },
    { body: '{"instances":[1],"parameters":{"x":1}}', format: 'row', inputs: [[1]] },
  ]) {
    const request = readPredict(Buffer.from(body), model);
    t.equal(request.signature.name, name, body);
    t.equal(request.format, format, body);
    t.same(
      request.inputs.map(({ data }) => Array.from<unknown>(data)),
      inputs,
      body,
    );
  }
});

t.test('requests with a fault', async (t) => {
  for (const { body, message } of [
    { body: '[]', message: /^the body is not a JSON object/ },
    { body: 'null', message: /^the body is not a JSON object/ },
    { body: '{}', message: 'give one of "instances" (row format) and "inputs" (column format)' },
    { body: '{"__proto__":{"instances":[1]}}', message: /^give one of/ },
    { body: '{"instances":[1],"inputs":[1]}', message: /^give only one of/ },
    { body: '{"instances":5}', message: 'instances: not a list' },
    { body: '{"instances":{"fahrenheit":[1]}}', message: 'instances: not a list' },
    { body: '{"instances":[]}', message: 'instances: the list is empty' },
    { body: '{"instances":[null]}', message: /^instances\[0\]: null is not a number/ },
    {
      body: '{"instances":[{"fahrenheit":1},2]}',
      message: /^instances\[1\]: not an object with the inputs fahrenheit/,
    },
    { body: '{"instances":[{"kelvin":1}]}', message: 'instances[0]: input "fahrenheit" is missing' },
    { body: '{"instances":[{}]}', message: 'instances[0]: input "fahrenheit" is missing' },
    {
      body: '{"instances":[{"__proto__":{"fahrenheit":1}}]}',
      message: 'instances[0]: input "fahrenheit" is missing',
    },
    {
      body: '{"instances":[{"fahrenheit":1,"kelvin":1}]}',
      message: 'instances[0]: "kelvin" is no input of signature "serving_default"',
    },
    {
      body: '{"instances":[{"fahrenheit":[1]},{"fahrenheit":[1,2]}]}',
      message: /^instances\.fahrenheit\[1\]: 2 elements/,
    },
    { body: '{"inputs":null}', message: 'inputs: null is no tensor' },
    { body: '{"inputs":{}}', message: 'inputs: input "fahrenheit" is missing' },
    { body: '{"inputs":{"b64":"AA=="}}', message: /^inputs: an object is not a number/ },
    { body: '{"signature_name":5,"inputs":1}', message: 'signature_name: not a string' },
    { body: '{"signature_name":null,"inputs":1}', message: 'signature_name: not a string' },
    {
      body: '{"signature_name":"toString","inputs":1}',
      message:
        'signature_name: no signature "toString"; this model has: serving_default, two, long, none, odd, half',
    },
    {
      body: '{"signature_name":"half","inputs":1}',
      message: 'signature "half": input "x" has dtype DT_HALF',
    },
    {
      body: '{"signature_name":"two","instances":[1]}',
      message: /several inputs; send objects with the names a, b$/,
    },
    { body: '{"signature_name":"two","inputs":[1]}', message: /several inputs/ },
    {
      body: '{"signature_name":"long","instances":[1.5]}',
      message: /1\.5 is not a whole number \(input "id"/,
    },
  ]) {
    t.throws(() => readPredict(Buffer.from(body), model), { code: 'INVALID_ARGUMENT', message }, body);
  }
  const empty = { ...model, signatures: new Map() };
  t.throws(() => readPredict(Buffer.from('{"inputs":1}'), empty), { message: /this model has: none$/ });
});

t.test('answers', async (t) => {
  const scalar: Tensor = { dtype: 'DT_FLOAT', shape: [], data: Float32Array.of(1) };
  const one = signature('one', [info('y')]);
  const two = signature('two', [info('y'), info('__proto__')]);
  for (const { name, from, outputs, format, text } of [
    { name: 'one by rows', from: one, outputs: [vector(1, 2)], format: 'row', text: '{"predictions":[1,2]}' },
    {
      name: 'one by columns',
      from: one,
      outputs: [vector(1, 2)],
      format: 'column',
      text: '{"outputs":[1,2]}',
    },
    { name: 'a scalar', from: one, outputs: [scalar], format: 'column', text: '{"outputs":1}' },
    {
      name: 'two by rows',
      from: two,
      outputs: [vector(1, 2), vector(3, 4)],
      format: 'row',
      text: '{"predictions":[{"y":1,"__proto__":3},{"y":2,"__proto__":4}]}',
    },
    {
      name: 'two by columns',
      from: two,
      outputs: [vector(1, 2), scalar],
      format: 'column',
      text: '{"outputs":{"y":[1,2],"__proto__":1}}',
    },
    {
      name: 'none by rows',
      from: signature('none', []),
      outputs: [],
      format: 'row',
      text: '{"predictions":[]}',
    },
    {
      name: 'none by columns',
      from: signature('none', []),
      outputs: [],
      format: 'column',
      text: '{"outputs":{}}',
    },
    { name: 'no rows', from: one, outputs: [vector()], format: 'row', text: '{"predictions":[]}' },
  ] as const) {
    t.equal(predictText({ signature: from, format }, outputs, noNativeFloats), text, name);
  }
  for (const { name, from, outputs, message } of [
    { name: 'a scalar by rows', from: one, outputs: [scalar], message: /output "y" is a scalar, .*"inputs"/ },
    {
      name: 'uneven',
      from: two,
      outputs: [vector(1), vector(1, 2)],
      message: /output "__proto__" is 2 rows/,
    },
  ]) {
    const format = 'row';
    t.throws(
      () => predictText({ signature: from, format }, outputs, noNativeFloats),
      { code: 'INVALID_ARGUMENT', message },
      name,
    );
  }
  const format = 'row';
  t.throws(
    () => predictText({ signature: one, format }, [], noNativeFloats),
    RangeError,
    'an output too few',
  );
});
