/**
 * The dtypes that can be served, by TensorFlow's name, with the number that its C API gives them
 * (tensorflow/c/tf_datatype.h). The binding of @tensorflow/tfjs-node takes and gives these alone; uint8 it takes
 * as an input only, as it has no way to read one back.
 */
export const DTYPES = {
  DT_FLOAT: 1,
  DT_INT32: 3,
  DT_UINT8: 4,
  DT_STRING: 7,
  DT_INT64: 9,
  DT_BOOL: 10,
} as const;

export type DType = keyof typeof DTYPES;

/** Elements in row-major order. Bools are bytes 0 or 1, strings are their bytes. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint8Array[];

export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Number of elements of a shape; 1 for a scalar's `[]`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

/** Room for `size` elements; strings come as an empty list to push to. */
export function allocate(dtype: DType, size: number): TensorData {
  switch (dtype) {
    case 'DT_FLOAT':
      return new Float32Array(size);
    case 'DT_INT32':
      return new Int32Array(size);
    case 'DT_INT64':
      return new BigInt64Array(size);
    case 'DT_BOOL':
    case 'DT_UINT8':
      return new Uint8Array(size);
    case 'DT_STRING':
      return [];
  }
}

/** Tensors of one dtype and one inner shape, laid end to end along their first dimension. */
export function concatenate(tensors: readonly Tensor[]): Tensor {
  const first = tensors[0];
  if (first === undefined) throw new RangeError('nothing to concatenate');
  if (tensors.length === 1) return first;
  const shape = [...first.shape];
  shape[0] = tensors.reduce((rows, tensor) => rows + (tensor.shape[0] ?? 0), 0);
  if (Array.isArray(first.data)) {
    return { dtype: first.dtype, shape, data: tensors.flatMap((tensor) => tensor.data as Uint8Array[]) };
  }
  const data = allocate(first.dtype, sizeOf(shape)) as Exclude<TensorData, Uint8Array[]>;
  let offset = 0;
  for (const tensor of tensors) {
    data.set(tensor.data as never, offset); // same dtype, so the same kind of array
    offset += tensor.data.length;
  }
  return { dtype: first.dtype, shape, data };
}

/** Rows `from` up to `to` of a tensor of rank 1 or more, without copying numbers. */
export function rowsOf(tensor: Tensor, from: number, to: number): Tensor {
  const shape = [...tensor.shape];
  shape[0] = to - from;
  const width = sizeOf(shape.slice(1));
  const data = Array.isArray(tensor.data)
    ? tensor.data.slice(from * width, to * width)
    : tensor.data.subarray(from * width, to * width);
  return { dtype: tensor.dtype, shape, data };
}
