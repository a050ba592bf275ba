// What TensorFlow Serving 2.17.1 was recorded to make of TensorProtos: each request's tensor went through a model that
// gives back what it gets, so the answer's tensor is how the request's was read.
import t from 'tap';
import { RequestError } from '../errors.ts';
import { encode } from '../protobuf/codec.ts';
import { DataType, TensorProto } from '../protobuf/definitions/tensorflow.ts';
import { WireError } from '../protobuf/wire-reader.ts';
import { WireWriter } from '../protobuf/wire-writer.ts';
import { readTensorProto, type WireTensor, writeTensorProto } from './tensor-proto.ts';

const LIMIT = 1 << 20;
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const read = (bytes: Buffer) => readTensorProto(bytes, 'x', LIMIT);

function written(tensor: WireTensor): string {
  const writer = new WireWriter(0);
  writeTensorProto(writer, tensor);
  return writer.finish().toString('hex');
}

t.test('values, content, and what becomes of them', async (t) => {
  const cases: [name: string, request: string, answer: string][] = [
    ['float16 content', '0813 1204 12020803 2206003e00c0ff7b', '0813 1204 12020803 6a08 807c 808003 fff701'],
    ['bfloat16 values', '080e 1204 12020803 6a08c07f808003c08001', '080e 1204 12020803 6a08c07f808003c08001'],
    [
      'float32 content',
      '0801 1204 12020803 220c0000c03f000000c00000c07f',
      '0801 1204 12020803 2a0c0000c03f000000c00000c07f',
    ],
    [
      'float32 one by one',
      '0801 1204 12020802 2d0000803f 2d00000040',
      '0801 1204 12020802 2a080000803f00000040',
    ],
    [
      'float32 in two lists',
      '0801 1204 12020802 2a040000803f 2a0400000040',
      '0801 1204 12020802 2a080000803f00000040',
    ],
    ['float64 values', '0802 1204 12020801 3208000000000000f83f', '0802 1204 12020801 3208000000000000f83f'],
    [
      'int8 values',
      '0806 1204 12020803 3a0c0180ffffffffffffffff017f',
      '0806 1204 12020803 3a0c0180ffffffffffffffff017f',
    ],
    ['int8 content', '0806 1204 12020803 220301807f', '0806 1204 12020803 3a0c0180ffffffffffffffff017f'],
    [
      'int8 beyond its range',
      '0806 1204 12020802 3a0cac02d4fdffffffffffffff01',
      '0806 1204 12020802 3a0b2cd4ffffffffffffffff01',
    ],
    [
      'int16 values',
      '0805 1204 12020803 3a0e018080feffffffffffff01ffff01',
      '0805 1204 12020803 3a0e018080feffffffffffff01ffff01',
    ],
    [
      'int32 values',
      '0803 1204 12020803 3a100180808080f8ffffffff01ffffffff07',
      '0803 1204 12020803 3a100180808080f8ffffffff01ffffffff07',
    ],
    [
      'int32 one by one',
      '0803 1204 12020802 3801 38ffffffffffffffffff01',
      '0803 1204 12020802 3a0b01ffffffffffffffffff01',
    ],
    [
      'int64 content',
      '0809 1204 12020802 2210 0100000000000000 0000000000000080',
      '0809 1204 12020802 520b 01 80808080808080808001',
    ],
    ['uint8 values', '0804 1204 12020803 3a040100ff01', '0804 1204 12020803 3a040100ff01'],
    ['uint8 below 0', '0804 1204 12020801 3a0affffffffffffffffff01', '0804 1204 12020801 3a02ff01'],
    ['uint16 content', '0811 1204 12020803 2206 0100 0000 ffff', '0811 1204 12020803 3a050100ffff03'],
    ['uint32 values', '0816 1204 12020803 8201070100ffffffff0f', '0816 1204 12020803 8201070100ffffffff0f'],
    [
      'uint64 values',
      '0817 1204 12020803 8a010c0100ffffffffffffffffff01',
      '0817 1204 12020803 8a010c0100ffffffffffffffffff01',
    ],
    [
      'complex64 values',
      '0808 1204 12020801 4a080000803f00000040',
      '0808 1204 12020801 4a080000803f00000040',
    ],
    [
      'complex128 content',
      `0812 1204 12020801 2210${'000000000000f03f'.repeat(2)}`,
      `0812 1204 12020801 6210${'000000000000f03f'.repeat(2)}`,
    ],
    ['bool values', '080a 1204 12020803 5a03010001', '080a 1204 12020803 5a03010001'],
    ['bools that are other numbers', '080a 1204 12020803 5a0402800100', '080a 1204 12020803 5a03010100'],
    ['strings', '0807 1204 12020802 420170 4201ff', '0807 1204 12020802 420170 4201ff'],
    ['strings as content', '0807 1204 12020802 2205 0201 616263', '0807 1204 12020802 42026162 420163'],
    ['more than the shape has', '0801 1204 12020801 2a080000803f00000040', '0801 1204 12020801 2a040000803f'],
    [
      'one for a matrix',
      '0801 1208 12020802 12020802 2a040000e040',
      `0801 1208 12020802 12020802 2a10${'0000e040'.repeat(4)}`,
    ],
    ['two for three', '0803 1204 12020803 3a020102', '0803 1204 12020803 3a03010202'],
    ['one string for many', '0807 1204 12020803 420173', '0807 1204 12020803 420173 420173 420173'],
    ['no string for two', '0807 1204 12020802', '0807 1204 12020802 4200 4200'],
    ['none for two', '0801 1204 12020802', '0801 1204 12020802 2a080000000000000000'],
    ['half a complex number', '0808 1204 12020801 4a040000803f', '0808 1204 12020801 4a080000000000000000'],
    [
      'one complex number for two',
      '0808 1204 12020802 4a080000803f00000040',
      `0808 1204 12020802 4a10${'0000803f00000040'.repeat(2)}`,
    ],
    ['content and values', '0801 1204 12020801 22040000803f 2a0400004040', '0801 1204 12020801 2a040000803f'],
    ['values of another dtype', '0801 1204 12020802 3a020102', '0801 1204 12020802 2a080000000000000000'],
    ['a scalar', '0801 1200 2a0400002040', '0801 1200 2a0400002040'],
    ['no shape', '0801 2a080000803f00000040', '0801 1200 2a040000803f'],
    ['unknown rank', '0801 1202 1801 2a040000803f', '0801 1200 2a040000803f'],
    ['unknown rank with sizes', '0801 1206 12020801 1801 2a040000803f', '0801 1204 12020801 2a040000803f'],
    ['an empty vector', '0801 1202 1200', '0801 1202 1200'],
    ['many times none', '0801 120b 1207 08808080808020 1200', '0801 120b 1207 08808080808020 1200'],
    [
      'named dimensions',
      '0801 120b 1209 0801 12056261746368 2a040000803f',
      '0801 1204 12020801 2a040000803f',
    ],
    ['the dtype last', '2a040000803f 1204 12020801 0801', '0801 1204 12020801 2a040000803f'],
    ['a variant', '0815 1204 12020801', ''],
  ];
  for (const [name, request, answer] of cases) {
    const tensor = read(hex(request));
    if (answer === '')
      t.same(tensor, { dtype: DataType.values.DT_VARIANT, shape: [1], data: Buffer.alloc(0) }, name);
    else t.equal(written(tensor), hex(answer).toString('hex'), name);
  }
});

