import { PbfReader, PbfWriter } from 'pbf';
import t from 'tap';
import { elementsOf, readTensorProto, type TensorProto } from './constant-tensor.ts';
import { fields } from './protobuf.ts';

/** Writes a TensorProto into a message of its own, as a map's value is, and reads it back. */
function read(write: (pbf: PbfWriter) => void, sizes: readonly number[] = []): TensorProto {
  const pbf = new PbfWriter();
  const shape = (_: undefined, message: PbfWriter) => {
    for (const size of sizes) message.writeMessage(2, (__, dim) => dim.writeVarintField(1, size), undefined);
  };
  pbf.writeMessage(
    1,
    (_, message) => {
      message.writeMessage(2, shape, undefined);
      write(message);
    },
    undefined,
  );
  return readBytes(pbf.finish());
}

function readBytes(bytes: Uint8Array): TensorProto {
  let found: TensorProto | undefined;
  fields(new PbfReader(bytes), {
    1: (reader) => {
      found = readTensorProto(reader);
    },
  });
  if (found === undefined) throw new Error('nothing was read');
  return found;
}

const bytesOf = (array: { buffer: ArrayBufferLike }) => new Uint8Array(array.buffer);

t.test('elements by dtype', async (t) => {
  for (const { name, dtype, sizes = [2], write, elements } of [
    {
      name: 'float',
      dtype: 1,
      write: (pbf) => pbf.writePackedFloat(5, [1.5, -2]),
      elements: Float32Array.of(1.5, -2),
    },
    {
      name: 'double',
      dtype: 2,
      write: (pbf) => pbf.writePackedDouble(6, [0.1, 2]),
      elements: Float64Array.of(0.1, 2),
    },
    {
      name: 'int32',
      dtype: 3,
      write: (pbf) => pbf.writePackedVarint(7, [-1, 7]),
      elements: Int32Array.of(-1, 7),
    },
    {
      name: 'uint8',
      dtype: 4,
      write: (pbf) => pbf.writePackedVarint(7, [255, 7]),
      elements: Uint8Array.of(255, 7),
    },
    {
      name: 'int16',
      dtype: 5,
      write: (pbf) => pbf.writePackedVarint(7, [-300, 7]),
      elements: Int16Array.of(-300, 7),
    },
    {
      name: 'complex64',
      dtype: 8,
      sizes: [1],
      write: (pbf) => pbf.writePackedFloat(9, [1, 2]),
      elements: Float32Array.of(1, 2),
    },
    {
      name: 'bool',
      dtype: 10,
      write: (pbf) => pbf.writePackedBoolean(11, [true, false]),
      elements: Uint8Array.of(1, 0),
    },
    {
      name: 'half',
      dtype: 19,
      write: (pbf) => pbf.writePackedVarint(13, [0x3c00, 0]),
      elements: Uint16Array.of(0x3c00, 0),
    },
    {
      name: 'uint32',
      dtype: 22,
      write: (pbf) => pbf.writePackedVarint(16, [2 ** 32 - 1, 0]),
      elements: Uint32Array.of(2 ** 32 - 1, 0),
    },
    {
      name: 'int64, one by one',
      dtype: 9,
      write: (pbf) => {
        pbf.writeVarintField(10, 1);
        pbf.writeVarintField(10, -1);
      },
      elements: BigInt64Array.of(1n, -1n),
    },
    {
      name: 'a scalar',
      dtype: 1,
      sizes: [],
      write: (pbf) => pbf.writeFloatField(5, 10),
      elements: Float32Array.of(10),
    },
    {
      name: 'the last is repeated',
      dtype: 1,
      sizes: [3],
      write: (pbf) => pbf.writeFloatField(5, 10),
      elements: Float32Array.of(10, 10, 10),
    },
    {
      name: 'too many are cut off',
      dtype: 1,
      sizes: [1],
      write: (pbf) => pbf.writePackedFloat(5, [1, 2]),
      elements: Float32Array.of(1),
    },
    { name: 'none are zero', dtype: 23, write: () => {}, elements: BigUint64Array.of(0n, 0n) },
    {
      name: "another dtype's field is nothing",
      dtype: 3,
      write: (pbf) => pbf.writeFloatField(5, 10),
      elements: Int32Array.of(0, 0),
    },
    {
      name: 'content',
      dtype: 3,
      write: (pbf) => pbf.writeBytesField(4, bytesOf(Int32Array.of(1, 2))),
      elements: Int32Array.of(1, 2),
    },
    { name: 'no elements', dtype: 1, sizes: [0, 3], write: () => {}, elements: new Float32Array() },
  ] satisfies {
    name: string;
    dtype: number;
    sizes?: number[];
    write: (pbf: PbfWriter) => void;
    elements: { buffer: ArrayBufferLike };
  }[]) {
    const proto = read((pbf) => {
      pbf.writeVarintField(1, dtype);
      write(pbf);
    }, sizes);
    t.same(proto.shape, sizes, name);
    t.same(elementsOf(proto), bytesOf(elements), name);
  }
  const strings = read(
    (pbf) => {
      pbf.writeVarintField(1, 7);
      pbf.writeStringField(8, 'a');
      pbf.writeStringField(8, 'é');
    },
    [3],
  );
  t.same(
    elementsOf(strings),
    ['a', 'é', 'é'].map((text) => new Uint8Array(Buffer.from(text))),
  );
});

t.test('what is no tensor', async (t) => {
  const fine = { dtype: 1, shape: [2], content: new Uint8Array(), values: undefined };
  for (const { proto, message } of [
    { proto: { shape: undefined }, message: 'its shape is not known' },
    { proto: { shape: [-1] }, message: 'its shape is not known' },
    { proto: { dtype: 20 }, message: 'its dtype, number 20, cannot be served' },
    { proto: { content: new Uint8Array(7) }, message: 'its content has 7 bytes, not 8' },
    { proto: { shape: [2 ** 20, 2 ** 20] }, message: /elements, which are too many/ },
    { proto: { dtype: 7, shape: [2 ** 30] }, message: /too many/ },
  ]) {
    t.throws(() => elementsOf({ ...fine, ...proto }), { message });
  }
  for (const bytes of [
    [0x0a, 3, 0x2a, 0x7f, 0], // float_val with a length beyond the end
    [0x0a, 2, 0x52, 0x7f],
    [0x0a, 6, 0x52, 4, 0xff, 0xff, 0xff, 0xff], // an int64 that does not end
  ]) {
    t.throws(() => readBytes(Uint8Array.from(bytes)), Error, bytes.join());
  }
});
