import type { PbfReader } from 'pbf';
import { fields } from './protobuf.ts';

/** A tensor written down in a protocol buffer (tensorflow/core/framework/tensor.proto), as far as it can be served. */
export interface TensorProto {
  /** A number of tensorflow.DataType. */
  readonly dtype: number;
  /** Undefined where the rank is unknown, which a tensor's cannot be. */
  readonly shape: readonly number[] | undefined;
  /** All elements as bytes, row-major and little-endian; empty where they stand in `values`. */
  readonly content: Uint8Array;
  /** The field that its elements are in, and those elements. A complex one is two numbers. */
  readonly values: { readonly field: ValuesField; readonly list: readonly Value[] } | undefined;
}

export type Value = number | bigint | boolean | Uint8Array;

/** The fields for elements, in the order in which the message has them. */
export const VALUES_FIELDS = [
  'half_val',
  'float_val',
  'double_val',
  'int_val',
  'string_val',
  'scomplex_val',
  'int64_val',
  'bool_val',
  'dcomplex_val',
  'uint32_val',
  'uint64_val',
] as const;

export type ValuesField = (typeof VALUES_FIELDS)[number];

/** How the elements of a dtype are written down, and what turns them into bytes. */
interface Storage {
  readonly field: ValuesField;
  /** Bytes of an element, for a complex one of both its parts. */
  readonly bytes: number;
  readonly make: (list: readonly Value[]) => { readonly buffer: ArrayBufferLike };
}

const storage = (field: ValuesField, bytes: number, make: Storage['make']): Storage => ({
  field,
  bytes,
  make,
});
const numbers = (list: readonly Value[]): number[] => list.map(Number);
const bigints = (list: readonly Value[]): bigint[] =>
  list.map((value) => (typeof value === 'bigint' ? value : 0n));

const INT8 = storage('int_val', 1, (list) => Int8Array.from(numbers(list)));
const UINT8 = storage('int_val', 1, (list) => Uint8Array.from(numbers(list)));
const INT16 = storage('int_val', 2, (list) => Int16Array.from(numbers(list)));
const UINT16 = storage('int_val', 2, (list) => Uint16Array.from(numbers(list)));
const INT32 = storage('int_val', 4, (list) => Int32Array.from(numbers(list)));
const HALF = storage('half_val', 2, (list) => Uint16Array.from(numbers(list)));

/** By the number of the dtype (types.proto); strings are apart. */
const STORAGES: Readonly<Record<number, Storage>> = {
  1: storage('float_val', 4, (list) => Float32Array.from(numbers(list))),
  2: storage('double_val', 8, (list) => Float64Array.from(numbers(list))),
  3: INT32,
  4: UINT8,
  5: INT16,
  6: INT8,
  8: storage('scomplex_val', 8, (list) => Float32Array.from(numbers(list))),
  9: storage('int64_val', 8, (list) => BigInt64Array.from(bigints(list))),
  10: storage('bool_val', 1, (list) => Uint8Array.from(numbers(list))),
  11: INT8,
  12: UINT8,
  13: INT32,
  14: HALF,
  15: INT16,
  16: UINT16,
  17: UINT16,
  18: storage('dcomplex_val', 16, (list) => Float64Array.from(numbers(list))),
  19: HALF,
  22: storage('uint32_val', 4, (list) => Uint32Array.from(numbers(list))),
  23: storage('uint64_val', 8, (list) => BigUint64Array.from(bigints(list))),
};
const STRING = 7;

/** Beyond this a tensor is no default of an input, but a mistake, or an attack by a shape without elements. */
const MOST_BYTES = 2 ** 26;

