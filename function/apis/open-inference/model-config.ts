import type { ConfigDataType } from '../../protobuf/definitions/model-config.ts';
import { isDatatype } from './datatypes.ts';
import type { ModelMetadata, TensorMetadata } from './models.ts';

type ConfigType = keyof typeof ConfigDataType.values;

export interface TensorConfig {
  readonly name: string;
  readonly data_type: ConfigType;
  readonly dims: readonly number[];
}

/** Triton's "model configuration" extension, as far as a model here has one. */
export interface ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  /** 0: Triton's way to say that shapes are whole, with the batch's dimension where a model has one. */
  readonly max_batch_size: number;
  readonly input: readonly TensorConfig[];
  readonly output: readonly TensorConfig[];
}

export function modelConfig({ name, platform, inputs, outputs }: ModelMetadata): ModelConfig {
  return {
    ...{ name, platform, backend: 'tensorflow', max_batch_size: 0 },
    ...{ input: inputs.map(tensorConfig), output: outputs.map(tensorConfig) },
  };
}

function tensorConfig({ name, datatype, shape }: TensorMetadata): TensorConfig {
  return { name, data_type: configType(datatype), dims: shape };
}

function configType(datatype: string): ConfigType {
  if (!isDatatype(datatype)) return 'TYPE_INVALID';
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}
