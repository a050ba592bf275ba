import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError, invalidArgument, messageOf } from '../errors.ts';
import type { Binding, FloatCodec, VectorRunner } from '../native/binding.ts';
import { canRunInOrder, readOperations } from './operations.ts';
import { readSignatures, type Signature } from './signatures.ts';
import { DTYPES, type DType, type Tensor, type TensorData } from './tensor.ts';

/** What routes need of a loaded model. */
export interface Model {
  readonly name: string;
  readonly version: string;
  readonly signatures: ReadonlyMap<string, Signature>;
  /** `__saved_model_init_op`, TensorFlow's own and not for callers, where the model has it. */
  readonly initOp?: Signature | undefined;
  readonly floats: FloatCodec;
  /**
   * Runs one signature in the calling thread.
   *
   * @param inputs in the order of `signature.inputs`
   * @returns tensors in the order of `signature.outputs`
   * @throws RequestError INVALID_ARGUMENT with TensorFlow's own words where the graph refuses the inputs
   */
  run(signature: Signature, inputs: readonly Tensor[]): Tensor[];
  /** Tensors that live in TensorFlow now; the same before and after any request. */
  tensorsAlive(): number;
  dispose(): void;
}

const DTYPE_BY_NUMBER = new Map<number, DType>(
  Object.entries(DTYPES).map(([name, number]) => [number, name as DType]),
);

const INIT_OP = '__saved_model_init_op';

/** The numbered folder with the highest number under `basePath`, as TensorFlow Serving picks it. */
function highestVersion(basePath: string): string {
  let entries: string[];
  try {
    entries = readdirSync(basePath);
  } catch (error) {
    throw new FatalError(`no model folder at ${basePath} (${messageOf(error)}); set MODEL_BASE_PATH`);
  }
  const versions = entries.filter((entry) => /^\d{1,18}$/.test(entry));
  const highest = versions.sort((a, b) => Number(BigInt(b) - BigInt(a)))[0];
  if (highest !== undefined) return highest;
  throw new FatalError(
    `${basePath} has no numbered folder; put the SavedModel into ${join(basePath, '1')} or set MODEL_BASE_PATH`,
  );
}

/**
 * Loads the highest version of a SavedModel.
 *
 * @param basePath folder of numbered SavedModels
 * @throws FatalError that says which file is missing or damaged
 */
export function loadSavedModel(binding: Binding, name: string, basePath: string): Model {
  const folder = highestVersion(basePath);
  return loadVersion(binding, { name, version: BigInt(folder).toString(), folder: join(basePath, folder) });
}

/**
 * Loads one version of a SavedModel.
 *
 * @throws FatalError that says which file is missing or damaged
 */
export function loadVersion(
  binding: Binding,
  { name, version, folder: directory }: { name: string; version: string; folder: string },
): Model {
  const { signatures, initOp, operations } = readGraph(directory);
  let id: number;
  try {
    binding.setInOrder(canRunInOrder(operations));
    id = binding.loadSavedModel(directory, 'serve');
  } catch (error) {
    throw new FatalError(`TensorFlow cannot load the SavedModel in ${directory}: ${messageOf(error)}`);
  }
  const vectorRuns = prepareVectorRuns(binding, signatures);
  return {
    name,
    version,
    signatures,
    initOp,
    floats: binding,
    run: (signature, inputs) => vectorRuns.get(signature)?.(inputs) ?? run(binding, id, signature, inputs),
    tensorsAlive: () => binding.getNumOfTensors(),
    dispose: () => binding.deleteSavedModel(id),
  };
}

