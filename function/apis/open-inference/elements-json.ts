import { invalidArgument } from '../../errors.ts';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from '../../model/half.ts';
import type { WireTensor } from '../../model/tensor-proto.ts';
import { bytesOf, type Datatype, dtypeOf, elementsOf } from './datatypes.ts';
import { floatText } from './json.ts';

/** Elements as JSON has them: numbers, of 64-bit integers beyond ±2^53 bigints, bools, strings. */
type Convert = (value: unknown) => number | bigint | undefined;

/** Elements in memory, and what makes one of a JSON value: undefined where it cannot be one. */
interface Kind {
  readonly array: (size: number) => { [index: number]: number | bigint; readonly buffer: ArrayBuffer };
  readonly convert: Convert;
}

function whole(min: number, max: number): Convert {
  return (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined;
}

function large(min: bigint, max: bigint): Convert {
  return (value) => {
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) return undefined;
    const exact = BigInt(typeof value === 'bigint' ? value : Number(value));
    return exact >= min && exact <= max ? exact : undefined;
  };
}

/** @param of the number, in the elements' own form; `finite` is what that stands for */
function float(of: (value: number) => number, finite: (element: number) => number): Convert {
  return (value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
    const element = of(Number(value));
    return Number.isFinite(finite(element)) ? element : undefined;
  };
}

const same = (value: number) => value;

const KINDS: Readonly<Record<Exclude<Datatype, 'BYTES'>, Kind>> = {
  BOOL: {
    array: (size) => new Uint8Array(size),
    convert: (value) => (typeof value === 'boolean' ? Number(value) : undefined),
  },
  UINT8: { array: (size) => new Uint8Array(size), convert: whole(0, 2 ** 8 - 1) },
  UINT16: { array: (size) => new Uint16Array(size), convert: whole(0, 2 ** 16 - 1) },
  UINT32: { array: (size) => new Uint32Array(size), convert: whole(0, 2 ** 32 - 1) },
  UINT64: { array: (size) => new BigUint64Array(size), convert: large(0n, 2n ** 64n - 1n) },
  INT8: { array: (size) => new Int8Array(size), convert: whole(-(2 ** 7), 2 ** 7 - 1) },
  INT16: { array: (size) => new Int16Array(size), convert: whole(-(2 ** 15), 2 ** 15 - 1) },
  INT32: { array: (size) => new Int32Array(size), convert: whole(-(2 ** 31), 2 ** 31 - 1) },
  INT64: { array: (size) => new BigInt64Array(size), convert: large(-(2n ** 63n), 2n ** 63n - 1n) },
  FP16: { array: (size) => new Uint16Array(size), convert: float(toHalf, fromHalf) },
  BF16: { array: (size) => new Uint16Array(size), convert: float(toBfloat16, fromBfloat16) },
  FP32: { array: (size) => new Float32Array(size), convert: float(Math.fround, same) },
  FP64: { array: (size) => new Float64Array(size), convert: float(same, same) },
};

/**
 * A tensor out of a JSON list, flat or nested in any way: its elements in order are what counts.
 *
 * @throws RequestError INVALID_ARGUMENT that names the element
 */
export function tensorOfJson(
  datatype: Datatype,
  shape: readonly number[],
  data: unknown,
  what: string,
): WireTensor {
  if (!Array.isArray(data)) throw invalidArgument(`${what}: data is to be a list`);
  const elements = elementsOf(shape, what);
  const values = flattened(data, elements, what);
  checkCount(values.length, elements, shape, what);
  const refuse = (i: number) =>
    invalidArgument(`${what}: element ${i}, ${show(values[i])}, is no ${datatype}`);
  const dtype = dtypeOf(datatype);
  if (datatype === 'BYTES') {
    const strings = values.map((value, i) => {
      if (typeof value !== 'string') throw refuse(i);
      return Buffer.from(value);
    });
    return { dtype, shape, data: strings };
  }
  const { array, convert } = KINDS[datatype];
  const typed = array(elements);
  for (let i = 0; i < elements; i++) {
    const element = convert(values[i]);
    if (element === undefined) throw refuse(i);
    typed[i] = element;
  }
  return { dtype, shape, data: Buffer.from(typed.buffer) };
}

