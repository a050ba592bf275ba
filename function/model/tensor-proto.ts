import { invalidArgument, RequestError } from '../errors.ts';
import { DataType } from '../protobuf/definitions/tensorflow.ts';
import {
  countVarints,
  type Elements,
  PackedList,
  readBools,
  readVarints,
  writeVarints,
} from '../protobuf/packed.ts';
import { Wire, WireError, WireReader } from '../protobuf/wire-reader.ts';
import type { WireWriter } from '../protobuf/wire-writer.ts';

/** A tensor as requests and answers carry it, ready to be copied into or out of one of TensorFlow's. */
export interface WireTensor {
  /** One of DataType's numbers. */
  readonly dtype: number;
  /** Sizes of the dimensions; [] for a scalar. */
  readonly shape: readonly number[];
  /**
   * All elements in row-major order, little-endian, as TensorFlow has them in memory (bool: a byte 0 or 1); not aligned.
   * Of strings a list of their bytes.
   */
  readonly data: Buffer | readonly Buffer[];
}

/** How TensorProto holds the elements of a dtype. */
interface Layout {
  /** The field of its list of values. */
  readonly field: number;
  /** Bytes of an element in memory; of a string the least that it takes here. */
  readonly bytes: number;
  /** Of values that are packed as varints; others are packed as they are in memory. */
  readonly varints?: Elements;
}

const integer = (field: number, bytes: Elements['bytes'], signed: boolean): Layout => ({
  field,
  bytes,
  varints: { bytes, signed },
});

const STRING_FIELD = 8;

const T = DataType.values;

const LAYOUTS: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [T.DT_FLOAT, { field: 5, bytes: 4 }],
  [T.DT_DOUBLE, { field: 6, bytes: 8 }],
  [T.DT_INT32, integer(7, 4, true)],
  [T.DT_UINT8, integer(7, 1, false)],
  [T.DT_INT16, integer(7, 2, true)],
  [T.DT_INT8, integer(7, 1, true)],
  [T.DT_STRING, { field: STRING_FIELD, bytes: 8 }],
  [T.DT_COMPLEX64, { field: 9, bytes: 8 }],
  [T.DT_INT64, integer(10, 8, true)],
  [T.DT_BOOL, integer(11, 1, false)],
  [T.DT_QINT8, integer(7, 1, true)],
  [T.DT_QUINT8, integer(7, 1, false)],
  [T.DT_QINT32, integer(7, 4, true)],
  [T.DT_BFLOAT16, integer(13, 2, false)],
  [T.DT_QINT16, integer(7, 2, true)],
  [T.DT_QUINT16, integer(7, 2, false)],
  [T.DT_UINT16, integer(7, 2, false)],
  [T.DT_COMPLEX128, { field: 12, bytes: 16 }],
  [T.DT_HALF, integer(13, 2, false)],
  [T.DT_UINT32, integer(16, 4, false)],
  [T.DT_UINT64, integer(17, 8, false)],
]);

/** How single values of the fields are encoded; of all others as varints. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [5, Wire.FIXED32],
  [9, Wire.FIXED32],
  [6, Wire.FIXED64],
  [12, Wire.FIXED64],
]);

const VALUE_FIELDS: ReadonlySet<number> = new Set([...LAYOUTS.values()].map(({ field }) => field));

/** Handles and variants hold nothing that could be served; a signature refuses them by their dtype. */
const WITHOUT_DATA: ReadonlySet<number> = new Set([T.DT_RESOURCE, T.DT_VARIANT]);

/** No tensor is larger; for TensorFlow, too, one that says so is none. */
const ADDRESS_SPACE = 2 ** 47;

/** TensorFlow has no tensor of more dimensions. */
const MAX_RANK = 254;

/**
 * Reads a serialized TensorProto by TensorFlow's rules, as TensorFlow Serving was recorded to: content wins over values
 * and must have the right size; of too few values the last is repeated, none are zeros, too many are cut; values of
 * another dtype do not count; no shape is a scalar's, and the sizes count of one whose rank is said to be unknown.
 *
 * @param name of the input, for what is thrown
 * @param limitBytes largest tensor; one value stands for any number of elements, so the message's size says nothing
 * @throws RequestError INVALID_ARGUMENT for what is no tensor, RESOURCE_EXHAUSTED for one beyond the limit
 * @throws WireError where the bytes are no message
 */
export function readTensorProto(bytes: Buffer, name: string, limitBytes: number): WireTensor {
  const { dtype, shape, content, strings, values } = readFields(bytes);
  if (shape === undefined) throw unreadable(name);
  if (WITHOUT_DATA.has(dtype)) return { dtype, shape, data: EMPTY };
  const layout = LAYOUTS.get(dtype);
  const elements = shape.reduce((product, size) => product * size, 1);
  if (layout === undefined) throw unreadable(name);
  const size = elements * layout.bytes;
  if (!(size < ADDRESS_SPACE)) throw unreadable(name);
  if (size > limitBytes) {
    throw new RequestError(
      'RESOURCE_EXHAUSTED',
      `tensor ${name} would take ${size} bytes, of at most ${limitBytes} (BODY_LIMIT_BYTES)`,
    );
  }
  if (layout.field === STRING_FIELD) {
    const data = content.length > 0 ? readStrings(content, elements, name) : strings;
    return { dtype, shape, data: filledStrings(data, elements) };
  }
  if (content.length > 0) {
    const wrong = content.length !== size || (dtype === T.DT_BOOL && content.some((byte) => byte > 1));
    if (wrong) throw unreadable(name);
    return { dtype, shape, data: content };
  }
  const list = values.get(layout.field)?.bytes ?? EMPTY;
  return { dtype, shape, data: filled(readValues(list, dtype, layout, elements), layout.bytes, size) };
}

