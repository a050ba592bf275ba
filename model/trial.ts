import { messageOf } from '../function/errors.ts';
import type { SavedModel } from '../function/model/saved-model.ts';
import type { TensorInfo } from '../function/model/signatures.ts';
import { type NativeEngine, PREDICT } from '../function/native/engine.ts';

/** A request to one signature, as JSON in TensorFlow Serving's column format. */
export interface TrialRequest {
  readonly signature: string;
  readonly body: string;
}

/** What inputs are where a signature leaves their sizes open: rows, and any other dimension. */
const ROWS = 2;
const OTHER_SIZE = 8;

/** A request to each signature that can be served, the same on every call. */
export function randomRequests(model: SavedModel): TrialRequest[] {
  const random = generator(20_261_126);
  return [...model.signatures.values()]
    .filter(({ unsupported }) => unsupported === undefined)
    .map(({ name, inputs }) => ({
      signature: name,
      body: JSON.stringify({
        signature_name: name,
        inputs: Object.fromEntries(inputs.map((info) => [info.key, randomTensor(info, random)])),
      }),
    }));
}

function randomTensor({ dtype, shape = [-1] }: TensorInfo, random: () => number): unknown {
  const sizes = shape.map((size, i) => (size >= 0 ? size : i === 0 ? ROWS : OTHER_SIZE));
  const fill = (axis: number): unknown =>
    axis === sizes.length
      ? randomElement(dtype, random())
      : Array.from({ length: sizes[axis] ?? 0 }, () => fill(axis + 1));
  return fill(0);
}

/** @param chance from 0 up to 1 */
function randomElement(dtype: string, chance: number): number | string | boolean {
  if (dtype === 'DT_STRING') return `word ${Math.floor(chance * 8)}`;
  if (dtype === 'DT_BOOL') return chance < 0.5;
  // small, since integers are often indices
  if (/INT/.test(dtype)) return Math.floor(chance * 8);
  return Math.fround(chance * 2 - 1);
}

/** Marsaglia's xorshift, 32 bits. @returns from 0 up to 1 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Asks two models the same.
 *
 * @returns the largest difference of a number, over the largest number; Infinity where answers differ in more than numbers,
 *   or one of the two refuses. `refused`: what they say where both do.
 */
export async function compareAnswers(
  native: NativeEngine,
  one: number,
  other: number,
  body: string,
): Promise<{ difference: number; refused: string | undefined }> {
  const [a, b] = [await ask(native, one, body), await ask(native, other, body)];
  if (a instanceof Error && b instanceof Error) return { difference: 0, refused: messageOf(a) };
  if (a instanceof Error || b instanceof Error)
    return { difference: Number.POSITIVE_INFINITY, refused: undefined };
  return { difference: differenceOf(leaves(JSON.parse(a)), leaves(JSON.parse(b))), refused: undefined };
}

/** On the pool, so that a signal is heard meanwhile. */
function ask(native: NativeEngine, model: number, body: string): Promise<string | Error> {
  return new Promise((done) => {
    native.decodeLater(model, PREDICT, Buffer.from(body), (call) => {
      if (typeof call !== 'number') return done(call instanceof Error ? call : new Error(String(call)));
      native.runLater([call], 0, 1, () => {
        try {
          done(native.take(call).toString());
        } catch (error) {
          done(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  });
}

/** What an answer is made of, without its brackets. */
function leaves(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (typeof value !== 'object' || value === null) return [value];
  return Object.entries(value).flatMap(([key, item]) => [key, ...leaves(item)]);
}

function differenceOf(one: readonly unknown[], other: readonly unknown[]): number {
  if (one.length !== other.length) return Number.POSITIVE_INFINITY;
  let [largest, difference] = [0, 0];
  for (const [i, a] of one.entries()) {
    const b = other[i];
    if (typeof a === 'number' && typeof b === 'number') {
      largest = Math.max(largest, Math.abs(a));
      difference = Math.max(difference, Math.abs(a - b));
    } else if (a !== b) {
      return Number.POSITIVE_INFINITY;
    }
  }
  return difference === 0 ? 0 : difference / largest;
}
