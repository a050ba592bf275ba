/**
 * The dtypes that can be served, by TensorFlow's name, with the number that its C API gives them
 * (tensorflow/c/tf_datatype.h).
 */
export const DTYPE_NUMBERS = {
  DT_FLOAT: 1,
  DT_DOUBLE: 2,
  DT_INT32: 3,
  DT_UINT8: 4,
  DT_INT16: 5,
  DT_INT8: 6,
  DT_STRING: 7,
  DT_COMPLEX64: 8,
  DT_INT64: 9,
  DT_BOOL: 10,
  DT_QINT8: 11,
  DT_QUINT8: 12,
  DT_QINT32: 13,
  DT_BFLOAT16: 14,
  DT_QINT16: 15,
  DT_QUINT16: 16,
  DT_UINT16: 17,
  DT_COMPLEX128: 18,
  DT_HALF: 19,
  DT_UINT32: 22,
  DT_UINT64: 23,
} as const;

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

/** Number of elements of a shape; 1 for a scalar's `[]`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}
