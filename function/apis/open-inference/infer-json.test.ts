import t from 'tap';
import type { WireTensor } from '../../model/tensor-proto.ts';
import { type Datatype, dtypeOf } from './datatypes.ts';
import { HEADER_LENGTH, inferJson, readInferJson } from './infer-json.ts';

const bytes = ({ buffer }: { buffer: ArrayBuffer }) => Buffer.from(buffer);
const body = (json: unknown, ...binary: Buffer[]) => {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return [Buffer.concat([head, ...binary]), binary.length === 0 ? undefined : String(head.length)] as const;
};

/** Each datatype's elements as JSON text, and in memory. */
const CASES: [datatype: Datatype, json: string, memory: Buffer][] = [
  ['BOOL', '[true,false]', Buffer.from([1, 0])],
  ['UINT8', '[0,255]', Buffer.from([0, 255])],
  ['UINT16', '[1,65535]', bytes(Uint16Array.of(1, 65535))],
  ['UINT32', '[1,4294967295]', bytes(Uint32Array.of(1, 4294967295))],
  ['UINT64', '[1,18446744073709551615]', bytes(BigUint64Array.of(1n, 2n ** 64n - 1n))],
  ['INT8', '[-128,127]', Buffer.from([128, 127])],
  ['INT16', '[-32768,1]', bytes(Int16Array.of(-32768, 1))],
  ['INT32', '[-2147483648,1]', bytes(Int32Array.of(-(2 ** 31), 1))],
  ['INT64', '[-9223372036854775808,9007199254740993]', bytes(BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n))],
  ['FP16', '[1.5,-65504]', Buffer.from([0x00, 0x3e, 0xff, 0xfb])],
  ['BF16', '[1.5,-2]', Buffer.from([0xc0, 0x3f, 0x00, 0xc0])],
  ['FP32', '[0.1,-0]', bytes(Float32Array.of(0.1, -0))],
  ['FP64', '[0.1,1e+300]', bytes(Float64Array.of(0.1, 1e300))],
];

t.test('each datatype, as JSON and binary, in and out', async (t) => {
  for (const [datatype, json, memory] of CASES) {
    const tensor: WireTensor = { dtype: dtypeOf(datatype), shape: [2], data: memory };
    const listed = body(`{"inputs":[{"name":"x","shape":[2],"datatype":"${datatype}","data":${json}}]}`);
    t.same(readInferJson(...listed).inputs, [{ name: 'x', tensor }], datatype);
    const parameters = { binary_data_size: memory.length };
    const binary = body({ inputs: [{ name: 'x', shape: [2], datatype, parameters }] }, memory);
    t.same(readInferJson(...binary).inputs, [{ name: 'x', tensor }], `${datatype}, binary`);

    const response = { modelName: 'm', modelVersion: '1', id: '', outputs: [{ name: 'y', tensor }] };
    const text = inferJson(response, () => false);
    t.match(text.headers, ['content-type', 'application/json']);
    t.equal(
      text.body,
      `{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"${datatype}","shape":[2],"data":${json}}]}`,
    );
    const { headers, body: sent } = inferJson(response, () => true);
    const length = Number(headers[headers.indexOf(HEADER_LENGTH) + 1]);
    t.ok(Buffer.isBuffer(sent) && sent.subarray(length).equals(memory));
    t.match(JSON.parse(String(sent.slice(0, length))), { outputs: [{ datatype, shape: [2], parameters }] });
  }
});

t.test('BYTES', async (t) => {
  const tensor = { dtype: dtypeOf('BYTES'), shape: [2], data: ['é"', ''].map((text) => Buffer.from(text)) };
  const raw = Buffer.from('03000000c3a92200000000', 'hex');
  const head = { name: 'x', shape: [2], datatype: 'BYTES' };
  t.same(readInferJson(...body({ inputs: [{ ...head, data: ['é"', ''] }] })).inputs[0]?.tensor, tensor);
  const parameters = { binary_data_size: raw.length };
  t.same(readInferJson(...body({ inputs: [{ ...head, parameters }] }, raw)).inputs[0]?.tensor, tensor);
  const response = { modelName: 'm', modelVersion: '', id: 'a"b', outputs: [{ name: 'y', tensor }] };
  t.match(JSON.parse(String(inferJson(response, () => false).body)), {
    id: 'a"b',
    outputs: [{ data: ['é"', ''] }],
  });
  t.ok(String(inferJson(response, () => true).body).endsWith(String(raw)));
});

