import { join } from 'node:path';
import { messageOf, RequestError, requestErrorOf } from '../errors.ts';
import type { NativeEngine } from '../native/engine.ts';
import type {
  NativeFailure,
  NativeFields,
  NativeSignature,
  SavedModelInfo,
  SessionKind,
} from '../native/raw-engine.ts';
import { whyNoClassify, whyNoRegress } from './example-signatures.ts';
import type { ModelSize } from './model-size.ts';
import { explainMissingOperation } from './op-packages.ts';
import { canRunInOrder } from './operations.ts';
import { readSignatures, type Signature, type TensorInfo } from './signatures.ts';
import { dtypeNumber } from './tensor.ts';

/** A SavedModel that TensorFlow has loaded. */
export interface SavedModel {
  readonly name: string;
  readonly version: string;
  readonly signatures: ReadonlyMap<string, ServedSignature>;
  /** `__saved_model_init_op`, TensorFlow's own and not for callers, where the model has it. */
  readonly initOp?: Signature | undefined;
  /** Its number in the native engine. */
  readonly id: number;
  /** Holds saved_model.pb or saved_model.pbtxt. */
  readonly folder: string;
  readonly kind: SessionKind;
  readonly hasVariables: boolean;
  readonly size: ModelSize;
  /** Gives its memory back. No call may be under way. */
  unload(): Promise<void>;
}

/** A signature that the native engine knows. */
export interface ServedSignature extends Signature {
  /** Its number in the native engine. */
  readonly index: number;
  /** Types of the operations that a call of it runs, those in functions too. */
  readonly operations: ReadonlySet<string>;
}

/** How models are loaded. */
export interface LoadOptions {
  /** Whether oneDNN may compute in bfloat16. */
  readonly bfloat16?: boolean;
  /** Whether convolutions of 3×3 in float32 may take fewer multiplications; so unless it is said. */
  readonly winograd?: boolean;
  /** Whether a run may use threads that have nothing else to do; by the model's size where it is not said. */
  readonly spread?: boolean;
  /** Whether signatures that compute the same are one run, with its constants: so unless it is said. */
  readonly share?: boolean;
  /** Asked before TensorFlow is to load the model, which is left unless it resolves. */
  readonly admit?: (size: ModelSize) => Promise<void>;
}

/**
 * Models with more bytes of weights have large operations (ResNet-50's take 0.7 ms), which pay for handing parts of them
 * to other threads: a lone run then takes 0.57 of the time. Small ones (MobileNetV2's take 0.1 ms) cost more than that gives.
 * It must be known before the first run: oneDNN lays out weights for a number of threads, and keeps that.
 */
const LARGE_WEIGHTS = 64e6;

/**
 * Loads one version of a SavedModel, without holding the event loop.
 *
 * @param folder holds saved_model.pb or saved_model.pbtxt
 * @throws RequestError (as a rejection) that says which file is missing or damaged: NOT_FOUND, DATA_LOSS, or TensorFlow's
 * own code, and what `admit` rejects with
 */
export async function loadVersion(
  native: NativeEngine,
  { name, version, folder }: Pick<SavedModel, 'name' | 'version' | 'folder'>,
  { bfloat16 = false, winograd = true, spread, share = true, admit }: LoadOptions = {},
): Promise<SavedModel> {
  const info = await readInfo(native, folder);
  const { signatures, initOp, equalTo } = signaturesOf(info, folder);
  const operations = new Set(info.operations.split(','));
  const hasVariables = [...operations].some((operation) => VARIABLE.test(operation));
  const holdsWeights = !hasVariables && info.graphBytes > LARGE_GRAPH;
  const kind = {
    inOrder: canRunInOrder(operations),
    bfloat16,
    spread: spread ?? info.graphBytes + info.variableBytes > LARGE_WEIGHTS,
    winograd: winograd && !bfloat16,
  };
  // With variables bfloat16 is a loss: weights are converted in each run. Their constants get it; see engine/freeze.ts.
  const loaded = { ...kind, bfloat16: bfloat16 && !hasVariables, winograd: kind.winograd && holdsWeights };
  const { graphBytes, constantBytes, variableBytes } = info;
  const size = { graphBytes, constantBytes, variableBytes, holdsWeights };
  await admit?.(size);
  let opened: Awaited<ReturnType<NativeEngine['load']>>;
  try {
    opened = await native.load(
      folder,
      loaded,
      signatures.map((one) => nativeSignature(one, share ? equalTo(one) : one)),
    );
  } catch (error) {
    const refused = requestErrorOf(error);
    const code = refused instanceof RequestError ? refused.code : 'UNKNOWN';
    const why = explainMissingOperation(messageOf(error)) ?? messageOf(refused);
    throw new RequestError(code, `TensorFlow cannot load the SavedModel in ${folder}: ${why}`);
  }
  const { id, unsupported } = opened;
  return {
    name,
    version,
    signatures: new Map(
      signatures.map((signature, i) => [
        signature.name,
        { ...signature, index: i, unsupported: unsupported[i] || undefined },
      ]),
    ),
    initOp,
    id,
    folder,
    kind,
    hasVariables,
    size,
    unload: () => native.unload(id),
  };
}

