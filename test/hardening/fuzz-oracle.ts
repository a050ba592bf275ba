// What the fixture models answer (function/fixtures/README.md), computed here without TensorFlow.

/** One element of a tensor as a request holds it; bytes are sent as `{"b64": "…"}`. */
export type Leaf = number | bigint | boolean | string | Uint8Array;
/** One row of one input: an element, or nested lists of them. */
export type Row = Leaf | readonly Row[];

/** Outputs of one row by name, those that are known; `refused` where the graph itself says no. */
export type Known = Readonly<Record<string, Row>> | 'refused';
type RowOracle = (inputs: Readonly<Record<string, Row>>) => Known | undefined;

const f32 = Math.fround;

/** The least float32 with full precision. TensorFlow takes what is nearer to zero for zero while it computes. */
const LEAST_NORMAL = 2 ** -126;

/** A number as TensorFlow computes with it; what only moves numbers leaves them as they are. */
const num = (row: Row | undefined): number => {
  if (typeof row !== 'number') return Number.NaN;
  const value = f32(row);
  return Math.abs(value) < LEAST_NORMAL ? 0 : value;
};
const list = (row: Row | undefined): readonly Row[] => (Array.isArray(row) ? row : []);
const int = (row: Row | undefined): bigint =>
  typeof row === 'bigint' || typeof row === 'number' ? BigInt(row) : 0n;
const bytes = (row: Row | undefined): Uint8Array =>
  row instanceof Uint8Array ? row : Buffer.from(typeof row === 'string' ? row : '');
const text = (row: Row | undefined): string => Buffer.from(bytes(row)).toString();
const transposed = (rows: readonly Row[]): Row[] =>
  list(rows[0]).map((_, column) => rows.map((row) => list(row)[column] ?? 0));

const largest = (row: Row | undefined): number =>
  Array.isArray(row) ? Math.max(...row.map(largest)) : Math.abs(num(row));

const plusOne =
  (input: string, output: string): RowOracle =>
  (inputs) => ({ [output]: f32(num(inputs[input]) + 1) });

const ORACLES: Readonly<Record<string, RowOracle>> = {
  'celsius serving_default': ({ fahrenheit }) => ({ celsius: f32(((num(fahrenheit) - 32) * 5) / 9) }),
  'types serving_default': ({ real, int: whole, long, flag, text: given }) => ({
    doubled: f32(num(real) * 2),
    greeting: `Hello, ${text(given)}!`,
    int_next: BigInt.asIntN(32, int(whole) + 1n),
    length: bytes(given).length,
    long_next: BigInt.asIntN(64, int(long) + 1n),
    negated: flag !== true,
    row: [num(real), num(whole)],
    text_bytes: bytes(given),
  }),
  'types bytes': ({ data }) => ({ image_bytes: bytes(data) }),
  'types flag': ({ flag }) => ({ negated: flag !== true }),
  'types int': ({ int: whole }) => ({ next: BigInt.asIntN(32, int(whole) + 1n) }),
  'types long': ({ long }) => ({ next: BigInt.asIntN(64, int(long) + 1n) }),
  'types long_pair': ({ pair }) => ({ swapped: [...list(pair)].reverse() }),
  'ranks serving_default': plusOne('vector', 'next'),
  'ranks scalar': plusOne('scalar', 'next'),
  'ranks matrix': ({ matrix }) => ({ swapped: [...list(matrix)].reverse() }),
  // Of its sums it is only known that they are finite.
  'ranks cube': ({ cube }) => (largest(cube) > 1e38 ? undefined : { transposed: transposed(list(cube)) }),
  'ranks image': ({ image }) => ({ flipped: [...list(image)].reverse() }),
  'signatures serving_default': plusOne('x', 'y'),
  'signatures combine': ({ a, b }) => ({
    difference: f32(num(a) - num(b)),
    product: f32(num(a) * num(b)),
    sum: f32(num(a) + num(b)),
  }),
  'constant-strings filled': ({ text: given }) => ({ text: text(given) }),
  'failing root': ({ x }) => (num(x) < 0 ? 'refused' : { root: f32(Math.sqrt(num(x))) }),
  'names serving_default': (inputs) => {
    const first = num(Object.getOwnPropertyDescriptor(inputs, '__proto__')?.value);
    const second = num(Object.getOwnPropertyDescriptor(inputs, 'constructor')?.value);
    return { toString: f32(first + second), 'has own,property:0': f32(first - second) };
  },
  'names hasOwnProperty': ({ b64 }) => ({ ['__proto__']: f32(num(b64) + 1) }),
};

/** @returns what the model answers to one row; undefined where nothing is known of this signature */
export function answerTo(
  model: string,
  signature: string,
  inputs: Readonly<Record<string, Row>>,
): Known | undefined {
  return ORACLES[`${model} ${signature}`]?.(inputs);
}

/** True where a known output holds what JSON cannot say: the answer is a 400 then. */
export function isUnsayable(row: Row): boolean {
  if (Array.isArray(row)) return row.some(isUnsayable);
  return typeof row === 'number' && !Number.isFinite(row);
}

/** Compares one row of an answer (parsed with exact whole numbers) with the known one. */
export function sameRow(known: Row, found: unknown): boolean {
  if (Array.isArray(known))
    return (
      Array.isArray(found) && known.length === found.length && known.every((row, i) => sameRow(row, found[i]))
    );
  if (typeof known === 'number') {
    if (typeof found !== 'number' && typeof found !== 'bigint') return false;
    const value = Number(found); // a large float32 is a whole number, written without its fraction
    return f32(value) === known || (Math.abs(value) <= LEAST_NORMAL && Math.abs(known) <= LEAST_NORMAL);
  }
  if (typeof known === 'bigint')
    return (typeof found === 'number' || typeof found === 'bigint') && BigInt(found) === known;
  if (known instanceof Uint8Array) return Object(found).b64 === Buffer.from(known).toString('base64');
  return known === found;
}