t.test('what is no tensor', async (t) => {
  const cases: [name: string, request: string][] = [
    ['content that is too long', '0801 1204 12020801 22080000000000000000'],
    ['content that is too short', '0801 1204 12020802 220400000000'],
    ['a bool of 2', '080a 1204 12020801 220102'],
    ['strings that are cut', '0807 1204 12020801 2203ffffff'],
    ['more bytes than strings', '0807 1204 12020801 2203 01 6162'],
    ['a dimension of -1', '0801 120d 120b 08ffffffffffffffffff01 2a040000803f'],
    ['a huge dimension', '0801 120b 1209 088080808080808002 2a040000803f'],
    ['a huge product', `0801 1212 ${'1207 08808080808020'.repeat(2)} 2a040000803f`],
    ['rank 255', `0801 12fc07 ${'12020801'.repeat(255)} 2a040000803f`],
    ['no dtype', '1204 12020801 2a040000803f'],
    ['a reference', '0865 1204 12020801 2a040000803f'],
    ['nothing', ''],
  ];
  for (const [name, request] of cases) {
    t.throws(
      () => read(hex(request)),
      { code: 'INVALID_ARGUMENT', message: 'tensor parsing error: x' },
      name,
    );
  }
  t.equal(read(hex(`0801 12f807 ${'12020801'.repeat(254)}`)).shape.length, 254);
  t.throws(() => read(hex('0801 1204 120208')), WireError);
  t.throws(() => read(hex('0803 1204 12020801 3a0180')), WireError, 'a number that is cut');
  for (const dtype of ['01', '07']) {
    t.throws(
      () => read(hex(`08${dtype} 1206 1204 08ffff7f`)),
      { code: 'RESOURCE_EXHAUSTED' },
      'large, of a few bytes',
    );
  }
  t.throws(() => read(hex('0801 1206 1204 08ffff7f')), RequestError);
});

