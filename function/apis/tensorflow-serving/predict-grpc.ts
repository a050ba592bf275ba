import { invalidArgument, RequestError } from '../../errors.ts';
import type { Call, UnaryMethod } from '../../grpc/call.ts';
import { unreadable } from '../../grpc/status.ts';
import type { SavedModel, ServedSignature } from '../../model/saved-model.ts';
import { readTensorProto, type WireTensor } from '../../model/tensor-proto.ts';
import type { OutputTensor, TensorBytes } from '../../native/raw-engine.ts';
import { decode } from '../../protobuf/codec.ts';
import { PredictionService, PredictRequest } from '../../protobuf/definitions/tensorflow-serving.ts';
import type { Message } from '../../protobuf/schema.ts';
import type { Deps } from '../deps.ts';
import { GrpcClient } from '../grpc-client.ts';
import { inputsFor, wireTensor } from '../tensors.ts';
import { AnswerSpecs, findBySpec } from './model-spec.ts';
import { predictResponse } from './predict-message.ts';

const DEFAULT_SIGNATURE = 'serving_default';

/** PredictionService.Predict: tensors in, tensors out, by their keys in a signature. */
export function predictMethod({
  models,
  bodyLimitBytes,
  requestDeadlineMs,
}: Pick<Deps, 'models' | 'bodyLimitBytes' | 'requestDeadlineMs'>): UnaryMethod {
  const specs = new AnswerSpecs();
  return { path: `/${PredictionService.name}/Predict`, handle };

  function handle(call: Call): Buffer | Promise<Buffer> {
    const request = read(call);
    const served = findBySpec(models, request.model_spec);
    const { signature, wanted, inputs } = readPredict(served.model, request, bodyLimitBytes);
    const client = new GrpcClient(call, requestDeadlineMs);
    const spec = specs.of(served, signature.name);
    const answer = (outputs: readonly OutputTensor[]) => predictResponse(spec, named(outputs, wanted));
    const outputs = served.runner.tensors(signature.index, inputs, client);
    call.messageRead?.(); // its tensors have been copied
    return outputs instanceof Promise ? outputs.then(answer) : answer(outputs);
  }

  function read({ message }: Call): Message<typeof PredictRequest> {
    try {
      return decode(PredictRequest, message);
    } catch (error) {
      throw unreadable(error);
    }
  }
}

/** A request's signature, the outputs that it wants, and its inputs in the signature's order. */
export interface PredictCall {
  readonly signature: ServedSignature;
  readonly wanted: Wanted;
  readonly inputs: readonly TensorBytes[];
}

/**
 * @param maxBytes of each input
 * @throws RequestError that says what the signature does not take
 */
export function readPredict(
  model: SavedModel,
  { model_spec, output_filter, inputs }: Message<typeof PredictRequest>,
  maxBytes: number,
): PredictCall {
  const signature = signatureOf(model, model_spec?.signature_name ?? '');
  const wanted = outputsOf(signature, output_filter);
  return { signature, wanted, inputs: inputsFor(signature, tensorsOf(inputs, maxBytes)) };
}

function tensorsOf(protos: ReadonlyMap<string, Buffer>, maxBytes: number): Map<string, WireTensor> {
  const tensors = new Map<string, WireTensor>();
  try {
    for (const [key, proto] of protos) tensors.set(key, readTensorProto(proto, key, maxBytes));
  } catch (error) {
    throw unreadable(error);
  }
  return tensors;
}

/** FAILED_PRECONDITION for one that is not there: TensorFlow Serving's code, in Predict alone. */
function signatureOf(model: SavedModel, asked: string): ServedSignature {
  const name = asked || DEFAULT_SIGNATURE;
  const signature = model.signatures.get(name);
  if (signature === undefined) {
    const known = [...model.signatures.keys()].slice(0, 10).join(', ');
    throw new RequestError(
      'FAILED_PRECONDITION',
      `model ${model.name} has no signature ${JSON.stringify(name.slice(0, 100))}; it has ${known}`,
    );
  }
  if (signature.unsupported !== undefined) throw invalidArgument(signature.unsupported);
  return signature;
}

/** Keys of the outputs that are wanted, and their places; all where none is asked for. */
type Wanted = readonly (readonly [key: string, index: number])[];

/** @throws RequestError INVALID_ARGUMENT for an output that is not there, or asked for twice */
function outputsOf({ outputs }: ServedSignature, filter: readonly string[]): Wanted {
  if (filter.length === 0) return outputs.map(({ key }, i) => [key, i]);
  const seen = new Set<string>();
  return filter.map((key) => {
    const index = outputs.findIndex((output) => output.key === key);
    const what = `output_filter: ${JSON.stringify(key.slice(0, 100))}`;
    if (index < 0)
      throw invalidArgument(`${what} is none of ${outputs.map((output) => output.key).join(', ')}`);
    if (seen.has(key)) throw invalidArgument(`${what} is there twice`);
    seen.add(key);
    return [key, index];
  });
}

function named(outputs: readonly OutputTensor[], wanted: Wanted): [string, WireTensor][] {
  return wanted.flatMap(([key, index]) => {
    const output = outputs[index];
    return output === undefined ? [] : [[key, wireTensor(output)]];
  });
}
