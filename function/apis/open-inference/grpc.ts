import { RequestError } from '../../errors.ts';
import type { Call, UnaryMethod } from '../../grpc/call.ts';
import { unreadable } from '../../grpc/status.ts';
import { after } from '../../http/message.ts';
import { decode, encode } from '../../protobuf/codec.ts';
import { ConfigDataType } from '../../protobuf/definitions/model-config.ts';
import {
  GRPCInferenceService,
  ModelConfigRequest,
  ModelConfigResponse,
  ModelMetadataRequest,
  ModelMetadataResponse,
  ModelReadyRequest,
  ModelReadyResponse,
  RepositoryIndexRequest,
  RepositoryIndexResponse,
  RepositoryModelLoadRequest,
  RepositoryModelLoadResponse,
  RepositoryModelUnloadRequest,
  RepositoryModelUnloadResponse,
  ServerLiveResponse,
  ServerMetadataResponse,
  ServerReadyResponse,
} from '../../protobuf/definitions/open-inference.ts';
import type { Fields, Message, MessageType } from '../../protobuf/schema.ts';
import type { Deps } from '../deps.ts';
import { GrpcClient } from '../grpc-client.ts';
import { inferResponse, readInferRequest } from './infer-message.ts';
import { modelConfig, type TensorConfig } from './model-config.ts';
import { EXTENSIONS, InferenceModels, SERVER_NAME } from './models.ts';
import { notServedMethods } from './not-served.ts';
import { Repository } from './repository.ts';

/** inference.GRPCInferenceService, as KServe and Triton have it. */
export function inferenceMethods({
  models,
  control,
  phase,
  version,
  requestDeadlineMs,
}: Pick<Deps, 'models' | 'control' | 'phase' | 'version' | 'requestDeadlineMs'>): UnaryMethod[] {
  const inference = new InferenceModels(models);
  const repository = new Repository(models, control);
  const methods: Readonly<Partial<Record<keyof typeof GRPCInferenceService.methods, UnaryMethod['handle']>>> =
    {
      ServerLive: () => encode(ServerLiveResponse, { live: true }),
      ServerReady: () => encode(ServerReadyResponse, { ready: phase() === 'ready' }),
      ServerMetadata: () =>
        encode(ServerMetadataResponse, { name: SERVER_NAME, version, extensions: EXTENSIONS }),
      ModelReady: ({ message }) => {
        const { name, version: asked } = read(ModelReadyRequest, message);
        return encode(ModelReadyResponse, { ready: isReady(name, asked) });
      },
      ModelMetadata: ({ message }) => {
        const { name, version: asked } = read(ModelMetadataRequest, message);
        const { inputs, outputs, ...metadata } = inference.metadata(name, asked);
        const sized = (tensors: typeof inputs) =>
          tensors.map(({ shape, ...tensor }) => ({ ...tensor, shape: shape.map(BigInt) }));
        return encode(ModelMetadataResponse, { ...metadata, inputs: sized(inputs), outputs: sized(outputs) });
      },
      ModelConfig: ({ message }) => {
        const { name, version: asked } = read(ModelConfigRequest, message);
        const { input, output, ...config } = modelConfig(inference.metadata(name, asked));
        const typed = (tensors: readonly TensorConfig[]) =>
          tensors.map(({ name: tensor, data_type, dims }) => ({
            ...{ name: tensor, data_type: ConfigDataType.values[data_type], dims: dims.map(BigInt) },
          }));
        return encode(ModelConfigResponse, {
          config: { ...config, input: typed(input), output: typed(output) },
        });
      },
      ModelInfer: infer,
      RepositoryIndex: ({ message }) => {
        const { ready } = read(RepositoryIndexRequest, message);
        return encode(RepositoryIndexResponse, { models: repository.index(ready) });
      },
      RepositoryModelLoad: async ({ message }) => {
        const request = read(RepositoryModelLoadRequest, message);
        const model_name = nameIn(request);
        await repository.load(model_name, request.parameters.keys());
        return encode(RepositoryModelLoadResponse, { model_name, isLoaded: true });
      },
      RepositoryModelUnload: ({ message }) => {
        const request = read(RepositoryModelUnloadRequest, message);
        const model_name = nameIn(request);
        repository.unload(model_name, request.parameters.keys());
        return encode(RepositoryModelUnloadResponse, { model_name, isUnloaded: true });
      },
    };
  const served = Object.entries(methods).map(([name, handle]) => ({
    path: `/${GRPCInferenceService.name}/${name}`,
    handle,
  }));
  return [...served, ...notServedMethods()];

  function infer(call: Call): Buffer | Promise<Buffer> {
    const request = readCall(call);
    const client = new GrpcClient(call, requestDeadlineMs);
    const answer = inference.infer(request.modelName, request.modelVersion, request, client);
    call.messageRead?.(); // its tensors have been copied
    return after(
      answer,
      (response) => inferResponse(response, request.binary), // as it was asked, so it is answered
    );
  }

  function isReady(name: string, asked: string): boolean {
    try {
      inference.checkReady(name, asked);
      return true;
    } catch (error) {
      if (error instanceof RequestError) return false;
      throw error;
    }
  }
}

/** Of KServe's request the name is the first field, which is Triton's name of a repository. */
function nameIn({ model_name, repository_name }: { model_name: string; repository_name: string }): string {
  return model_name === '' ? repository_name : model_name;
}

function readCall({ message }: Call) {
  try {
    return readInferRequest(message);
  } catch (error) {
    throw unreadable(error);
  }
}

function read<F extends Fields>(type: MessageType<F>, message: Buffer): Message<MessageType<F>> {
  try {
    return decode(type, message);
  } catch (error) {
    throw unreadable(error);
  }
}
