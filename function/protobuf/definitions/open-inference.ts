import type { FileSpec, ServiceSpec } from '../descriptor.ts';
import { MessageType, many, map, one, oneOf, rawOne } from '../schema.ts';
import { MODEL_CONFIG_FILE, ModelConfig } from './model-config.ts';

const NOTHING = {} as const;
const NAMED = { name: one(1, 'string'), version: one(2, 'string') } as const;

const TensorMetadata = new MessageType('inference.ModelMetadataResponse.TensorMetadata', {
  name: one(1, 'string'),
  datatype: one(2, 'string'),
  shape: many(3, 'int64'),
});

export const ServerLiveRequest = new MessageType('inference.ServerLiveRequest', NOTHING);
export const ServerLiveResponse = new MessageType('inference.ServerLiveResponse', { live: one(1, 'bool') });
export const ServerReadyRequest = new MessageType('inference.ServerReadyRequest', NOTHING);
export const ServerReadyResponse = new MessageType('inference.ServerReadyResponse', {
  ready: one(1, 'bool'),
});
export const ModelReadyRequest = new MessageType('inference.ModelReadyRequest', NAMED);
export const ModelReadyResponse = new MessageType('inference.ModelReadyResponse', { ready: one(1, 'bool') });
export const ServerMetadataRequest = new MessageType('inference.ServerMetadataRequest', NOTHING);

export const ServerMetadataResponse = new MessageType('inference.ServerMetadataResponse', {
  ...NAMED,
  extensions: many(3, 'string'),
});

export const ModelMetadataRequest = new MessageType('inference.ModelMetadataRequest', NAMED);

export const ModelMetadataResponse = new MessageType('inference.ModelMetadataResponse', {
  name: one(1, 'string'),
  versions: many(2, 'string'),
  platform: one(3, 'string'),
  inputs: many(4, TensorMetadata),
  outputs: many(5, TensorMetadata),
});

/** Triton's extension. */
export const ModelConfigRequest = new MessageType('inference.ModelConfigRequest', NAMED);
export const ModelConfigResponse = new MessageType('inference.ModelConfigResponse', {
  config: one(1, ModelConfig),
});

/** `double_param` and `uint64_param` are Triton's. */
export const InferParameter = new MessageType('inference.InferParameter', {
  bool_param: oneOf('parameter_choice', 1, 'bool'),
  int64_param: oneOf('parameter_choice', 2, 'int64'),
  string_param: oneOf('parameter_choice', 3, 'string'),
  double_param: oneOf('parameter_choice', 4, 'double'),
  uint64_param: oneOf('parameter_choice', 5, 'uint64'),
});

/** A tensor's elements in the list for its datatype. infer-grpc.ts reads and writes them without making numbers of them. */
export const InferTensorContents = new MessageType('inference.InferTensorContents', {
  bool_contents: many(1, 'bool'),
  int_contents: many(2, 'int32'),
  int64_contents: many(3, 'int64'),
  uint_contents: many(4, 'uint32'),
  uint64_contents: many(5, 'uint64'),
  fp32_contents: many(6, 'float'),
  fp64_contents: many(7, 'double'),
  bytes_contents: many(8, 'bytes'),
});

const tensor = (name: string) =>
  new MessageType(name, {
    name: one(1, 'string'),
    datatype: one(2, 'string'),
    shape: many(3, 'int64'),
    parameters: map(4, InferParameter),
    contents: rawOne(5, InferTensorContents),
  });

export const InferInputTensor = tensor('inference.ModelInferRequest.InferInputTensor');
export const InferOutputTensor = tensor('inference.ModelInferResponse.InferOutputTensor');

export const InferRequestedOutputTensor = new MessageType(
  'inference.ModelInferRequest.InferRequestedOutputTensor',
  {
    name: one(1, 'string'),
    parameters: map(2, InferParameter),
  },
);

/** With raw contents there is one for each input, in their order, and none in the inputs themselves. */
export const ModelInferRequest = new MessageType('inference.ModelInferRequest', {
  model_name: one(1, 'string'),
  model_version: one(2, 'string'),
  id: one(3, 'string'),
  parameters: map(4, InferParameter),
  inputs: many(5, InferInputTensor),
  outputs: many(6, InferRequestedOutputTensor),
  raw_input_contents: many(7, 'bytes'),
});

