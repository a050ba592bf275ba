import Type, { type Static } from 'typebox';

const TensorInfo = Type.Object({
  dtype: Type.String(),
  tensor_shape: Type.Object({
    dim: Type.Array(Type.Object({ size: Type.String() })),
    unknown_rank: Type.Boolean(),
  }),
});
type TensorInfo = Static<typeof TensorInfo>;

/** A signature, as TensorFlow Serving's metadata have it. */
export const SignatureDef = Type.Object({
  inputs: Type.Record(Type.String(), TensorInfo),
  outputs: Type.Record(Type.String(), TensorInfo),
});

/** A signature in words, and a `:predict` body that fits it. */
export interface Example {
  readonly signature: string;
  /** `x float32 [?,4]` each. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly body: string;
}

/** Elements of a tensor that an example writes out; of a larger one it would be no example to read. */
const MOST_ELEMENTS = 4096;

/** Dimensions that a signature leaves open are 1. */
export function exampleOf(signature: string, { inputs, outputs }: Static<typeof SignatureDef>): Example {
  const values = Object.fromEntries(Object.entries(inputs).map(([name, info]) => [name, tensorOf(info)]));
  const named = signature === 'serving_default' ? {} : { signature_name: signature };
  return {
    signature,
    inputs: Object.entries(inputs).map(inWords),
    outputs: Object.entries(outputs).map(inWords),
    body: JSON.stringify({ ...named, inputs: values }),
  };
}

function inWords([name, { dtype, tensor_shape }]: [string, TensorInfo]): string {
  const dims = tensor_shape.dim.map(({ size }) => (size === '-1' ? '?' : size)).join(',');
  return `${name} ${dtype.replace(/^DT_/, '').toLowerCase()} ${tensor_shape.unknown_rank ? '[…]' : `[${dims}]`}`;
}

function tensorOf({ dtype, tensor_shape }: TensorInfo): unknown {
  const dims = tensor_shape.unknown_rank ? [1] : tensor_shape.dim.map(({ size }) => Math.abs(Number(size)));
  const fits = dims.reduce((product, size) => product * size, 1) <= MOST_ELEMENTS;
  return fits ? filled(dims, elementOf(dtype)) : '…';
}

function filled([size, ...rest]: readonly number[], element: unknown): unknown {
  return size === undefined ? element : Array.from({ length: size }, () => filled(rest, element));
}

function elementOf(dtype: string): unknown {
  if (dtype === 'DT_STRING') return 'text';
  if (dtype === 'DT_BOOL') return true;
  if (/^DT_COMPLEX/.test(dtype)) return [1, 0];
  return /^DT_(?:U?INT|Q)/.test(dtype) ? 1 : 1.5;
}
