import fc from 'fast-check';
import t from 'tap';
import { noNativeFloats } from '../testing/app.ts';
import { floatText, rowTexts, tensorText } from './json-text.ts';
import type { Tensor } from './tensor.ts';

const info = (key = 'y') => ({ key, name: `${key}:0`, dtype: 'DT_ANY', shape: undefined });
const textOf = (tensor: Tensor, key?: string) => tensorText(tensor, info(key), noNativeFloats);

function floatOfBits(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

/** Significant digits of a number's text. */
function digitsOf(text: string): number {
  const digits = text
    .replace(/^-/, '')
    .replace(/e.*$/, '')
    .replace('.', '')
    .replace(/^0+/, '')
    .replace(/0+$/, '');
  return Math.max(digits.length, 1);
}

/** The fewest significant digits that read back as the same float32. */
function fewestDigits(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    if (Math.fround(Number(value.toPrecision(digits))) === value) return digits;
  }
  return 9;
}

/** All magnitudes alike: every exponent is as likely as any other. */
const anyFloat = fc.integer({ min: 0, max: 0xffffffff }).map(floatOfBits).filter(Number.isFinite);
/** Those that temperatures have. */
const usualFloat = fc.float({ min: -10_000, max: 10_000, noNaN: true });

t.test('a float32 is written in the shortest form that reads back', async (t) => {
  fc.assert(
    fc.property(fc.oneof(anyFloat, usualFloat), (value) => {
      const text = floatText(value);
      return Object.is(Math.fround(JSON.parse(text)), value) && digitsOf(text) === fewestDigits(value);
    }),
    { numRuns: 20_000 },
  );
  t.pass('20,000 of them');
});

t.test('numbers as they look', async (t) => {
  for (const [value, text] of [
    [0, '0'],
    [-0, '-0'],
    [100, '100'],
    [37, '37'],
    [37.77777862548828, '37.77778'],
    [-273.1499938964844, '-273.15'],
    [5555555328, '5555555300'],
    [0.10000000149011612, '0.1'],
    [16777216, '16777216'],
    [9999999, '9999999'],
    [-9999999, '-9999999'],
    [0.0010000000474974513, '0.001'],
    [9.999999747378752e-5, '0.0001'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1.1754943508222875e-38, '1.1754944e-38'],
    [1.401298464324817e-45, '1e-45'],
    [8388609.5, '8388610'],
  ] as const) {
    t.equal(floatText(Math.fround(value)), text);
  }
});

t.test('every power of two and its neighbours', async (t) => {
  let wrong = '';
  for (let exponent = 0; exponent < 255; exponent++) {
    for (const step of [-1, 0, 1]) {
      const value = floatOfBits(Math.max((exponent << 23) + step, 0));
      const text = floatText(value);
      if (Math.fround(Number(text)) !== value || digitsOf(text) !== fewestDigits(value)) wrong += ` ${value}`;
    }
  }
  t.equal(wrong, '');
});

t.test('tensors of every dtype and rank', async (t) => {
  const floats = (shape: number[]): Tensor => {
    const size = shape.reduce((a, b) => a * b, 1);
    return { dtype: 'DT_FLOAT', shape, data: Float32Array.from({ length: size }, (_, i) => i + 0.5) };
  };
  for (const { tensor, text, key } of [
    { tensor: floats([]), text: '0.5' },
    { tensor: floats([0]), text: '[]' },
    { tensor: floats([2]), text: '[0.5,1.5]' },
    { tensor: floats([2, 2]), text: '[[0.5,1.5],[2.5,3.5]]' },
    { tensor: floats([2, 0]), text: '[[],[]]' },
    { tensor: floats([0, 2]), text: '[]' },
    { tensor: floats([1, 2, 2]), text: '[[[0.5,1.5],[2.5,3.5]]]' },
    { tensor: floats([2, 1, 1, 2]), text: '[[[[0.5,1.5]]],[[[2.5,3.5]]]]' },
    { tensor: { dtype: 'DT_INT32', shape: [2], data: Int32Array.of(-1, 2) }, text: '[-1,2]' },
    {
      tensor: { dtype: 'DT_INT64', shape: [1], data: BigInt64Array.of(2n ** 53n + 1n) },
      text: '[9007199254740993]',
    },
    { tensor: { dtype: 'DT_BOOL', shape: [2], data: Uint8Array.of(0, 1) }, text: '[false,true]' },
    {
      tensor: { dtype: 'DT_STRING', shape: [2], data: [Buffer.from('"\n'), Buffer.from('🌡')] },
      text: '["\\"\\n","🌡"]',
    },
    { tensor: { dtype: 'DT_STRING', shape: [], data: [Buffer.from('\ufeffx')] }, text: '"\ufeffx"' },
    {
      tensor: { dtype: 'DT_STRING', shape: [1], data: [Buffer.of(0xff)] },
      key: 'image_bytes',
      text: '[{"b64":"/w=="}]',
    },
    { tensor: { dtype: 'DT_STRING', shape: [2], data: [] }, text: '["",""]' },
  ] as { tensor: Tensor; text: string; key?: string }[]) {
    t.equal(textOf(tensor, key), text, `${tensor.dtype} [${tensor.shape}]`);
    if (tensor.shape.length === 0) continue;
    t.equal(`[${rowTexts(tensor, info(key)).join(',')}]`, text, `${tensor.dtype} [${tensor.shape}] by rows`);
  }
});

t.test('what JSON cannot say is a 400 that names the place', async (t) => {
  for (const { tensor, message } of [
    {
      tensor: { dtype: 'DT_FLOAT', shape: [2], data: Float32Array.of(1, Number.NaN) },
      message: 'output "y": element 1 is NaN, which JSON cannot say',
    },
    {
      tensor: { dtype: 'DT_FLOAT', shape: [1, 1], data: Float32Array.of(Number.NEGATIVE_INFINITY) },
      message: /element 0 is -Infinity/,
    },
    {
      tensor: { dtype: 'DT_STRING', shape: [1], data: [Buffer.of(0xc3)] },
      message: /output "y" holds bytes that are no UTF-8; .*_bytes/,
    },
  ] as { tensor: Tensor; message: string | RegExp }[]) {
    t.throws(() => textOf(tensor), { code: 'INVALID_ARGUMENT', message });
  }
});
