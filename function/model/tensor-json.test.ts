import t from 'tap';
import { RequestError } from '../errors.ts';
import type { TensorInfo } from './signatures.ts';
import { concatenate, rowsOf, type Tensor } from './tensor.ts';
import { isBase64Object, tensorFromJson } from './tensor-json.ts';

const info = (dtype: string): TensorInfo => ({ key: 'x', name: 'x:0', dtype, shape: undefined });

/** `depth` lists around a value. */
function nested(depth: number, value: unknown = 1): unknown {
  let all = value;
  for (let i = 0; i < depth; i++) all = [all];
  return all;
}

t.test('nested lists become tensors', async (t) => {
  for (const { dtype, value, shape, data } of [
    { dtype: 'DT_FLOAT', value: 1.5, shape: [], data: [1.5] },
    { dtype: 'DT_FLOAT', value: [1, 2.5, -0], shape: [3], data: [1, 2.5, -0] },
    { dtype: 'DT_FLOAT', value: [0.1], shape: [1], data: [Math.fround(0.1)] },
    {
      dtype: 'DT_FLOAT',
      value: [
        [1, 2],
        [3, 4],
      ],
      shape: [2, 2],
      data: [1, 2, 3, 4],
    }, // prettier
    {
      dtype: 'DT_FLOAT',
      value: [
        [[1], [2]],
        [[3], [4]],
        [[5], [6]],
      ],
      shape: [3, 2, 1],
      data: [1, 2, 3, 4, 5, 6],
    },
    { dtype: 'DT_FLOAT', value: nested(4, 7), shape: [1, 1, 1, 1], data: [7] },
    { dtype: 'DT_FLOAT', value: nested(254), shape: new Array(254).fill(1), data: [1] },
    { dtype: 'DT_FLOAT', value: [], shape: [0], data: [] },
    { dtype: 'DT_FLOAT', value: [[], []], shape: [2, 0], data: [] },
    { dtype: 'DT_FLOAT', value: [3n], shape: [1], data: [3] },
    { dtype: 'DT_INT32', value: [-(2 ** 31), 2 ** 31 - 1], shape: [2], data: [-(2 ** 31), 2 ** 31 - 1] },
    { dtype: 'DT_INT32', value: [1.0, -0], shape: [2], data: [1, 0] },
    { dtype: 'DT_UINT8', value: [0, 255], shape: [2], data: [0, 255] },
    {
      dtype: 'DT_INT64',
      value: [2 ** 53 - 1, 2n ** 63n - 1n, -(2n ** 63n)],
      shape: [3],
      data: [2n ** 53n - 1n, 2n ** 63n - 1n, -(2n ** 63n)],
    },
    { dtype: 'DT_BOOL', value: [true, false], shape: [2], data: [1, 0] },
    { dtype: 'DT_STRING', value: 'ü', shape: [], data: [Buffer.from('ü')] },
    { dtype: 'DT_STRING', value: ['', { b64: 'AAEC' }], shape: [2], data: [Buffer.of(), Buffer.of(0, 1, 2)] },
    {
      dtype: 'DT_STRING',
      value: [{ b64: 'AA==' }, { b64: 'AA' }],
      shape: [2],
      data: [Buffer.of(0), Buffer.of(0)],
    },
  ]) {
    const tensor = tensorFromJson(value, info(dtype), 'inputs');
    const name = `${dtype} of shape [${shape.slice(0, 5)}]`;
    t.equal(tensor.dtype, dtype, name);
    t.same(tensor.shape, shape, name);
    t.same(Array.from<unknown>(tensor.data), data, name);
  }
});

