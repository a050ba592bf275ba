import { DATA_TYPES } from '../data-types.ts';
import type { FileSpec } from '../descriptor.ts';
import { EnumType, MessageType, many, map, one, oneOf, rawMap } from '../schema.ts';

export const DataType = new EnumType('tensorflow.DataType', DATA_TYPES);

/** One size a dimension; -1 for one that is not known. */
export const TensorShapeDim = new MessageType('tensorflow.TensorShapeProto.Dim', {
  size: one(1, 'int64'),
  name: one(2, 'string'),
});

export const TensorShapeProto = new MessageType('tensorflow.TensorShapeProto', {
  dim: many(2, TensorShapeDim),
  unknown_rank: one(3, 'bool'),
});

/**
 * A tensor: its elements as they lie in memory (`tensor_content`), or in the list for its dtype. tensor-proto.ts reads
 * and writes it without making numbers of them.
 */
export const TensorProto = new MessageType('tensorflow.TensorProto', {
  dtype: one(1, DataType),
  tensor_shape: one(2, TensorShapeProto),
  version_number: one(3, 'int32'),
  tensor_content: one(4, 'bytes'),
  float_val: many(5, 'float'),
  double_val: many(6, 'double'),
  int_val: many(7, 'int32'),
  string_val: many(8, 'bytes'),
  scomplex_val: many(9, 'float'),
  int64_val: many(10, 'int64'),
  bool_val: many(11, 'bool'),
  dcomplex_val: many(12, 'double'),
  half_val: many(13, 'int32'),
  uint32_val: many(16, 'uint32'),
  uint64_val: many(17, 'uint64'),
});

export const BytesList = new MessageType('tensorflow.BytesList', { value: many(1, 'bytes') });
export const FloatList = new MessageType('tensorflow.FloatList', { value: many(1, 'float') });
export const Int64List = new MessageType('tensorflow.Int64List', { value: many(1, 'int64') });

export const Feature = new MessageType('tensorflow.Feature', {
  bytes_list: oneOf('kind', 1, BytesList),
  float_list: oneOf('kind', 2, FloatList),
  int64_list: oneOf('kind', 3, Int64List),
});

export const Features = new MessageType('tensorflow.Features', { feature: map(1, Feature) });

/** Named lists of values: what models that parse their own input take. */
export const Example = new MessageType('tensorflow.Example', { features: one(1, Features) });

export const TensorInfoCooSparse = new MessageType('tensorflow.TensorInfo.CooSparse', {
  values_tensor_name: one(1, 'string'),
  indices_tensor_name: one(2, 'string'),
  dense_shape_tensor_name: one(3, 'string'),
});

export const TensorInfo = new MessageType('tensorflow.TensorInfo', {
  name: oneOf('encoding', 1, 'string'),
  coo_sparse: oneOf('encoding', 4, TensorInfoCooSparse),
  dtype: one(2, DataType),
  tensor_shape: one(3, TensorShapeProto),
});

export const SignatureDef = new MessageType('tensorflow.SignatureDef', {
  inputs: map(1, TensorInfo),
  outputs: map(2, TensorInfo),
  method_name: one(3, 'string'),
  defaults: rawMap(4, TensorProto),
});

/** The canonical codes, as a StatusProto has them. */
export const ErrorCode = new EnumType('tensorflow.error.Code', {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  UNAUTHENTICATED: 16,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
});

const PACKAGE = { package: 'tensorflow', services: [] } as const;

const TYPES_FILE: FileSpec = {
  ...PACKAGE,
  name: 'tensorflow/core/framework/types.proto',
  imports: [],
  types: [DataType],
};

const SHAPE_FILE: FileSpec = {
  ...PACKAGE,
  name: 'tensorflow/core/framework/tensor_shape.proto',
  imports: [],
  types: [TensorShapeProto, TensorShapeDim],
};

export const TENSOR_FILE: FileSpec = {
  ...PACKAGE,
  name: 'tensorflow/core/framework/tensor.proto',
  imports: [SHAPE_FILE, TYPES_FILE],
  types: [TensorProto],
};

const FEATURE_FILE: FileSpec = {
  ...PACKAGE,
  name: 'tensorflow/core/example/feature.proto',
  imports: [],
  types: [BytesList, FloatList, Int64List, Feature, Features],
};

export const EXAMPLE_FILE: FileSpec = {
  ...PACKAGE,
  name: 'tensorflow/core/example/example.proto',
  imports: [FEATURE_FILE],
  types: [Example],
};

export const META_GRAPH_FILE: FileSpec = {
  ...PACKAGE,
  name: 'tensorflow/core/protobuf/meta_graph.proto',
  imports: [TENSOR_FILE, SHAPE_FILE, TYPES_FILE],
  types: [TensorInfo, TensorInfoCooSparse, SignatureDef],
};

export const ERROR_CODES_FILE: FileSpec = {
  name: 'xla/tsl/protobuf/error_codes.proto',
  package: 'tensorflow.error',
  imports: [],
  types: [ErrorCode],
  services: [],
};
