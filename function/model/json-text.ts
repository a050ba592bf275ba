import { invalidArgument } from '../errors.ts';
import type { FloatCodec } from '../native/binding.ts';
import type { TensorInfo } from './signatures.ts';
import type { Tensor } from './tensor.ts';

/**
 * The shortest decimal that reads back as the same float32: 37.77778, not JavaScript's 37.77777862548828, which is
 * the shortest for a float64. Six significant digits survive float32 always (FLT_DIG), nine tell any two apart
 * (FLT_DECIMAL_DIG), so the first of 6, 7, 8 and 9 that reads back is the answer.
 *
 * @param value a finite float32
 */
export function floatText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return Object.is(value, -0) ? '-0' : `${value}`;
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e7) {
    // The common range by arithmetic, some five times faster than toPrecision: value·10^k is far below 2^53.
    let scale = SCALES[Math.floor(Math.log10(magnitude)) + 3] ?? 1;
    for (let digits = 6; digits < 9; digits++, scale *= 10) {
      const rounded = Math.round(value * scale) / scale;
      if (Math.fround(rounded) === value) return `${rounded}`;
    }
  }
  const least = magnitude < SMALLEST_NORMAL ? 1 : 6; // subnormal numbers have fewer digits
  for (let digits = least; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return `${Number(text)}`;
  }
  return `${Number(value.toPrecision(9))}`;
}

/** Below this, float32 loses precision (FLT_MIN). */
const SMALLEST_NORMAL = 2 ** -126;

/** Powers of ten that leave six significant digits before the point, for 10^-3 … 10^6. */
const SCALES = [1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1, 1e-1];

/** Writes the element at a flat index as JSON. */
type Writer = (index: number) => string;

/**
 * @param name the output's key: strings of one whose name ends in `_bytes` are written as `{"b64": "…"}`, as
 *   TensorFlow Serving does
 * @throws RequestError INVALID_ARGUMENT where an element has no JSON form: a float that is not finite, a string that is not UTF-8
 */
function writerOf(tensor: Tensor, { key }: TensorInfo): Writer {
  const { data } = tensor;
  switch (tensor.dtype) {
    case 'DT_FLOAT':
      return (i) => {
        const value = (data as Float32Array)[i] ?? 0;
        if (Number.isFinite(value)) return floatText(value);
        throw invalidArgument(
          `output ${JSON.stringify(key)}: element ${i} is ${value}, which JSON cannot say`,
        );
      };
    case 'DT_BOOL':
      return (i) => ((data as Uint8Array)[i] === 0 ? 'false' : 'true');
    case 'DT_STRING':
      return key.endsWith('_bytes')
        ? (i) => `{"b64":"${Buffer.from(bytesAt(data, i)).toString('base64')}"}`
        : (i) => stringText(bytesAt(data, i), key);
    default:
      return (i) => `${data[i]}`; // whole numbers, int64 with all its digits
  }
}

function bytesAt(data: Tensor['data'], index: number): Uint8Array {
  const bytes = data[index];
  return bytes instanceof Uint8Array ? bytes : new Uint8Array();
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function stringText(bytes: Uint8Array, key: string): string {
  try {
    return JSON.stringify(utf8.decode(bytes));
  } catch {
    const advice = 'give the output a name that ends in _bytes to get it as b64';
    throw invalidArgument(`output ${JSON.stringify(key)} holds bytes that are no UTF-8; ${advice}`);
  }
}

/** From this many elements on, float32 is written by native code; below, the call would cost as much as it saves. */
const NATIVE_FROM_ELEMENTS = 16;

/** A whole tensor as nested JSON lists; a bare value for a scalar. @throws as writerOf's writers do */
export function tensorText(tensor: Tensor, info: TensorInfo, codec: FloatCodec): string {
  const { data, shape } = tensor;
  if (data instanceof Float32Array && data.length >= NATIVE_FROM_ELEMENTS) {
    const text = codec.formatFloats(data, shape);
    if (typeof text === 'string') return text;
  }
  return levelText(writerOf(tensor, info), tensor.shape, 0, 0);
}

/** The elements along the first dimension, each as JSON text; empty for a scalar. */
export function rowTexts(tensor: Tensor, info: TensorInfo): string[] {
  const write = writerOf(tensor, info);
  const rows = tensor.shape[0] ?? 0;
  const width = tensor.shape.slice(1).reduce((size, dim) => size * dim, 1);
  return Array.from({ length: rows }, (_, row) => levelText(write, tensor.shape, 1, row * width));
}

function levelText(write: Writer, shape: readonly number[], depth: number, from: number): string {
  const size = shape[depth];
  if (size === undefined) return write(from);
  let text = '[';
  if (depth === shape.length - 1) {
    for (let i = 0; i < size; i++) text += i === 0 ? write(from) : `,${write(from + i)}`;
  } else {
    const width = shape.slice(depth + 1).reduce((product, dim) => product * dim, 1);
    for (let i = 0; i < size; i++) {
      text += (i === 0 ? '' : ',') + levelText(write, shape, depth + 1, from + i * width);
    }
  }
  return `${text}]`;
}
