import type { Signature, TensorInfo } from '../../model/signatures.ts';
import { sizeOf } from '../../model/tensor.ts';
import { hasRows } from './predict-schemas.ts';

/** An example of more values than this helps nobody. */
const MAX_VALUES = 64;

/** A body of `:predict` that fits a signature. */
export type PredictExample = Readonly<Record<string, unknown>>;

/**
 * A body that the default signature takes, or the first that can be served: one row where the signature has rows,
 * dimensions that the model leaves open as 1.
 *
 * @returns undefined where no signature can be served, or where its inputs are too large to be looked at
 */
export function predictExample(signatures: ReadonlyMap<string, Signature>): PredictExample | undefined {
  const all = [...signatures.values()].filter(({ unsupported }) => unsupported === undefined);
  const signature = all.find(({ name }) => name === 'serving_default') ?? all[0];
  if (signature === undefined) return undefined;
  const { name, inputs } = signature;
  if (inputs.reduce((sum, { shape }) => sum + sizeOf(known(shape)), 0) > MAX_VALUES) return undefined;
  const named = name === 'serving_default' ? {} : { signature_name: name };
  return hasRows(signature)
    ? { ...named, instances: [bareOrNamed(inputs, 1)] }
    : { ...named, inputs: bareOrNamed(inputs, 0) };
}

function bareOrNamed(inputs: readonly TensorInfo[], skip: 0 | 1): unknown {
  const [only, ...others] = inputs;
  if (only !== undefined && others.length === 0) return value(only, skip);
  return Object.fromEntries(inputs.map((input) => [input.key, value(input, skip)]));
}

function value({ key, dtype, shape }: TensorInfo, skip: 0 | 1): unknown {
  const element = elementOf(key, dtype);
  const nest = (inner: unknown, size: number) => Array.from({ length: size }, () => inner);
  return known(shape).slice(skip).reduceRight(nest, element);
}

function elementOf(key: string, dtype: string): unknown {
  if (dtype.startsWith('DT_STRING')) return 'text';
  if (dtype.startsWith('DT_BOOL')) return true;
  if (dtype.startsWith('DT_COMPLEX')) return [0, 0];
  return key === 'fahrenheit' ? 212 : 0;
}

/** Unknown dimensions, and an unknown rank, as 1. */
function known(shape: readonly number[] = [1]): number[] {
  return shape.map((size) => Math.max(size, 1));
}