/** @throws FatalError that says which file is missing or damaged */
function readGraph(directory: string): {
  signatures: Map<string, Signature>;
  initOp: Signature | undefined;
  operations: Set<string>;
} {
  const file = join(directory, 'saved_model.pb');
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new FatalError(
      `no SavedModel at ${file} (${messageOf(error)}); export one there or set MODEL_BASE_PATH`,
    );
  }
  let signatures: Map<string, Signature> | undefined;
  let operations: Set<string>;
  try {
    signatures = readSignatures(bytes);
    operations = readOperations(bytes);
  } catch (error) {
    throw new FatalError(`${file} is damaged (${messageOf(error)}); export the model again`);
  }
  if (signatures === undefined) {
    throw new FatalError(
      `${file} has no meta graph tagged "serve" or is damaged; export it with tf.saved_model.save`,
    );
  }
  const initOp = signatures.get(INIT_OP);
  signatures.delete(INIT_OP);
  return { signatures, initOp, operations };
}

/** Runs a signature; undefined where these inputs want the general way. */
type VectorRunOf = (inputs: readonly Tensor[]) => Tensor[] | undefined;

/** Longer vectors take the general way, where the call's own cost no longer counts. */
const VECTOR_CAPACITY = 4096;

/** The signatures that turn one float32 tensor into one. Call it right after the model was loaded. */
function prepareVectorRuns(
  binding: VectorRunner,
  signatures: ReadonlyMap<string, Signature>,
): Map<Signature, VectorRunOf> {
  const from = new Float32Array(VECTOR_CAPACITY);
  const to = new Float32Array(VECTOR_CAPACITY);
  const runs = new Map<Signature, VectorRunOf>();
  for (const signature of signatures.values()) {
    const floats = [...signature.inputs, ...signature.outputs].every((info) => info.dtype === 'DT_FLOAT');
    if (!floats || signature.inputs.length !== 1 || signature.outputs.length !== 1) continue;
    const prepared = binding.prepareVectorRun(signature.inputNames, signature.outputNames, from, to);
    runs.set(signature, ([input]) => {
      if (input?.shape.length !== 1 || input.data.length > VECTOR_CAPACITY) return undefined;
      from.set(input.data as Float32Array); // of this dtype, as tensor-json.ts made it for this signature
      const count = guarded(() => binding.runVector(prepared, input.data.length));
      if (count >= 0) return [{ dtype: 'DT_FLOAT', shape: [count], data: to.slice(0, count) }];
      runs.delete(signature); // its answers have another shape: no request is run twice but this, mostly the warm-up's
      return undefined;
    });
  }
  return runs;
}

/** TensorFlow's refusal of a request's inputs is the request's fault. */
function guarded<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw invalidArgument(firstWords(messageOf(error)));
  }
}

function run(binding: Binding, modelId: number, signature: Signature, inputs: readonly Tensor[]): Tensor[] {
  const alive: number[] = [];
  try {
    const ids = inputs.map((input) => {
      const id = binding.createTensor(input.shape, DTYPES[input.dtype], forBinding(input.data));
      alive.push(id);
      return id;
    });
    const outputs = binding.runSavedModel(modelId, ids, signature.inputNames, signature.outputNames);
    for (const output of outputs) alive.push(output.id);
    return outputs.map(({ id, shape, dtype }) => {
      const name = DTYPE_BY_NUMBER.get(dtype);
      if (name === undefined)
        throw invalidArgument(`the model answered with dtype number ${dtype}, which has no JSON form`);
      return { dtype: name, shape, data: binding.tensorDataSync(id) };
    });
  } catch (error) {
    throw invalidArgument(firstWords(messageOf(error)));
  } finally {
    for (const id of alive) binding.deleteTensor(id);
  }
}

/** The binding takes int64 as pairs of int32, low half first. */
function forBinding(data: TensorData): Exclude<TensorData, BigInt64Array> {
  if (!(data instanceof BigInt64Array)) return data;
  return new Int32Array(data.buffer, data.byteOffset, data.length * 2);
}

/** TensorFlow's reason, without the graph's call stack that follows it. */
function firstWords(message: string): string {
  return message.replace(/^Session fail to run with error: /, '').slice(0, 500);
}