export const ModelInferResponse = new MessageType('inference.ModelInferResponse', {
  model_name: one(1, 'string'),
  model_version: one(2, 'string'),
  id: one(3, 'string'),
  parameters: map(4, InferParameter),
  outputs: many(5, InferOutputTensor),
  raw_output_contents: many(6, 'bytes'),
});

const RepositoryParameter = new MessageType('inference.ModelRepositoryParameter', {
  bool_param: oneOf('parameter_choice', 1, 'bool'),
  int64_param: oneOf('parameter_choice', 2, 'int64'),
  string_param: oneOf('parameter_choice', 3, 'string'),
  bytes_param: oneOf('parameter_choice', 4, 'bytes'),
});

export const RepositoryIndexRequest = new MessageType('inference.RepositoryIndexRequest', {
  repository_name: one(1, 'string'),
  ready: one(2, 'bool'),
});

export const ModelIndex = new MessageType('inference.RepositoryIndexResponse.ModelIndex', {
  ...NAMED,
  state: one(3, 'string'),
  reason: one(4, 'string'),
});

export const RepositoryIndexResponse = new MessageType('inference.RepositoryIndexResponse', {
  models: many(1, ModelIndex),
});

/** Triton's. KServe has a method of the same name, whose request has the model's name as field 1, and nothing else. */
const CHANGE = {
  repository_name: one(1, 'string'),
  model_name: one(2, 'string'),
  parameters: map(3, RepositoryParameter),
} as const;

export const RepositoryModelLoadRequest = new MessageType('inference.RepositoryModelLoadRequest', CHANGE);
export const RepositoryModelUnloadRequest = new MessageType('inference.RepositoryModelUnloadRequest', CHANGE);

/** KServe's: Triton's answer is without fields, and its clients pass over these. */
export const RepositoryModelLoadResponse = new MessageType('inference.RepositoryModelLoadResponse', {
  model_name: one(1, 'string'),
  isLoaded: one(2, 'bool'),
});

export const RepositoryModelUnloadResponse = new MessageType('inference.RepositoryModelUnloadResponse', {
  model_name: one(1, 'string'),
  isUnloaded: one(2, 'bool'),
});

export const GRPCInferenceService = {
  name: 'inference.GRPCInferenceService',
  methods: {
    ServerLive: { input: ServerLiveRequest, output: ServerLiveResponse },
    ServerReady: { input: ServerReadyRequest, output: ServerReadyResponse },
    ModelReady: { input: ModelReadyRequest, output: ModelReadyResponse },
    ServerMetadata: { input: ServerMetadataRequest, output: ServerMetadataResponse },
    ModelMetadata: { input: ModelMetadataRequest, output: ModelMetadataResponse },
    ModelConfig: { input: ModelConfigRequest, output: ModelConfigResponse },
    ModelInfer: { input: ModelInferRequest, output: ModelInferResponse },
    RepositoryIndex: { input: RepositoryIndexRequest, output: RepositoryIndexResponse },
    RepositoryModelLoad: { input: RepositoryModelLoadRequest, output: RepositoryModelLoadResponse },
    RepositoryModelUnload: { input: RepositoryModelUnloadRequest, output: RepositoryModelUnloadResponse },
  },
} as const satisfies ServiceSpec;

export const GRPC_SERVICE_FILE: FileSpec = {
  name: 'grpc_service.proto',
  package: 'inference',
  imports: [MODEL_CONFIG_FILE],
  types: [
    ServerLiveRequest,
    ServerLiveResponse,
    ServerReadyRequest,
    ServerReadyResponse,
    ModelReadyRequest,
    ModelReadyResponse,
    ServerMetadataRequest,
    ServerMetadataResponse,
    ModelMetadataRequest,
    ModelMetadataResponse,
    TensorMetadata,
    ModelConfigRequest,
    ModelConfigResponse,
    InferParameter,
    InferTensorContents,
    InferInputTensor,
    InferRequestedOutputTensor,
    ModelInferRequest,
    InferOutputTensor,
    ModelInferResponse,
    RepositoryParameter,
    RepositoryIndexRequest,
    ModelIndex,
    RepositoryIndexResponse,
    RepositoryModelLoadRequest,
    RepositoryModelLoadResponse,
    RepositoryModelUnloadRequest,
    RepositoryModelUnloadResponse,
  ],
  services: [GRPCInferenceService],
};