t.test('floats and content are views of the message', async (t) => {
  for (const list of [{ float_val: [1, 2, 3] }, { tensor_content: Buffer.alloc(12, 1) }]) {
    const bytes = encode(TensorProto, { dtype: 1, tensor_shape: { dim: [{ size: 3n }] }, ...list });
    const { data } = read(bytes);
    t.ok(Buffer.isBuffer(data) && data.buffer === bytes.buffer);
  }
});

t.test('each dtype by both ways, as the general codec writes it', async (t) => {
  const numbers = [0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  const cases: [dtype: keyof typeof DataType.values, list: object, data: { buffer: ArrayBuffer }][] = [
    ['DT_INT32', { int_val: numbers.map((n) => n | 0) }, Int32Array.from(numbers)],
    ['DT_UINT32', { uint32_val: numbers }, Uint32Array.from(numbers)],
    ['DT_INT16', { int_val: numbers.map((n) => (n << 16) >> 16) }, Int16Array.from(numbers)],
    ['DT_UINT16', { int_val: numbers.map((n) => n & 0xffff) }, Uint16Array.from(numbers)],
    ['DT_INT8', { int_val: numbers.map((n) => (n << 24) >> 24) }, Int8Array.from(numbers)],
    ['DT_HALF', { half_val: numbers.map((n) => n & 0xffff) }, Uint16Array.from(numbers)],
    ['DT_INT64', { int64_val: bits((n) => BigInt.asIntN(64, n)) }, BigInt64Array.from(bits((n) => n))],
    ['DT_UINT64', { uint64_val: bits((n) => n) }, BigUint64Array.from(bits((n) => n))],
    ['DT_DOUBLE', { double_val: numbers }, Float64Array.from(numbers)],
  ];
  for (const [dtype, list, elements] of cases) {
    const data = Buffer.from(elements.buffer);
    const size = BigInt(Object.values(list)[0].length);
    const head = { dtype: DataType.values[dtype], tensor_shape: { dim: [{ size }] } };
    const bytes = encode(TensorProto, { ...head, ...list });
    t.same(read(bytes), { dtype: head.dtype, shape: [Number(size)], data }, dtype);
    t.same(read(encode(TensorProto, { ...head, tensor_content: data })).data, data);
    t.equal(
      written({ dtype: head.dtype, shape: [Number(size)], data }),
      bytes.toString('hex'),
      `${dtype} written`,
    );
  }

  function bits(of: (n: bigint) => bigint): bigint[] {
    return Array.from({ length: 64 }, (_, i) =>
      of(BigInt.asUintN(64, (1n << BigInt(i)) + (i % 2 === 0 ? -1n : 0n))),
    );
  }
});