/** @throws Error where the bytes are no protocol buffer */
export function readTensorProto(pbf: PbfReader): TensorProto {
  let dtype = 0;
  let shape: readonly number[] | undefined = [];
  let content: Uint8Array = new Uint8Array();
  let values: { field: ValuesField; list: Value[] } | undefined;
  const into = (field: ValuesField, readOne: (pbf: PbfReader) => Value) => (reader: PbfReader) => {
    values ??= { field, list: [] };
    const end = reader.readPackedEnd();
    if (end > reader.length) throw new Error('saved_model.pb ends too soon');
    while (reader.pos < end) values.list.push(readOne(reader));
  };
  fields(pbf, {
    1: (reader) => {
      dtype = reader.readVarint();
    },
    2: (reader) => {
      shape = readShape(reader);
    },
    4: (reader) => {
      content = reader.readBytes();
    },
    5: into('float_val', (reader) => reader.readFloat()),
    6: into('double_val', (reader) => reader.readDouble()),
    7: into('int_val', (reader) => reader.readVarint(true)),
    8: (reader) => {
      values ??= { field: 'string_val', list: [] };
      values.list.push(reader.readBytes().slice()); // not a view: the whole file would be kept with it
    },
    9: into('scomplex_val', (reader) => reader.readFloat()),
    10: into('int64_val', (reader) => BigInt.asIntN(64, readBigVarint(reader))),
    11: into('bool_val', (reader) => reader.readBoolean()),
    12: into('dcomplex_val', (reader) => reader.readDouble()),
    13: into('half_val', (reader) => reader.readVarint()),
    16: into('uint32_val', (reader) => reader.readVarint()),
    17: into('uint64_val', readBigVarint),
  });
  return { dtype, shape, content, values };
}

/** Reads a TensorShapeProto: sizes, −1 where unknown; undefined where the rank itself is. */
export function readShape(pbf: PbfReader): readonly number[] | undefined {
  const shape: number[] = [];
  let unknownRank = false;
  fields(pbf, {
    2: (dim) => {
      let size = 0;
      fields(dim, {
        1: (reader) => {
          size = reader.readVarint(true);
        },
      });
      shape.push(size);
    },
    3: (reader) => {
      unknownRank = reader.readBoolean();
    },
  });
  return unknownRank ? undefined : shape;
}

/**
 * The elements of a tensor: bytes, row-major and little-endian; strings one by one. Where there are fewer values than
 * elements the last is repeated, where there are none they are zero, as TensorFlow reads it.
 *
 * @throws Error that says why it is no tensor that can be served
 */
export function elementsOf({ dtype, shape, content, values }: TensorProto): Uint8Array | Uint8Array[] {
  if (shape === undefined || shape.some((size) => size < 0)) throw new Error('its shape is not known');
  const count = shape.reduce((product, size) => product * size, 1);
  if (dtype === STRING) {
    if (count * 8 > MOST_BYTES) throw new Error(`it has ${count} elements, which are too many`);
    const strings = values?.field === 'string_val' ? values.list : [];
    return filled(strings, count, new Uint8Array()) as Uint8Array[]; // string_val holds nothing else
  }
  const found = STORAGES[dtype];
  if (found === undefined) throw new Error(`its dtype, number ${dtype}, cannot be served`);
  const bytes = count * found.bytes;
  if (bytes > MOST_BYTES) throw new Error(`it has ${count} elements, which are too many`);
  if (content.length > 0) {
    if (content.length === bytes) return content.slice(); // not a view: the whole file would be kept with it
    throw new Error(`its content has ${content.length} bytes, not ${bytes}`);
  }
  const isComplex = found.field === 'scomplex_val' || found.field === 'dcomplex_val';
  const list = values?.field === found.field ? values.list : [];
  return new Uint8Array(found.make(isComplex ? filledPairs(list, count) : filled(list, count, 0)).buffer);
}

function filled(list: readonly Value[], count: number, zero: Value): Value[] {
  const last = list.at(-1) ?? zero;
  return Array.from({ length: count }, (_, i) => list[i] ?? last);
}

function filledPairs(list: readonly Value[], count: number): Value[] {
  const last = list.length < 2 ? [0, 0] : list.slice(-2);
  return Array.from({ length: 2 * count }, (_, i) => list[i] ?? last[i % 2] ?? 0);
}

/** 64 bits, which a number does not hold exactly. */
function readBigVarint(pbf: PbfReader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = pbf.buf[pbf.pos++];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw new Error('saved_model.pb is damaged');
}
