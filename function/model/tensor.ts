import { DATA_TYPES } from '../protobuf/data-types.ts';

const { DT_INVALID: _, DT_RESOURCE: _resource, DT_VARIANT: _variant, ...served } = DATA_TYPES;

/** The dtypes that can be served, by TensorFlow's name, with the number that its C API gives them. */
export const DTYPE_NUMBERS = served;

/** The same, to be asked for a name that may be none of them. */
export const DTYPES: ReadonlyMap<string, number> = new Map(Object.entries(DTYPE_NUMBERS));

/** What TensorFlow adds to a dtype's number where a tensor is a reference to a variable of TensorFlow 1. */
const REFERENCE = 100;

/**
 * The number of a dtype that can be served, `DT_FLOAT_REF` (101) and the like too: references are fed and fetched as what
 * they refer to. Undefined for all others.
 */
export function dtypeNumber(dtype: string): number | undefined {
  const value = dtype.replace(/_REF$/, '');
  const number = DTYPES.get(value);
  return number === undefined || value === dtype ? number : number + REFERENCE;
}

/** The number of a dtype's values: that of what it refers to where it is a reference. */
export function valueDtypeNumber(dtype: string): number | undefined {
  return DTYPES.get(dtype.replace(/_REF$/, ''));
}

/** The smallest shape that fits: dimensions that are not known (-1), and an unknown rank, as 1. */
export function smallest(shape: readonly number[] = [1]): number[] {
  return shape.map((size) => Math.max(size, 1));
}

/** Number of elements of a shape; 1 for a scalar's `[]`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}
