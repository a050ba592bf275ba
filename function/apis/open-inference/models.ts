import type { Client } from '../../engine/client.ts';
import { invalidArgument, RequestError } from '../../errors.ts';
import { after } from '../../http/message.ts';
import type { ServedSignature } from '../../model/saved-model.ts';
import type { TensorInfo } from '../../model/signatures.ts';
import { dtypeNumber } from '../../model/tensor.ts';
import type { WireTensor } from '../../model/tensor-proto.ts';
import type { Lists, OutputTensor } from '../../native/raw-engine.ts';
import type { Deps, Served } from '../deps.ts';
import { inputsFor, wireTensor } from '../tensors.ts';
import { datatypeOf } from './datatypes.ts';
import type { InferRequest, InferResponse, InferTensor } from './infer.ts';

/** The protocol has no signatures: a model is what this one is, or its only one. */
const SIGNATURE = 'serving_default';

const REFERENCE = 100;

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** −1 for sizes that are not known; [−1] alone where the rank is not, for which the protocol has no word. */
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

export const SERVER_NAME = 'celsiusify';
export const EXTENSIONS: readonly string[] = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
];

/** What the Open Inference Protocol, version 2, asks of models, by REST and by gRPC alike. */
export class InferenceModels {
  readonly #models: Deps['models'];

  constructor(models: Deps['models']) {
    this.#models = models;
  }

  /**
   * @param version '' for the newest
   * @param isText which outputs are wanted as text
   * @returns at once where the run is short
   * @throws RequestError NOT_FOUND for the model, INVALID_ARGUMENT for its tensors; a promise rejects with the same
   */
  infer(
    model: string,
    version: string,
    request: InferRequest,
    client: Client,
    isText: (output: string) => boolean = () => false,
  ): InferResponse | Promise<InferResponse> {
    const served = this.#find(model, version);
    const signature = signatureOf(served);
    const wanted = outputsOf(signature, request);
    const inputs = inputsFor(signature, byName(request.inputs));
    const printed = wanted.filter(([name]) => isText(name)).map(([, index]) => index);
    return after(served.runner.tensors(signature.index, inputs, client, printed), (outputs) => ({
      modelName: served.name,
      modelVersion: served.version,
      id: request.id,
      outputs: named(outputs, wanted),
    }));
  }

  /** What Runner.readLists() says of a request for that model. @throws RequestError as it and Models.find() do */
  readLists(
    model: string,
    version: string,
    json: Buffer,
    client: Client,
  ): Lists | undefined | Promise<Lists | undefined> {
    return this.#find(model, version).runner.readLists(json, client);
  }

  /** @throws RequestError as Models.find() does, and for a model without a signature to call */
  metadata(model: string, version: string): ModelMetadata {
    const served = this.#find(model, version);
    const { inputs, outputs } = signatureOf(served);
    const available = this.#models.statusOf(served.name).filter(({ state }) => state === 'AVAILABLE');
    return {
      name: served.name,
      versions: available.map((status) => status.version),
      platform: 'tensorflow_savedmodel',
      inputs: inputs.map(tensorMetadata),
      outputs: outputs.map(tensorMetadata),
    };
  }

  /** @throws RequestError that says why it is not ready */
  checkReady(model: string, version: string): void {
    this.#find(model, version);
  }

  #find(model: string, version: string): Served {
    return this.#models.find(model, version === '' ? {} : { version });
  }
}

/** The signature that the protocol calls; undefined where a model has several, and none by the name. */
export function inferenceSignature<S>(signatures: ReadonlyMap<string, S>): S | undefined {
  const only = signatures.size === 1 ? [...signatures.values()][0] : undefined;
  return signatures.get(SIGNATURE) ?? only;
}

function signatureOf({ name, model: { signatures } }: Served): ServedSignature {
  const signature = inferenceSignature(signatures);
  if (signature === undefined) {
    throw new RequestError(
      'FAILED_PRECONDITION',
      `model ${name} has no signature ${SIGNATURE}, which this protocol calls; TensorFlow Serving's can name others`,
    );
  }
  if (signature.unsupported !== undefined) throw invalidArgument(signature.unsupported);
  return signature;
}

type Wanted = readonly (readonly [name: string, index: number])[];

/** @throws RequestError INVALID_ARGUMENT for an output that is not there, or is asked for twice */
function outputsOf({ outputs }: ServedSignature, request: InferRequest): Wanted {
  const names = request.outputs.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw invalidArgument(`output ${JSON.stringify(twice.slice(0, 100))} is asked for twice`);
  const all = outputs.map(({ key }) => key);
  return (names.length === 0 ? all : names).map((name) => {
    const index = all.indexOf(name);
    const output = outputs[index];
    const what = `output ${JSON.stringify(name.slice(0, 100))}`;
    if (output === undefined) throw invalidArgument(`${what} is none of ${all.join(', ')}`);
    if (datatypeOf((dtypeNumber(output.dtype) ?? 0) % REFERENCE) === undefined)
      throw invalidArgument(
        `${what} is ${output.dtype}, which this protocol has no datatype for; ask for others`,
      );
    return [name, index];
  });
}

function byName(inputs: readonly InferTensor[]): Map<string, WireTensor> {
  const tensors = new Map(inputs.map(({ name, tensor }) => [name, tensor]));
  if (tensors.size < inputs.length) throw invalidArgument('an input is there twice');
  return tensors;
}

function named(outputs: readonly OutputTensor[], wanted: Wanted): InferTensor[] {
  return wanted.flatMap(([name, index]) => {
    const output = outputs[index];
    return output === undefined ? [] : [{ name, tensor: wireTensor(output), text: output.text }];
  });
}

export function tensorMetadata({ key, dtype, shape }: TensorInfo): TensorMetadata {
  const datatype = datatypeOf((dtypeNumber(dtype) ?? 0) % REFERENCE) ?? dtype.replace(/^DT_/, '');
  return { name: key, datatype, shape: shape ?? [-1] };
}
