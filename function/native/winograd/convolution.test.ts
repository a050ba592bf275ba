// Each kernel that this CPU has against sums in float64.
import t from 'tap';
import { testBinding } from '../../testing/app.ts';

const binding = testBinding();

type Shape = readonly [number, number, number, number];

interface Case {
  readonly shape: Shape;
  readonly channels: number;
  readonly biased?: boolean;
  readonly range?: readonly [number, number];
  readonly helpers?: number;
}

/** Sizes that fill tiles and such that do not, more tiles than one block has, and all that is fused. */
const CASES: Readonly<Record<string, Case>> = {
  'one point': { shape: [1, 1, 1, 32], channels: 32 },
  'one row': { shape: [1, 1, 7, 32], channels: 64, biased: true },
  'one column': { shape: [2, 9, 1, 48], channels: 32, biased: true },
  even: { shape: [2, 6, 8, 32], channels: 96, biased: true, range: [0, 6] },
  odd: { shape: [3, 7, 5, 64], channels: 32, range: [0, Number.POSITIVE_INFINITY] },
  'several blocks': { shape: [2, 37, 33, 64], channels: 64, biased: true },
  'several blocks on several threads': { shape: [2, 37, 33, 64], channels: 64, biased: true, helpers: 3 },
  'more threads than blocks': { shape: [1, 3, 3, 32], channels: 32, helpers: 3 },
  deep: { shape: [1, 4, 4, 512], channels: 32, biased: true },
};

/** Between -1 and 1, the same in each run. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x40000000 - 1;
  });
}

const bytes = (floats: Float32Array) => Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);

/** Copied, since a Buffer may lie anywhere. */
const floats = (buffer: Buffer) => new Float32Array(new Uint8Array(buffer).buffer);

/** What is expected, and how far a sum of float32 in any order may be from it: its terms' sizes, by 2^-24 for each. */
function expected(
  { shape, channels, biased, range }: Case,
  images: Float32Array,
  filters: Float32Array,
  bias: Float32Array,
) {
  const [count, height, width, depth] = shape;
  const values = new Float64Array(count * height * width * channels);
  const sizes = new Float64Array(values.length);
  let at = 0;
  for (let image = 0; image < count; image++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        for (let channel = 0; channel < channels; channel++, at++) {
          let sum = biased ? (bias[channel] ?? 0) : 0;
          let size = Math.abs(sum);
          for (let tap = 0; tap < 9; tap++) {
            const y = row + Math.floor(tap / 3) - 1;
            const x = column + (tap % 3) - 1;
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            const from = ((image * height + y) * width + x) * depth;
            for (let k = 0; k < depth; k++) {
              const term = (images[from + k] ?? 0) * (filters[(tap * depth + k) * channels + channel] ?? 0);
              sum += term;
              size += Math.abs(term);
            }
          }
          const [lowest, highest] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
          values[at] = Math.min(Math.max(sum, lowest), highest);
          sizes[at] = size;
        }
  return { values, sizes };
}

const kernels = binding.kernels();

t.test('a kernel of this CPU', { skip: kernels.length === 0 && 'it has neither AVX-512 nor AVX2' }, (t) => {
  for (const [name, one] of Object.entries(CASES)) {
    const { shape, channels, biased = false, range, helpers = 0 } = one;
    const images = numbers(
      shape.reduce((a, b) => a * b),
      1,
    );
    const filters = numbers(9 * shape[3] * channels, 2);
    const bias = numbers(channels, 3);
    const { values, sizes } = expected(one, images, filters, bias);
    const limits = new Float32Array(range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    for (const kernel of kernels) {
      const result = binding.convolve(
        ...([kernel, bytes(images), shape, bytes(filters), channels] as const),
        ...([biased ? bytes(bias) : Buffer.alloc(0), bytes(limits), helpers] as const),
      );
      t.ok(result, `${kernel}: ${name}`);
      const got = floats(result ?? Buffer.alloc(0));
      t.equal(got.length, values.length);
      const worst = got.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (values[i] ?? 0)) / (sizes[i] || 1)),
        0,
      );
      t.ok(worst < 1e-6, `${kernel}: ${name}, ${worst}`);
    }
  }
  t.end();
});

t.test(
  'what is no number stays none, in the tiles that it is in alone',
  { skip: kernels.length === 0 },
  (t) => {
    const images = numbers(8 * 8 * 32, 1);
    images[0] = Number.NaN;
    const filters = numbers(9 * 32 * 32, 2);
    for (const kernel of kernels) {
      const limits = bytes(new Float32Array([0, 6]));
      const result = binding.convolve(
        ...([kernel, bytes(images), [1, 8, 8, 32], bytes(filters), 32, Buffer.alloc(0), limits, 0] as const),
      );
      const got = floats(result ?? Buffer.alloc(0));
      t.ok(Number.isNaN(got[0]), kernel);
      t.ok(got.subarray(4 * 8 * 32).every(Number.isFinite), kernel);
    }
    t.end();
  },
);

t.test('other numbers of channels are not for it', { skip: kernels.length === 0 }, (t) => {
  for (const [depth, channels] of [
    [31, 32],
    [16, 64],
    [32, 40],
    [64, 16],
  ] as const) {
    const [images, filters] = [numbers(depth, 1), numbers(9 * depth * channels, 2)];
    for (const kernel of kernels) {
      const result = binding.convolve(
        ...([kernel, bytes(images), [1, 1, 1, depth], bytes(filters), channels] as const),
        ...([Buffer.alloc(0), bytes(new Float32Array([0, 6])), 0] as const),
      );
      t.equal(result, undefined, `${kernel}: ${depth} to ${channels}`);
    }
  }
  t.end();
});