t.test('several tensors, some as JSON and some as binary', async (t) => {
  const request = {
    id: 'abc',
    parameters: { binary_data_output: true, priority: 1 },
    inputs: [
      { name: 'a', shape: [1], datatype: 'INT8', parameters: { binary_data_size: 1 } },
      {
        name: 'b',
        shape: [2, 2],
        datatype: 'FP32',
        data: [
          [1, 2],
          [3, 4],
        ],
      },
      { name: 'c', shape: [2, 0], datatype: 'FP32', data: [] },
      { name: 'd', shape: [], datatype: 'INT16', parameters: { binary_data_size: 2 } },
    ],
    outputs: [{ name: 'y' }, { name: 'z', parameters: { binary_data: false } }],
  };
  const read = readInferJson(...body(request, Buffer.from([1]), Buffer.from([2, 0])));
  t.match(read, {
    id: 'abc',
    binary: true,
    inputs: [
      { tensor: { shape: [1], data: Buffer.from([1]) } },
      { tensor: { shape: [2, 2], data: bytes(Float32Array.of(1, 2, 3, 4)) } },
      { tensor: { shape: [2, 0], data: Buffer.alloc(0) } },
      { tensor: { shape: [], data: Buffer.from([2, 0]) } },
    ],
    outputs: [
      { name: 'y', binary: true },
      { name: 'z', binary: false },
    ],
  });
  t.match(readInferJson(...body({ inputs: [], id: null, outputs: null, parameters: null })), {
    id: '',
    outputs: [],
    binary: false,
  });
});

t.test('what is refused', async (t) => {
  const x = { name: 'x', shape: [2], datatype: 'FP32' };
  const sized = (binary_data_size: unknown) => ({ ...x, parameters: { binary_data_size } });
  const cases: Record<string, readonly [Buffer, string | undefined]> = {
    'no JSON': body('{'),
    'no object': body('[]'),
    'no inputs': body({}),
    'an input that is none': body({ inputs: [1] }),
    'no name': body({ inputs: [{ ...x, name: undefined, data: [1, 2] }] }),
    'no shape': body({ inputs: [{ ...x, shape: undefined, data: [1, 2] }] }),
    'a size that is no number': body({ inputs: [{ ...x, shape: ['2'], data: [1, 2] }] }),
    'a negative size': body({ inputs: [{ ...x, shape: [-2], data: [1, 2] }] }),
    'an unknown datatype': body({ inputs: [{ ...x, datatype: 'FLOAT', data: [1, 2] }] }),
    'no data': body({ inputs: [x] }),
    'too few elements': body({ inputs: [{ ...x, data: [1] }] }),
    'too many elements': body({ inputs: [{ ...x, data: [1, [2, [3]]] }] }),
    'a text as a number': body({ inputs: [{ ...x, data: [1, '2'] }] }),
    'beyond float32': body({ inputs: [{ ...x, data: [1, 1e39] }] }),
    'beyond FP16': body({ inputs: [{ ...x, datatype: 'FP16', data: [1, 65520] }] }),
    'beyond INT8': body({ inputs: [{ ...x, datatype: 'INT8', data: [1, 128] }] }),
    'beyond INT64': body(
      '{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[9223372036854775808]}]}',
    ),
    'no whole number': body({ inputs: [{ ...x, datatype: 'INT32', data: [1, 1.5] }] }),
    'a bool of 1': body({ inputs: [{ ...x, datatype: 'BOOL', data: [true, 1] }] }),
    'a number as text': body({ inputs: [{ ...x, datatype: 'BYTES', data: ['a', 1] }] }),
    'data and binary data': body({ inputs: [{ ...sized(8), data: [1, 2] }] }, Buffer.alloc(8)),
    'fewer bytes than it says': body({ inputs: [sized(8)] }, Buffer.alloc(7)),
    'more bytes than it says': body({ inputs: [sized(8)] }, Buffer.alloc(9)),
    'a size that does not fit the shape': body({ inputs: [sized(4)] }, Buffer.alloc(4)),
    'a size of text': body({ inputs: [sized('8')] }, Buffer.alloc(8)),
    'a negative size of bytes': body({ inputs: [sized(-8)] }, Buffer.alloc(8)),
    'no header, but binary': [body({ inputs: [sized(8)] })[0], undefined],
    'a header beyond the body': [body({ inputs: [] })[0], '1000'],
    'a header that is no number': [body({ inputs: [] })[0], '0x10'],
    'shared memory': body({ inputs: [{ ...x, parameters: { shared_memory_region: 'r' } }] }),
    'a flag that is none': body({ inputs: [], outputs: [{ name: 'y', parameters: { binary_data: 1 } }] }),
    'nested too deeply': body(
      `{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":${'['.repeat(300)}${']'.repeat(300)}}]}`,
    ),
  };
  for (const [name, [sent, header]] of Object.entries(cases)) {
    t.throws(() => readInferJson(sent, header), { code: 'INVALID_ARGUMENT' }, name);
  }
});

t.test('what JSON cannot say', async (t) => {
  const answer = (tensor: WireTensor) => () =>
    inferJson({ modelName: 'm', modelVersion: '', id: '', outputs: [{ name: 'y', tensor }] }, () => false);
  const infinite = {
    dtype: dtypeOf('FP32'),
    shape: [1],
    data: bytes(Float32Array.of(Number.POSITIVE_INFINITY)),
  };
  t.throws(answer(infinite), { code: 'INVALID_ARGUMENT', message: /binary_data/ });
  t.throws(answer({ dtype: dtypeOf('BYTES'), shape: [1], data: [Buffer.from([0xff])] }), {
    message: /binary_data/,
  });
  t.throws(
    answer({ dtype: 8, shape: [], data: Buffer.alloc(8) }),
    TypeError,
    'a complex number has no datatype',
  );
});
