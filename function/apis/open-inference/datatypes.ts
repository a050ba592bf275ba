import { invalidArgument } from '../../errors.ts';
import type { WireTensor } from '../../model/tensor-proto.ts';
import { DataType } from '../../protobuf/definitions/tensorflow.ts';

const T = DataType.values;

/** The protocol's names of dtypes, with TensorFlow's numbers and the bytes of an element; 0 for BYTES, which vary. */
const DATATYPES = {
  BOOL: [T.DT_BOOL, 1],
  UINT8: [T.DT_UINT8, 1],
  UINT16: [T.DT_UINT16, 2],
  UINT32: [T.DT_UINT32, 4],
  UINT64: [T.DT_UINT64, 8],
  INT8: [T.DT_INT8, 1],
  INT16: [T.DT_INT16, 2],
  INT32: [T.DT_INT32, 4],
  INT64: [T.DT_INT64, 8],
  FP16: [T.DT_HALF, 2],
  BF16: [T.DT_BFLOAT16, 2],
  FP32: [T.DT_FLOAT, 4],
  FP64: [T.DT_DOUBLE, 8],
  BYTES: [T.DT_STRING, 0],
} as const satisfies Readonly<Record<string, readonly [dtype: number, elementBytes: number]>>;

export type Datatype = keyof typeof DATATYPES;

const BY_DTYPE = new Map<number, Datatype>();
for (const name of Object.keys(DATATYPES)) if (isDatatype(name)) BY_DTYPE.set(DATATYPES[name][0], name);

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(DATATYPES, name);
}

export function dtypeOf(datatype: Datatype): number {
  return DATATYPES[datatype][0];
}

/** Of an element; 0 for BYTES. */
export function bytesOf(datatype: Datatype): number {
  return DATATYPES[datatype][1];
}

/** @returns undefined for a dtype that the protocol has no name for, e.g. complex numbers */
export function datatypeOf(dtype: number): Datatype | undefined {
  return BY_DTYPE.get(dtype);
}

/** @param what of which input this is, for what is thrown. @throws RequestError INVALID_ARGUMENT */
export function readDatatype(name: string, what: string): Datatype {
  if (isDatatype(name)) return name;
  throw invalidArgument(
    `${what}: datatype ${JSON.stringify(name.slice(0, 50))} is none of ${Object.keys(DATATYPES).join(', ')}`,
  );
}

/** Elements of a shape. @throws RequestError INVALID_ARGUMENT for a shape that no tensor has */
export function elementsOf(shape: readonly number[], what: string): number {
  const elements = shape.reduce((product, size) => product * size, 1);
  const sound =
    shape.every((size) => Number.isSafeInteger(size) && size >= 0) && Number.isSafeInteger(elements);
  if (!sound) throw invalidArgument(`${what}: [${shape.slice(0, 20)}] is no tensor's shape`);
  return elements;
}

/**
 * A tensor out of raw contents: elements little-endian; of BYTES each with its length before it, in four bytes.
 *
 * @returns a tensor whose data are views of the contents
 * @throws RequestError INVALID_ARGUMENT where they do not fit the shape
 */
export function tensorOfRaw(
  datatype: Datatype,
  shape: readonly number[],
  contents: Buffer,
  what: string,
): WireTensor {
  const elements = elementsOf(shape, what);
  const dtype = dtypeOf(datatype);
  if (datatype === 'BYTES') return { dtype, shape, data: stringsOfRaw(contents, elements, what) };
  const size = elements * bytesOf(datatype);
  if (contents.length !== size)
    throw invalidArgument(
      `${what}: ${contents.length} bytes, but ${datatype} of shape [${shape}] has ${size}`,
    );
  if (datatype === 'BOOL' && contents.some((byte) => byte > 1))
    throw invalidArgument(`${what}: a BOOL is a byte 0 or 1`);
  return { dtype, shape, data: contents };
}

function stringsOfRaw(contents: Buffer, elements: number, what: string): Buffer[] {
  const strings: Buffer[] = [];
  let at = 0;
  while (at + 4 <= contents.length) {
    const from = at + 4;
    at = from + contents.readUInt32LE(at);
    if (at > contents.length) break;
    strings.push(contents.subarray(from, at));
  }
  if (at !== contents.length || strings.length !== elements)
    throw invalidArgument(`${what}: not ${elements} strings, each with its length before it in four bytes`);
  return strings;
}

/** The other way round: the tensor's own bytes, or new ones for BYTES. */
export function rawOfTensor({ data }: WireTensor): Buffer {
  if (Buffer.isBuffer(data)) return data;
  const size = data.reduce((sum, { length }) => sum + 4 + length, 0);
  const contents = Buffer.allocUnsafe(size);
  let at = 0;
  for (const string of data) {
    at = contents.writeUInt32LE(string.length, at);
    at += string.copy(contents, at);
  }
  return contents;
}
