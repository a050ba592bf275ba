import t from 'tap';
import { decode, encode } from '../../function/protobuf/codec.ts';
import { TensorProto } from '../../function/protobuf/definitions/tensorflow.ts';
import { PredictRequest, PredictResponse } from '../../function/protobuf/definitions/tensorflow-serving.ts';
import {
  dtypeOf,
  inferBody,
  inferenceIn,
  nestedOf,
  predictBody,
  predictionsIn,
  tensorOf,
} from './messages.ts';

const NESTED = [
  [
    [0.5, -1],
    [2, 3],
    [4, 5],
  ],
];

t.test('lists within lists, and back', async (t) => {
  const numbers = tensorOf(NESTED);
  t.same(numbers.shape, [1, 3, 2]);
  t.ok(Buffer.isBuffer(numbers.data) && numbers.data.readFloatLE(4) === -1);
  t.same(nestedOf(numbers), NESTED);
  t.same(nestedOf(tensorOf(7)), 7);
  t.throws(() => tensorOf([[1, 2], [3]]), /no tensor of shape \[2,2\]/);
});

t.test('a request and an answer of gRPC', async (t) => {
  const body = predictBody('m', 'x', tensorOf(NESTED));
  t.equal(body.readUInt32BE(1), body.length - 5);
  const request = decode(PredictRequest, body.subarray(5));
  t.equal(request.model_spec?.name, 'm');
  const tensor = request.inputs.get('x') ?? Buffer.alloc(0);
  t.same(
    decode(TensorProto, tensor).tensor_shape?.dim.map(({ size }) => size),
    [1n, 3n, 2n],
  );
  const answer = encode(PredictResponse, { outputs: new Map([['y', tensor]]) });
  t.same(nestedOf(predictionsIn(Buffer.concat([Buffer.alloc(5), answer]))), NESTED);
});

t.test('a request and an answer of V2', async (t) => {
  const { body, headers } = inferBody('x', tensorOf(NESTED));
  t.match(headers, ['content-type: application/octet-stream', /^inference-header-content-length: \d+$/]);
  const length = headers[1]?.split(': ')[1] ?? '';
  const answered = new Headers({ 'inference-header-content-length': length });
  t.same(nestedOf(inferenceIn(body, answered)), NESTED);
});

t.test('whole numbers and strings', async (t) => {
  const ids = inferBody('ids', tensorOf([[1, -2]], 'int32')).body;
  t.match(ids.toString('latin1'), '"datatype":"INT32","parameters":{"binary_data_size":8}');
  t.equal(ids.readInt32LE(ids.length - 4), -2);
  const text = inferBody('text', tensorOf(['ab', 'ü'], 'string')).body;
  t.match(text.toString('latin1'), '"shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":12}');
  t.same(text.subarray(-6), Buffer.from([2, 0, 0, 0, 0xc3, 0xbc]));
  t.throws(() => dtypeOf('complex64'), /no way to write complex64/);
});
