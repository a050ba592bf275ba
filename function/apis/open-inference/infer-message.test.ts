import t from 'tap';
import type { WireTensor } from '../../model/tensor-proto.ts';
import { decode, encode } from '../../protobuf/codec.ts';
import {
  InferTensorContents,
  ModelInferRequest,
  ModelInferResponse,
} from '../../protobuf/definitions/open-inference.ts';
import { type Datatype, datatypeOf, dtypeOf } from './datatypes.ts';
import { inferResponse, readInferRequest } from './infer-message.ts';

type Contents = Parameters<typeof encode<typeof InferTensorContents.fields>>[1];

const raw = (...arrays: { buffer: ArrayBuffer }[]) => arrays.map(({ buffer }) => Buffer.from(buffer));
const text = (...strings: string[]) => strings.map((string) => Buffer.from(string));

/** Two elements of each datatype: in their list, and raw. */
const CASES: [datatype: Datatype, contents: Contents | undefined, raw: Buffer][] = [
  ['BOOL', { bool_contents: [true, false] }, Buffer.from([1, 0])],
  ['INT8', { int_contents: [-128, 127] }, Buffer.from([128, 127])],
  ['INT16', { int_contents: [-32768, 1] }, raw(Int16Array.of(-32768, 1))[0] ?? Buffer.alloc(0)],
  ['INT32', { int_contents: [-(2 ** 31), 300] }, raw(Int32Array.of(-(2 ** 31), 300))[0] ?? Buffer.alloc(0)],
  [
    'INT64',
    { int64_contents: [-(2n ** 63n), 1n] },
    raw(BigInt64Array.of(-(2n ** 63n), 1n))[0] ?? Buffer.alloc(0),
  ],
  ['UINT8', { uint_contents: [255, 0] }, Buffer.from([255, 0])],
  ['UINT16', { uint_contents: [65535, 0] }, raw(Uint16Array.of(65535, 0))[0] ?? Buffer.alloc(0)],
  ['UINT32', { uint_contents: [2 ** 32 - 1, 0] }, raw(Uint32Array.of(2 ** 32 - 1, 0))[0] ?? Buffer.alloc(0)],
  [
    'UINT64',
    { uint64_contents: [2n ** 64n - 1n, 0n] },
    raw(BigUint64Array.of(2n ** 64n - 1n, 0n))[0] ?? Buffer.alloc(0),
  ],
  ['FP16', undefined, Buffer.from([0, 0x3c, 0, 0xc0])],
  ['BF16', undefined, Buffer.from([0x80, 0x3f, 0, 0xc0])],
  ['FP32', { fp32_contents: [1.5, -2] }, raw(Float32Array.of(1.5, -2))[0] ?? Buffer.alloc(0)],
  ['FP64', { fp64_contents: [0.1, -2] }, raw(Float64Array.of(0.1, -2))[0] ?? Buffer.alloc(0)],
  ['BYTES', { bytes_contents: text('é', '') }, Buffer.from('02000000c3a900000000', 'hex')],
];

t.test('each datatype, as a list and raw, in and out', async (t) => {
  for (const [datatype, contents, bytes] of CASES) {
    const input = { name: 'x', datatype, shape: [2n] };
    const rawly = readInferRequest(
      encode(ModelInferRequest, { model_name: 'm', inputs: [input], raw_input_contents: [bytes] }),
    );
    const tensor = rawly.inputs[0]?.tensor;
    t.match(tensor, { dtype: dtypeOf(datatype), shape: [2] }, datatype);
    t.equal(datatypeOf(dtypeOf(datatype)), datatype);
    if (tensor === undefined) continue;
    if (datatype === 'BYTES') t.same(tensor.data, text('é', ''));
    else t.same(tensor.data, bytes);

    const listed = encode(ModelInferRequest, {
      inputs: [{ ...input, contents: contents && encode(InferTensorContents, contents) }],
    });
    if (contents === undefined) t.throws(() => readInferRequest(listed), { code: 'INVALID_ARGUMENT' });
    else t.same(readInferRequest(listed).inputs, [{ name: 'x', tensor }], 'the same by its list');

    const response = { modelName: 'm', modelVersion: '1', id: 'a', outputs: [{ name: 'y', tensor }] };
    const head = { model_name: 'm', model_version: '1', id: 'a' };
    const asRaw = decode(ModelInferResponse, inferResponse(response, true));
    t.match(asRaw, {
      ...head,
      outputs: [{ name: 'y', datatype, shape: [2n] }],
      raw_output_contents: [bytes],
    });
    const asList = decode(ModelInferResponse, inferResponse(response, false));
    if (contents === undefined) t.same(asList, asRaw, 'raw, as there is no list');
    else {
      t.match(asList, { ...head, raw_output_contents: [] });
      t.match(decode(InferTensorContents, asList.outputs[0]?.contents ?? Buffer.alloc(0)), contents);
    }
  }
});

