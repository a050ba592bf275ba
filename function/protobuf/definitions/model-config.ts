import type { FileSpec } from '../descriptor.ts';
import { EnumType, MessageType, many, one } from '../schema.ts';

/** Triton's own names of datatypes, which its configurations have. */
export const ConfigDataType = new EnumType('inference.DataType', {
  TYPE_INVALID: 0,
  TYPE_BOOL: 1,
  TYPE_UINT8: 2,
  TYPE_UINT16: 3,
  TYPE_UINT32: 4,
  TYPE_UINT64: 5,
  TYPE_INT8: 6,
  TYPE_INT16: 7,
  TYPE_INT32: 8,
  TYPE_INT64: 9,
  TYPE_FP16: 10,
  TYPE_FP32: 11,
  TYPE_FP64: 12,
  TYPE_STRING: 13,
  TYPE_BF16: 14,
});

const ModelInput = new MessageType('inference.ModelInput', {
  name: one(1, 'string'),
  data_type: one(2, ConfigDataType),
  dims: many(4, 'int64'),
});

const ModelOutput = new MessageType('inference.ModelOutput', {
  name: one(1, 'string'),
  data_type: one(2, ConfigDataType),
  dims: many(3, 'int64'),
});

/** Of Triton's configuration what a model here has: what its tools, perf_analyzer among them, ask for before they start. */
export const ModelConfig = new MessageType('inference.ModelConfig', {
  name: one(1, 'string'),
  platform: one(2, 'string'),
  backend: one(17, 'string'),
  max_batch_size: one(4, 'int32'),
  input: many(5, ModelInput),
  output: many(6, ModelOutput),
});

export const MODEL_CONFIG_FILE: FileSpec = {
  name: 'model_config.proto',
  package: 'inference',
  imports: [],
  types: [ConfigDataType, ModelInput, ModelOutput, ModelConfig],
  services: [],
};