t.test('what cannot be read names its place', async (t) => {
  for (const { dtype, value, error } of [
    { dtype: 'DT_FLOAT', value: null, error: 'inputs: null is not a number (input "x", DT_FLOAT)' },
    { dtype: 'DT_FLOAT', value: [1, '2'], error: 'inputs[1]: "2" is not a number (input "x", DT_FLOAT)' },
    {
      dtype: 'DT_FLOAT',
      value: [[1], [true]],
      error: 'inputs[1][0]: true is not a number (input "x", DT_FLOAT)',
    },
    { dtype: 'DT_FLOAT', value: [1, [2]], error: 'inputs[1]: a list is not a number (input "x", DT_FLOAT)' },
    { dtype: 'DT_FLOAT', value: { a: 1 }, error: 'inputs: an object is not a number (input "x", DT_FLOAT)' },
    { dtype: 'DT_FLOAT', value: [1e39], error: /^inputs\[0\]: 1e\+39 is beyond the range of float32/ },
    { dtype: 'DT_FLOAT', value: [-(10n ** 400n)], error: /^inputs\[0\]: -10{400} is beyond the range/ },
    { dtype: 'DT_FLOAT', value: [[1, 2], [3]], error: 'inputs[1]: 1 elements, but its neighbours have 2' },
    {
      dtype: 'DT_FLOAT',
      value: [[1], 2],
      error: 'inputs[1]: expected a list of 1 elements, as its neighbours have',
    },
    {
      dtype: 'DT_FLOAT',
      value: [[[1]], [[2, 3]]],
      error: 'inputs[1][0]: 2 elements, but its neighbours have 1',
    },
    { dtype: 'DT_FLOAT', value: [[], [1]], error: 'inputs[1]: 1 elements, but its neighbours have 0' },
    { dtype: 'DT_FLOAT', value: nested(255), error: 'inputs: nested deeper than 254 lists' },
    { dtype: 'DT_INT32', value: [1.5], error: /1\.5 is not a whole number/ },
    { dtype: 'DT_INT32', value: [2 ** 31], error: /2147483648 is not within -2147483648…2147483647/ },
    { dtype: 'DT_INT32', value: [1n], error: /1 is not a whole number/ },
    { dtype: 'DT_UINT8', value: [-1], error: /-1 is not within 0…255/ },
    { dtype: 'DT_INT64', value: [2 ** 53], error: /is not a whole number/ },
    { dtype: 'DT_INT64', value: [2n ** 63n], error: /9223372036854775808 is beyond the range of int64/ },
    { dtype: 'DT_INT64', value: [0.5], error: /0\.5 is not a whole number/ },
    { dtype: 'DT_BOOL', value: [1], error: /1 is not true or false/ },
    { dtype: 'DT_STRING', value: [1], error: /1 is neither a string nor \{"b64"/ },
    { dtype: 'DT_STRING', value: [{ b64: 'A' }], error: /an object is neither/ },
    { dtype: 'DT_STRING', value: [{ b64: 'AA=A' }], error: /an object is neither/ },
    { dtype: 'DT_STRING', value: [{ b64: '-_-_' }], error: /an object is neither/ },
    { dtype: 'DT_STRING', value: [{ b64: 'AA', c: 1 }], error: /an object is neither/ },
    { dtype: 'DT_DOUBLE', value: 1, error: 'input "x" has dtype DT_DOUBLE, which is not served' },
    {
      dtype: 'DT_BOOL',
      value: 's'.repeat(500),
      error: `inputs: "${'s'.repeat(40)}…" is not true or false (input "x", DT_BOOL)`,
    },
  ]) {
    t.throws(
      () => tensorFromJson(value, info(dtype), 'inputs'),
      { code: 'INVALID_ARGUMENT', message: error },
      String(error),
    );
    t.throws(() => tensorFromJson(value, info(dtype), 'inputs'), RequestError);
  }
});

t.test('first elements that claim more than there is make no room for it', async (t) => {
  // Six levels, of which the first element of each is the next: 10^24 elements by their shape.
  let value: unknown = 0;
  for (let level = 0; level < 6; level++) value = [value, ...new Array(9_999).fill(0)];
  const before = process.memoryUsage().arrayBuffers;
  t.throws(() => tensorFromJson(value, info('DT_FLOAT'), 'inputs'), {
    code: 'INVALID_ARGUMENT',
    message: /^inputs(\[0\])*\[1\]: expected a list of 10000 elements/,
  });
  t.ok(process.memoryUsage().arrayBuffers - before < 1 << 20, 'no room was made');
});

t.test('{"b64": "…"} alone stands for bytes', async (t) => {
  for (const { value, is } of [
    { value: { b64: '' }, is: true },
    { value: { b64: 1 }, is: false },
    { value: { b64: '', more: 1 }, is: false },
    { value: {}, is: false },
    { value: null, is: false },
    { value: ['b64'], is: false },
    { value: 'b64', is: false },
  ]) {
    t.equal(isBase64Object(value), is, JSON.stringify(value));
  }
});

t.test('tensors laid end to end and cut again are the same', async (t) => {
  const floats = (from: number, rows: number): Tensor => ({
    dtype: 'DT_FLOAT',
    shape: [rows, 2],
    data: Float32Array.from({ length: rows * 2 }, (_, i) => from + i),
  });
  const strings = (rows: number): Tensor => ({
    dtype: 'DT_STRING',
    shape: [rows],
    data: Array.from({ length: rows }, (_, i) => Buffer.of(i)),
  });
  for (const parts of [
    [floats(0, 1), floats(10, 3), floats(20, 0)],
    [strings(2), strings(1)],
    [strings(3)],
  ]) {
    const all = concatenate(parts);
    let from = 0;
    for (const part of parts) {
      const to = from + (part.shape[0] ?? 0);
      t.same(rowsOf(all, from, to), part);
      from = to;
    }
    t.equal(all.shape[0], from);
  }
  t.throws(() => concatenate([]), RangeError);
});
