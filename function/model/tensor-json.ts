import { invalidArgument } from '../errors.ts';
import { isServable, type TensorInfo } from './signatures.ts';
import { allocate, type DType, sizeOf, type Tensor, type TensorData } from './tensor.ts';

/** TensorFlow's own limit on the rank of a tensor (tensorflow/core/framework/tensor_shape.h). */
const MAX_RANK = 254;

/**
 * Reads one tensor out of parsed JSON: nested lists of equal length down to values, or a bare value for a scalar.
 *
 * @param value JSON; int64 values beyond ±2^53 come as bigint (parse-json.ts)
 * @param path where the value stands in the body, for messages: `instances`, `inputs.fahrenheit`
 * @throws RequestError INVALID_ARGUMENT that names the place, the input and its dtype
 */
export function tensorFromJson(value: unknown, info: TensorInfo, path: string): Tensor {
  const { dtype } = info;
  if (!isServable(dtype))
    throw invalidArgument(`input ${JSON.stringify(info.key)} has dtype ${dtype}, which is not served`);
  const shape = shapeOf(value, path);
  checkLevels(value, shape, 0, path);
  const data = allocate(dtype, sizeOf(shape));
  const reader: Reader = { info, shape, dtype, data, filled: 0 };
  if (shape.length === 0) fillLeaves(reader, [value], path, true);
  else fillLevel(reader, value as readonly unknown[], 0, path);
  return { dtype, shape, data };
}

/** One tensor being filled, row-major. */
interface Reader {
  readonly info: TensorInfo;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TensorData;
  filled: number;
}

/** The shape that the first element of each level tells; the others must agree. */
function shapeOf(value: unknown, path: string): number[] {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > MAX_RANK) throw invalidArgument(`${path}: nested deeper than ${MAX_RANK} lists`);
    if (level.length === 0) break;
  }
  return shape;
}

/**
 * Refuses what does not fit the shape, before there is room made for it: the first elements alone can claim more
 * elements than memory holds.
 */
function checkLevels(value: unknown, shape: readonly number[], depth: number, path: string): void {
  const size = shape[depth];
  if (size === undefined) return;
  if (!Array.isArray(value))
    throw invalidArgument(`${path}: expected a list of ${size} elements, as its neighbours have`);
  if (value.length !== size)
    throw invalidArgument(`${path}: ${value.length} elements, but its neighbours have ${size}`);
  if (depth === shape.length - 1) return;
  for (let i = 0; i < size; i++) checkLevels(value[i], shape, depth + 1, `${path}[${i}]`);
}

function fillLevel(reader: Reader, value: readonly unknown[], depth: number, path: string): void {
  if (depth === reader.shape.length - 1) fillLeaves(reader, value, path, false);
  else {
    const lists = value as readonly (readonly unknown[])[]; // as checkLevels found
    for (const [i, list] of lists.entries()) fillLevel(reader, list, depth + 1, `${path}[${i}]`);
  }
}

function fillLeaves(reader: Reader, values: readonly unknown[], path: string, scalar: boolean): void {
  const { data, filled } = reader;
  const refuse = (i: number, why: string): Error => {
    const { key, dtype } = reader.info;
    const place = scalar ? path : `${path}[${i}]`;
    return invalidArgument(`${place}: ${show(values[i])} ${why} (input ${JSON.stringify(key)}, ${dtype})`);
  };
  switch (reader.dtype) {
    case 'DT_FLOAT':
      fillFloats(data as Float32Array, filled, values, refuse);
      break;
    case 'DT_INT32':
      fillIntegers(data as Int32Array, filled, values, -(2 ** 31), 2 ** 31 - 1, refuse);
      break;
    case 'DT_UINT8':
      fillIntegers(data as Uint8Array, filled, values, 0, 255, refuse);
      break;
    case 'DT_INT64':
      fillBigIntegers(data as BigInt64Array, filled, values, refuse);
      break;
    case 'DT_BOOL':
      fillBools(data as Uint8Array, filled, values, refuse);
      break;
    case 'DT_STRING':
      fillStrings(data as Uint8Array[], values, refuse);
      break;
  }
  reader.filled += values.length;
}

type Refuse = (index: number, why: string) => Error;

function fillFloats(data: Float32Array, from: number, values: readonly unknown[], refuse: Refuse): void {
  for (let i = 0; i < values.length; i++) {
    const value = typeof values[i] === 'bigint' ? Number(values[i]) : values[i];
    if (typeof value !== 'number') throw refuse(i, 'is not a number');
    const rounded = Math.fround(value);
    if (!Number.isFinite(rounded)) throw refuse(i, 'is beyond the range of float32');
    data[from + i] = rounded;
  }
}

function fillIntegers(
  data: Int32Array | Uint8Array,
  from: number,
  values: readonly unknown[],
  min: number,
  max: number,
  refuse: Refuse,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== 'number' || !Number.isInteger(value)) throw refuse(i, 'is not a whole number');
    if (value < min || value > max) throw refuse(i, `is not within ${min}…${max}`);
    data[from + i] = value;
  }
}

function fillBigIntegers(
  data: BigInt64Array,
  from: number,
  values: readonly unknown[],
  refuse: Refuse,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) throw refuse(i, 'is not a whole number');
    const big = BigInt(value as bigint | number);
    if (BigInt.asIntN(64, big) !== big) throw refuse(i, 'is beyond the range of int64');
    data[from + i] = big;
  }
}

function fillBools(data: Uint8Array, from: number, values: readonly unknown[], refuse: Refuse): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== 'boolean') throw refuse(i, 'is not true or false');
    data[from + i] = value ? 1 : 0;
  }
}

function fillStrings(data: Uint8Array[], values: readonly unknown[], refuse: Refuse): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const bytes = typeof value === 'string' ? Buffer.from(value) : bytesOf(value);
    if (bytes === undefined) throw refuse(i, 'is neither a string nor {"b64": "…"}');
    data.push(bytes);
  }
}

/** `{"b64": "…"}`: the one object that stands for a value. */
export function isBase64Object(value: unknown): value is { b64: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0] === 'b64' && typeof (value as { b64: unknown }).b64 === 'string';
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (!isBase64Object(value)) return undefined;
  const wellFormed =
    /^[A-Za-z0-9+/]*={0,2}$/.test(value.b64) && value.b64.replace(/=+$/, '').length % 4 !== 1;
  return wellFormed ? Buffer.from(value.b64, 'base64') : undefined;
}

/** A value as a message shows it: its beginning only, whatever its size. */
function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return String(value);
}