t.test('several tensors, ids, versions, outputs', async (t) => {
  const message = encode(ModelInferRequest, {
    model_name: 'm',
    model_version: '3',
    id: 'abc',
    inputs: [
      { name: 'a', datatype: 'FP32', shape: [] },
      { name: 'b', datatype: 'INT8', shape: [0n, 2n] },
    ],
    outputs: [{ name: 'y' }, { name: 'x' }],
    raw_input_contents: [Buffer.alloc(4), Buffer.alloc(0)],
    parameters: new Map([['priority', { int64_param: 1n }]]),
  });
  t.match(readInferRequest(message), {
    modelName: 'm',
    modelVersion: '3',
    id: 'abc',
    binary: true,
    inputs: [
      { name: 'a', tensor: { shape: [] } },
      { name: 'b', tensor: { shape: [0, 2] } },
    ],
    outputs: [{ name: 'y' }, { name: 'x' }],
  });
  const tensor: WireTensor = { dtype: 1, shape: [], data: Buffer.alloc(4) };
  const outputs = [
    { name: 'first', tensor },
    { name: 'second', tensor: { dtype: 7, shape: [1, 1], data: text('x') } },
  ];
  const answer = decode(
    ModelInferResponse,
    inferResponse({ modelName: 'm', modelVersion: '', id: '', outputs }, true),
  );
  t.match(answer, {
    outputs: [
      { name: 'first', shape: [] },
      { name: 'second', shape: [1n, 1n] },
    ],
    raw_output_contents: [Buffer.alloc(4), Buffer.from('0100000078', 'hex')],
  });
});

t.test('what is refused', async (t) => {
  const x = { name: 'x', datatype: 'FP32', shape: [2n] };
  const fp32 = (...numbers: number[]) => encode(InferTensorContents, { fp32_contents: numbers });
  const parameters = new Map([['shared_memory_region', { string_param: 'r' }]]);
  const cases: Record<string, Parameters<typeof encode<typeof ModelInferRequest.fields>>[1]> = {
    'fewer raw contents than inputs': { inputs: [x, x], raw_input_contents: [Buffer.alloc(8)] },
    'raw contents and a list': {
      inputs: [{ ...x, contents: fp32(1, 2) }],
      raw_input_contents: [Buffer.alloc(8)],
    },
    'raw contents that are too short': { inputs: [x], raw_input_contents: [Buffer.alloc(7)] },
    'too few elements': { inputs: [{ ...x, contents: fp32(1) }] },
    'no contents': { inputs: [x] },
    'a list of another datatype': { inputs: [{ ...x, datatype: 'INT32', contents: fp32(1, 2) }] },
    'an unknown datatype': { inputs: [{ ...x, datatype: 'FP8' }], raw_input_contents: [Buffer.alloc(2)] },
    'a datatype that objects have by themselves': { inputs: [{ ...x, datatype: 'toString' }] },
    'a negative size': { inputs: [{ ...x, shape: [-1n] }], raw_input_contents: [Buffer.alloc(8)] },
    'a huge shape': {
      inputs: [{ ...x, shape: [2n ** 62n, 2n ** 62n] }],
      raw_input_contents: [Buffer.alloc(8)],
    },
    'a bool of 2': { inputs: [{ ...x, datatype: 'BOOL' }], raw_input_contents: [Buffer.from([0, 2])] },
    'strings that are cut': {
      inputs: [{ ...x, datatype: 'BYTES' }],
      raw_input_contents: [Buffer.from('0500000061', 'hex')],
    },
    'one string too few': {
      inputs: [{ ...x, datatype: 'BYTES' }],
      raw_input_contents: [Buffer.from('0100000061', 'hex')],
    },
    'shared memory': { inputs: [{ ...x, parameters }] },
    'shared memory for an output': { inputs: [], outputs: [{ name: 'y', parameters }] },
  };
  for (const [name, request] of Object.entries(cases)) {
    t.throws(() => readInferRequest(encode(ModelInferRequest, request)), { code: 'INVALID_ARGUMENT' }, name);
  }
});