/** Operations that hold a variable. */
const VARIABLE = /^(?:VarHandleOp|_VarHandlesOp|Variable(?:V2)?|TemporaryVariable)$/;

/** A graph of more bytes than this is weights for the most part. */
const LARGE_GRAPH = 1 << 22;

type ReadSignature = Omit<ServedSignature, 'index'>;

/** TensorFlow's own initialisation, not for callers. */
const INIT_OP = '__saved_model_init_op';

/** @throws RequestError that says what is wrong with the graph's file */
async function readInfo(native: NativeEngine, folder: string): Promise<SavedModelInfo> {
  try {
    return await native.readModel(folder);
  } catch (error) {
    const failure = error as NativeFailure; // readModel's only kind
    throw new RequestError(
      CODES[failure.kind ?? 'damaged'],
      wordsFor(join(folder, failure.file ?? 'saved_model.pb'), failure),
    );
  }
}

const CODES = {
  missing: 'NOT_FOUND',
  unreadable: 'UNIMPLEMENTED',
  damaged: 'DATA_LOSS',
  untagged: 'NOT_FOUND',
} as const;

function wordsFor(file: string, { kind, message }: NativeFailure): string {
  switch (kind) {
    case 'missing':
      return `no SavedModel at ${file} (${message}); export one there or set MODEL_BASE_PATH`;
    case 'unreadable':
      return `${file}: ${message}; export it as saved_model.pb`;
    case 'damaged':
      return `${file} is damaged (${message}); export the model again`;
    default:
      return `${file} has no meta graph tagged "serve"${message === '' ? ' or is damaged' : ` alone; there is ${message}`}; export it with tf.saved_model.save`;
  }
}

function signaturesOf(
  { file: name, savedModel, reachable, equal }: SavedModelInfo,
  folder: string,
): {
  signatures: ReadSignature[];
  initOp: Signature | undefined;
  /** The first signature that computes the same. */
  equalTo: (signature: ReadSignature) => Signature;
} {
  try {
    const all = [...(readSignatures(savedModel)?.values() ?? [])].map((signature, i) => ({
      ...signature,
      operations: new Set(reachable[i]?.split(',')),
    }));
    return {
      signatures: all.filter(({ name }) => name !== INIT_OP),
      initOp: all.find(({ name }) => name === INIT_OP),
      equalTo: (signature) =>
        all[equal[all.findIndex(({ name }) => name === signature.name)] ?? -1] ?? signature,
    };
  } catch (error) {
    const file = join(folder, name);
    throw new RequestError('DATA_LOSS', `${file} is damaged (${messageOf(error)}); export the model again`);
  }
}

/** @param run the signature whose tensors of the graph are to be used */
function nativeSignature(signature: Signature, run: Signature): NativeSignature {
  const { name, inputs, outputs, defaults, unsupported = '' } = signature;
  return {
    name,
    unsupported,
    noClassify: whyNoClassify(signature) ?? '',
    noRegress: whyNoRegress(signature) ?? '',
    // Of a signature that is not served nothing is read, and its defaults may fit none of its inputs.
    inputs: {
      ...nativeFields(inputs, run.inputs),
      defaults: inputs.map(({ key }) => (unsupported === '' ? defaults?.get(key) : undefined)),
    },
    outputs: nativeFields(outputs, run.outputs),
  };
}

function nativeFields(infos: readonly TensorInfo[], run: readonly TensorInfo[]): NativeFields {
  return {
    keys: infos.map(({ key }) => key),
    tensors: infos.map(({ key, name }) => run.find((other) => other.key === key)?.name ?? name),
    dtypes: infos.map(({ dtype }) => dtypeNumber(dtype) ?? 0),
  };
}
