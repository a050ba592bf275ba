// Tensors of every dtype for the codec's tests: from values to bytes and back, without the codec.
import { join } from 'node:path';
import { DTYPE_NUMBERS } from '../model/tensor.ts';
import { loadBinding } from '../native/binding.ts';
import type { Codec, CodecSignature, Field, RawTensor } from '../native/codec/codec.ts';

export const codec: Codec = loadBinding(join(import.meta.dirname, '..', '..', 'dist', 'native'));

export const DTYPE = DTYPE_NUMBERS;

export type DTypeName = keyof typeof DTYPE;

/** One element: components one after the other for complex numbers. */
export type Element = number | bigint | boolean | Buffer;

/** A binary float of 16 bits, `mantissa` of them below the point. */
function float16(bits: number, mantissa: number): number {
  const exponents = 15 - mantissa;
  const field = (bits & 0x7fff) >> mantissa;
  const fraction = (bits & ((1 << mantissa) - 1)) / 2 ** mantissa;
  const bias = 2 ** (exponents - 1) - 1;
  const sign = bits >> 15 === 0 ? 1 : -1;
  if (field === 2 ** exponents - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (field === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (field - bias));
}

/** The value of each bit pattern, as float16 and as bfloat16. */
export const halfOf = (bits: number): number => float16(bits, 10);
export const bfloat16Of = (bits: number): number => float16(bits, 7);

interface Layout {
  readonly size: number;
  read(bytes: Buffer, at: number): Element;
  write(bytes: Buffer, value: Element, at: number): void;
}

const layout = (
  size: number,
  read: Layout['read'],
  write: (bytes: Buffer, value: number, at: number) => void,
): Layout => ({ size, read, write: (bytes, value, at) => write(bytes, Number(value), at) });

const int8 = layout(
  1,
  (b, i) => b.readInt8(i),
  (b, v, i) => b.writeInt8(v, i),
);
const uint8 = layout(
  1,
  (b, i) => b.readUInt8(i),
  (b, v, i) => b.writeUInt8(v, i),
);
const int16 = layout(
  2,
  (b, i) => b.readInt16LE(i),
  (b, v, i) => b.writeInt16LE(v, i),
);
const uint16 = layout(
  2,
  (b, i) => b.readUInt16LE(i),
  (b, v, i) => b.writeUInt16LE(v, i),
);
const int32 = layout(
  4,
  (b, i) => b.readInt32LE(i),
  (b, v, i) => b.writeInt32LE(v, i),
);
const uint32 = layout(
  4,
  (b, i) => b.readUInt32LE(i),
  (b, v, i) => b.writeUInt32LE(v, i),
);
const float32 = layout(
  4,
  (b, i) => b.readFloatLE(i),
  (b, v, i) => b.writeFloatLE(v, i),
);
const float64 = layout(
  8,
  (b, i) => b.readDoubleLE(i),
  (b, v, i) => b.writeDoubleLE(v, i),
);

/** Floats of 16 bits are written as their bits: nothing here rounds to them. */
const LAYOUTS: Readonly<Record<Exclude<DTypeName, 'DT_STRING'>, Layout>> = {
  DT_FLOAT: float32,
  DT_COMPLEX64: float32,
  DT_DOUBLE: float64,
  DT_COMPLEX128: float64,
  DT_HALF: { ...uint16, read: (b, i) => halfOf(b.readUInt16LE(i)) },
  DT_BFLOAT16: { ...uint16, read: (b, i) => bfloat16Of(b.readUInt16LE(i)) },
  DT_INT8: int8,
  DT_QINT8: int8,
  DT_UINT8: uint8,
  DT_QUINT8: uint8,
  DT_INT16: int16,
  DT_QINT16: int16,
  DT_UINT16: uint16,
  DT_QUINT16: uint16,
  DT_INT32: int32,
  DT_QINT32: int32,
  DT_UINT32: uint32,
  DT_INT64: {
    size: 8,
    read: (b, i) => b.readBigInt64LE(i),
    write: (b, v, i) => void b.writeBigInt64LE(BigInt(String(v)), i),
  },
  DT_UINT64: {
    size: 8,
    read: (b, i) => b.readBigUInt64LE(i),
    write: (b, v, i) => void b.writeBigUInt64LE(BigInt(String(v)), i),
  },
  DT_BOOL: { ...uint8, read: (b, i) => b[i] !== 0 },
};

/** A tensor's elements. */
export function elementsOf(dtype: DTypeName, { data }: RawTensor): Element[] {
  if (dtype === 'DT_STRING' || !Buffer.isBuffer(data)) return [...data] as Buffer[];
  const { size, read } = LAYOUTS[dtype];
  return Array.from({ length: data.length / size }, (_, i) => read(data, i * size));
}

/** @param elements bits for floats of 16 bits; components one after the other for complex numbers */
export function tensorOf(
  dtype: DTypeName,
  shape: readonly number[],
  elements: readonly Element[],
): RawTensor {
  if (dtype === 'DT_STRING') return { dtype: DTYPE[dtype], shape, data: elements as Buffer[] };
  const { size, write } = LAYOUTS[dtype];
  const data = Buffer.alloc(elements.length * size);
  for (const [i, element] of elements.entries()) write(data, element, i * size);
  return { dtype: DTYPE[dtype], shape, data };
}

export const fields = (dtypes: Readonly<Record<string, DTypeName>>): Field[] =>
  Object.entries(dtypes).map(([key, dtype]) => ({ key, dtype: DTYPE[dtype] }));

/** A signature with these inputs, and the same as outputs. */
export function signatureOf(
  dtypes: Readonly<Record<string, DTypeName>>,
  name = 'serving_default',
): CodecSignature {
  return { name, inputs: fields(dtypes), outputs: fields(dtypes), unsupported: '' };
}