/** @returns the elements that the list has, at most so many as the shape has */
function readValues(list: Buffer, dtype: number, { varints, bytes }: Layout, elements: number): Buffer {
  if (varints === undefined)
    return list.subarray(0, Math.min(elements, Math.floor(list.length / bytes)) * bytes);
  const count = Math.min(elements, countVarints(list));
  return dtype === T.DT_BOOL ? readBools(list, count) : readVarints(list, count, varints.bytes);
}

/** @returns `data` itself where it is of the right size */
function filled(data: Buffer, elementBytes: number, size: number): Buffer {
  if (data.length === size) return data;
  if (data.length === 0) return Buffer.alloc(size);
  const all = Buffer.allocUnsafe(size);
  all.fill(data.subarray(data.length - elementBytes), data.copy(all));
  return all;
}

function filledStrings(strings: readonly Buffer[], elements: number): readonly Buffer[] {
  if (strings.length >= elements) return strings.length === elements ? strings : strings.slice(0, elements);
  return [...strings, ...new Array<Buffer>(elements - strings.length).fill(strings.at(-1) ?? EMPTY)];
}

/** Strings as content: the lengths of all, then the bytes of all. */
function readStrings(content: Buffer, elements: number, name: string): readonly Buffer[] {
  const reader = new WireReader(content);
  try {
    const lengths = Array.from({ length: elements }, () => reader.uint32());
    const strings = lengths.map((length) => reader.slice(length));
    if (!reader.more) return strings;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  throw unreadable(name);
}

interface Proto {
  dtype: number;
  /** Undefined where it is none that a tensor could have. */
  shape: number[] | undefined;
  content: Buffer;
  /** By their field. */
  readonly values: Map<number, PackedList>;
  readonly strings: Buffer[];
}

function readFields(bytes: Buffer): Proto {
  const proto: Proto = { dtype: 0, shape: [], content: EMPTY, values: new Map(), strings: [] };
  const dims: number[] = [];
  const reader = new WireReader(bytes);
  while (reader.next()) {
    const { number, wire } = reader;
    if (number === 1 && wire === Wire.VARINT) proto.dtype = reader.int32();
    else if (number === 2 && wire === Wire.BYTES) readShape(reader, dims);
    else if (number === 4 && wire === Wire.BYTES) proto.content = reader.bytes();
    else if (number === STRING_FIELD && wire === Wire.BYTES) proto.strings.push(reader.bytes());
    else if (
      VALUE_FIELDS.has(number) &&
      (wire === Wire.BYTES || wire === (FIXED.get(number) ?? Wire.VARINT))
    ) {
      const list = proto.values.get(number) ?? new PackedList();
      proto.values.set(number, list);
      list.add(reader.encoded());
    } else reader.skip();
  }
  proto.shape = dims.length <= MAX_RANK && dims.every((size) => size >= 0) ? dims : undefined;
  return proto;
}

/** Adds the sizes that are in the field. */
function readShape(reader: WireReader, dims: number[]): void {
  const shape = reader.enter();
  while (reader.next()) {
    if (reader.number === 2 && reader.wire === Wire.BYTES) dims.push(readSize(reader));
    else reader.skip();
  }
  reader.leave(shape);
}

function readSize(reader: WireReader): number {
  let size = 0;
  const dim = reader.enter();
  while (reader.next()) {
    if (reader.number === 1 && reader.wire === Wire.VARINT) size = Number(reader.int64());
    else reader.skip();
  }
  reader.leave(dim);
  return size;
}

/**
 * Writes a tensor as the content of a TensorProto, without a tag: dtype, shape, and one value for each element, as
 * TensorFlow Serving's answers have them.
 */
export function writeTensorProto(writer: WireWriter, { dtype, shape, data }: WireTensor): void {
  const layout = LAYOUTS.get(dtype);
  if (layout === undefined) throw new TypeError(`no list of values for dtype ${dtype}`);
  if (!Buffer.isBuffer(data)) for (const string of data.toReversed()) writer.bytes(layout.field, string);
  else if (data.length > 0) {
    const before = writer.size;
    if (layout.varints === undefined) writer.raw(data);
    else writeVarints(writer, data, layout.varints);
    writer.message(layout.field, before);
  }
  const before = writer.size;
  for (const size of shape.toReversed()) {
    const dim = writer.size;
    if (size > 0) {
      if (size < 2 ** 32) writer.uint32(size);
      else writer.uint64(BigInt(size));
      writer.tag(1, Wire.VARINT);
    }
    writer.message(2, dim);
  }
  writer.message(2, before);
  writer.uint32(dtype);
  writer.tag(1, Wire.VARINT);
}

/** INVALID_ARGUMENT in TensorFlow Serving's words. */
function unreadable(name: string): RequestError {
  return invalidArgument(`tensor parsing error: ${name}`);
}

const EMPTY = Buffer.alloc(0);
