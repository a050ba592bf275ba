import type { Signature, TensorInfo } from '../../model/signatures.ts';
import { sizeOf, smallest } from '../../model/tensor.ts';
import { hasRows } from './predict-schemas.ts';

/** An example of more values than this helps nobody. */
const MAX_VALUES = 64;

/** A body of `:predict` that fits a signature. */
export type PredictExample = Readonly<Record<string, unknown>>;

/** Stands for an input that has too many values to be looked at. @param shape with sizes that are all known */
export type Placeholder = (shape: readonly number[], element: unknown) => unknown;

/**
 * A body that the default signature takes, or the first that can be served.
 *
 * @returns undefined where no signature can be served, or where its inputs are too large to be looked at
 */
export function predictExample(signatures: ReadonlyMap<string, Signature>): PredictExample | undefined {
  const all = [...signatures.values()].filter(({ unsupported }) => unsupported === undefined);
  const signature = all.find(({ name }) => name === 'serving_default') ?? all[0];
  if (signature === undefined) return undefined;
  let isTooLarge = false;
  const example = exampleOf(signature, () => {
    isTooLarge = true;
  });
  return isTooLarge ? undefined : example;
}

/**
 * A body that a signature takes: one row where it has rows, dimensions that the model leaves open as 1, inputs that have
 * a default left out.
 */
export function exampleOf(signature: Signature, placeholder: Placeholder): PredictExample {
  const { name, inputs, defaults } = signature;
  const wanted = inputs.filter(({ key }) => !defaults?.has(key));
  const values = (skip: 0 | 1): unknown => {
    const [only, ...others] = wanted;
    const value = (input: TensorInfo) => exampleValue(signature, input, skip, placeholder);
    if (only !== undefined && others.length === 0 && inputs.length === 1) return value(only);
    return Object.fromEntries(wanted.map((input) => [input.key, value(input)]));
  };
  const named = name === 'serving_default' ? {} : { signature_name: name };
  const isByRow = hasRows(signature) && wanted.length > 0;
  return isByRow ? { ...named, instances: [values(1)] } : { ...named, inputs: values(0) };
}

function exampleValue(
  { method }: Signature,
  { key, dtype, shape }: TensorInfo,
  skip: 0 | 1,
  placeholder: Placeholder,
): unknown {
  const takesExamples = /\/(?:classify|regress)$/.test(method);
  const sizes = smallest(shape).slice(skip);
  if (sizeOf(sizes) > MAX_VALUES) return placeholder(sizes, elementOf('', dtype, 0, takesExamples));
  let count = 0;
  const nested = ([size, ...inner]: readonly number[]): unknown =>
    size === undefined
      ? elementOf(key, dtype, count++, takesExamples)
      : Array.from({ length: size }, () => nested(inner));
  return nested(sizes);
}

/** @param i its number in the tensor: values that differ show where each goes */
function elementOf(key: string, dtype: string, i: number, isExample: boolean): unknown {
  if (dtype.startsWith('DT_STRING')) return isExample ? { b64: '' } : 'text'; // no bytes are a tf.Example, an empty one
  if (dtype.startsWith('DT_BOOL')) return i % 2 === 0;
  if (dtype.startsWith('DT_COMPLEX')) return [i, 0];
  return key === 'fahrenheit' ? 212 + i : i;
}