/**
 * A tensor out of elements that were read natively from a list.
 *
 * @param elements as they are in memory
 * @throws RequestError INVALID_ARGUMENT where the shape has another number of them
 */
export function tensorOfElements(
  datatype: Exclude<Datatype, 'BYTES'>,
  shape: readonly number[],
  elements: Buffer,
  what: string,
): WireTensor {
  checkCount(elements.length / bytesOf(datatype), elementsOf(shape, what), shape, what);
  return { dtype: dtypeOf(datatype), shape, data: elements };
}

function checkCount(count: number, elements: number, shape: readonly number[], what: string): void {
  if (count !== elements)
    throw invalidArgument(`${what}: ${count} elements, but shape [${shape}] has ${elements}`);
}

/** Deeper lists are no tensor's; and each level takes stack. */
const MAX_DEPTH = 254;

/** @returns at most one element more than `most` */
function flattened(list: readonly unknown[], most: number, what: string): readonly unknown[] {
  if (!list.some(Array.isArray)) return list;
  const values: unknown[] = [];
  const walk = (level: readonly unknown[], depth: number): void => {
    if (depth > MAX_DEPTH) throw invalidArgument(`${what}: lists are nested too deeply`);
    for (const value of level) {
      if (values.length > most) return;
      if (Array.isArray(value)) walk(value, depth + 1);
      else values.push(value);
    }
  };
  walk(list, 1);
  return values;
}

function show(value: unknown): string {
  return typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'nothing').slice(0, 50);
}

/**
 * A tensor's elements as one flat JSON list.
 *
 * @throws RequestError INVALID_ARGUMENT where an element has no JSON form: a float that is not finite, bytes that are no UTF-8
 */
export function jsonOfTensor(datatype: Datatype, { data }: WireTensor, what: string): string {
  const texts: string[] = [];
  if (!Buffer.isBuffer(data)) {
    for (const string of data) texts.push(stringText(string, what));
  } else {
    const text = TEXTS[datatype];
    const bytes = bytesOf(datatype);
    for (let at = 0; at < data.length; at += bytes) texts.push(text(data, at, what));
  }
  return `[${texts.join(',')}]`;
}

type Text = (data: Buffer, at: number, what: string) => string;

function finite(text: (value: number) => string, read: (data: Buffer, at: number) => number): Text {
  return (data, at, what) => {
    const value = read(data, at);
    if (Number.isFinite(value)) return text(value);
    throw invalidArgument(`${what}: an element is ${value}, which JSON cannot say; ask for binary_data`);
  };
}

const short = (value: number) => floatText(value);

const TEXTS: Readonly<Record<Datatype, Text>> = {
  BOOL: (data, at) => (data[at] === 0 ? 'false' : 'true'),
  UINT8: (data, at) => String(data[at]),
  UINT16: (data, at) => String(data.readUInt16LE(at)),
  UINT32: (data, at) => String(data.readUInt32LE(at)),
  UINT64: (data, at) => String(data.readBigUInt64LE(at)),
  INT8: (data, at) => String(data.readInt8(at)),
  INT16: (data, at) => String(data.readInt16LE(at)),
  INT32: (data, at) => String(data.readInt32LE(at)),
  INT64: (data, at) => String(data.readBigInt64LE(at)),
  FP16: finite(short, (data, at) => fromHalf(data.readUInt16LE(at))),
  BF16: finite(short, (data, at) => fromBfloat16(data.readUInt16LE(at))),
  FP32: finite(short, (data, at) => data.readFloatLE(at)),
  FP64: finite(
    (value) => (Object.is(value, -0) ? '-0' : String(value)),
    (data, at) => data.readDoubleLE(at),
  ),
  BYTES: () => '""', // is no Buffer, and so never asked for
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function stringText(bytes: Buffer, what: string): string {
  try {
    return JSON.stringify(utf8.decode(bytes));
  } catch {
    throw invalidArgument(`${what} holds bytes that are no UTF-8; ask for binary_data`);
  }
}
