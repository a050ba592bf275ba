import type { Client } from '../../engine/client.ts';
import type { Runner } from '../../engine/runner.ts';
import { invalidArgument, messageOf, RequestError } from '../../errors.ts';
import type { SavedModel } from '../../model/saved-model.ts';
import { readTfRecords } from '../../model/tf-record.ts';
import { decode } from '../../protobuf/codec.ts';
import {
  ClassificationRequest,
  MultiInferenceRequest,
  PredictionLog,
  PredictRequest,
  RegressionRequest,
} from '../../protobuf/definitions/tensorflow-serving.ts';
import type { Fields, Message, MessageType } from '../../protobuf/schema.ts';
import { classify, type ForExamples, regress } from './examples.ts';
import { examplesOf, infer } from './examples-grpc.ts';
import { readPredict } from './predict-grpc.ts';

/** As many as TensorFlow Serving allows. */
const MAX_RECORDS = 1000;

export interface RecordedWarmUp {
  /** Read, those that say nothing included. */
  readonly records: number;
  /** Names of the signatures that were run. */
  readonly signatures: ReadonlySet<string>;
  /** What was left out, and why; undefined where nothing was. */
  readonly left: string | undefined;
}

export interface RecordedWarmUpOptions {
  /** How often each request is run. */
  readonly iterations: number;
  /** A larger request is left out: no caller could send it. */
  readonly maxBytes: number;
  /** How long each run is waited for, in ms. */
  readonly patience_ms: number;
  readonly signal: AbortSignal;
}

/**
 * Runs the requests that were recorded for a model, one after the other and on the pool: a TFRecord file of PredictionLog,
 * assets.extra/tf_serving_warmup_requests. Which model and version they name does not matter. One that takes too long ends
 * the warm-up, but is no failure.
 *
 * @throws RequestError with the request's own code, DATA_LOSS for a damaged file, INVALID_ARGUMENT for too many records or one that
 * cannot be read; rejects with it
 */
export async function runRecords(
  model: SavedModel,
  runner: Pick<Runner, 'run'>,
  file: string,
  { iterations, maxBytes, patience_ms, signal }: RecordedWarmUpOptions,
): Promise<RecordedWarmUp> {
  const served: ForExamples = {
    name: model.name,
    version: model.version,
    model,
    runner: { tensors: (signature, inputs, client) => runner.run(signature, inputs, client) },
  };
  const signatures = new Set<string>();
  const client: Client = {
    gone: () => signal.aborted,
    deadline: () => performance.now() + patience_ms,
  };
  let records = 0;
  let left: string | undefined;
  try {
    for await (const { bytes, size } of readTfRecords(file, maxBytes)) {
      records++;
      if (records > MAX_RECORDS) throw invalidArgument(`there are more than ${MAX_RECORDS} records`);
      if (bytes === undefined) {
        left ??= `record ${records} has ${size} bytes, more than BODY_LIMIT_BYTES`;
        continue;
      }
      const run = reader(bytes);
      for (let i = 0; i < iterations; i++) {
        for (const name of await run(served, client, maxBytes)) signatures.add(name || 'serving_default');
      }
    }
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const place = error.code === 'DATA_LOSS' ? '' : `record ${records}: `;
    if (error.code !== 'DEADLINE_EXCEEDED')
      throw new RequestError(error.code, `warm-up requests in ${file}: ${place}${messageOf(error)}`);
    left = `record ${records} took longer than ${patience_ms / 1000} s; what comes after it was not run`;
  }
  return { records, signatures, left };
}

/** Runs a request. @returns names of the signatures that it asks */
type Run = (served: ForExamples, client: Client, maxBytes: number) => Promise<readonly string[]>;

/** @throws RequestError INVALID_ARGUMENT where the record is no PredictionLog */
function reader(record: Buffer): Run {
  const { predict_log, classify_log, regress_log, multi_inference_log } = read(PredictionLog, record);
  if (predict_log?.request !== undefined) {
    const request = read(PredictRequest, predict_log.request);
    return async ({ model, runner }, client, maxBytes) => {
      const { signature, inputs } = readPredict(model, request, maxBytes);
      await runner.tensors(signature.index, inputs, client);
      return [signature.name];
    };
  }
  if (classify_log?.request !== undefined) {
    const { model_spec, input } = read(ClassificationRequest, classify_log.request);
    const name = model_spec?.signature_name ?? '';
    return async (served, client) => {
      await classify(served, name, examplesOf(input), client);
      return [name];
    };
  }
  if (regress_log?.request !== undefined) {
    const { model_spec, input } = read(RegressionRequest, regress_log.request);
    const name = model_spec?.signature_name ?? '';
    return async (served, client) => {
      await regress(served, name, examplesOf(input), client);
      return [name];
    };
  }
  if (multi_inference_log?.request !== undefined) {
    const request = read(MultiInferenceRequest, multi_inference_log.request);
    return async (served, client) => {
      await infer(served, request, client);
      return request.tasks.map(({ model_spec }) => model_spec?.signature_name ?? '');
    };
  }
  return async () => []; // a record of something that is not served here, or of nothing
}

function read<F extends Fields>(type: MessageType<F>, bytes: Buffer): Message<MessageType<F>> {
  try {
    return decode(type, bytes);
  } catch (error) {
    throw invalidArgument(`it is no ${type.name}: ${messageOf(error)}`);
  }
}
