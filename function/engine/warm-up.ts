import { FatalError, messageOf, RequestError } from '../errors.ts';
import type { SavedModel, ServedSignature } from '../model/saved-model.ts';
import type { TensorInfo } from '../model/signatures.ts';
import { sizeOf, smallest } from '../model/tensor.ts';
import type { TensorBytes } from '../native/raw-engine.ts';
import type { Runner } from './runner.ts';

/** A warm-up input larger than this many elements is left out: it would cost more than it saves. */
const MAX_ELEMENTS = 1 << 20;

/** One that takes longer is not waited for, in ms. */
export const PATIENCE = 60_000;

/**
 * Operations that change or wait for something which outlives their run, or draw what they would not draw again; those of
 * TensorFlow 2.21 that its registry calls stateful, but for those that only read, and those that take references.
 */
const REMEMBERS = [
  /Assign|Apply|^(?!Tensor).*Scatter(?!Nd$)|CountUpTo|NegTrain|BoostedTrees.*(?:Update|Create|Flush|Deserialize|Center)/,
  /Insert|Import|Remove|Erase|InitializeTable|Sparse(?:To|From)TensorsMap|SessionHandle|ResourceCreate/,
  /Queue|Barrier|Stack(?:V2|Push|PushV2|Pop|PopV2|Close|CloseV2)?$|[Ss]tage|^(?:Ordered)?Map(?:Clear|Peek)$|Accumulator|Mutex/,
  /Write|Save|Append|Delete|Destroy|MergeV2|FileSystem|Iterator|Dataset|Reader|RecordInput|Skipgram|Summar(?:y|ies)|^Print|^D(?:ump|ebug)/,
  /PyFunc|Send|Recv|Collective|Rpc|RemoteCall|Sleep/,
  /^(?!Stateless).*(?:Random|Rng|Multinomial|Dropout|TruncatedNormal|Sample(?:r|Distorted)|NonDeterministic)|^Stateful(?!PartitionedCall$)/,
];

/** Operations that match, but only give what they are given, or work on what ends with the run. */
const HARMLESS =
  /^(?:Tensor(?:List|Map|Array)\w*|ScatterNdNonAliasingAdd|RandomIndexShuffle|RandomGammaGrad|DeleteSessionTensor)$/;

/** Whether a run leaves the model as it was, whatever runs were before. */
export function isHarmless(operations: ReadonlySet<string>): boolean {
  return ![...operations].some(
    (operation) => REMEMBERS.some((pattern) => pattern.test(operation)) && !HARMLESS.test(operation),
  );
}

/** An operation that TensorFlow knows, and cannot run: it was given up, or is for other devices. */
const NO_KERNEL = /^No OpKernel was registered to support Op/;

/** What warming up came to. */
export interface WarmUp {
  /** Names of signatures that ran. */
  readonly ran: readonly string[];
  /** By name, why others did not. */
  readonly left: ReadonlyMap<string, string>;
}

/**
 * Runs each signature on zeros, so that no caller pays for TensorFlow's first run (graph pruning, kernels, memory). Nothing is run that the model could remember. A model may refuse zeros; its
 * first caller pays then, so that is no failure.
 *
 * @param warm names of signatures that are warm already
 * @throws FatalError where a run says that the model lacks something that every run needs, or where TensorFlow has no
 * kernel of an operation and no signature can be run
 */
export async function warmUp(
  model: SavedModel,
  runner: Pick<Runner, 'run'>,
  warm: ReadonlySet<string> = new Set(),
): Promise<WarmUp> {
  const ran: string[] = [];
  const left = new Map<string, string>();
  let broken: string | undefined;
  for (const signature of model.signatures.values()) {
    if (signature.unsupported !== undefined || warm.has(signature.name)) continue;
    const why = await tryOne(model, signature, runner);
    if (why === undefined) ran.push(signature.name);
    else left.set(signature.name, why);
    if (why !== undefined && NO_KERNEL.test(why))
      broken ??= `signature ${JSON.stringify(signature.name)}: ${why}`;
  }
  if (broken !== undefined && ran.length === 0 && warm.size === 0)
    throw new FatalError(`model ${model.name} cannot be run: ${broken}`);
  return { ran, left };
}

/** @returns why it was not run; undefined where it was */
async function tryOne(
  model: SavedModel,
  signature: ServedSignature,
  runner: Pick<Runner, 'run'>,
): Promise<string | undefined> {
  if (!isHarmless(signature.operations)) return 'a run could change the model, or wait for something';
  const inputs = signature.inputs.map(zeros);
  if (inputs.some(({ shape }) => sizeOf(shape) > MAX_ELEMENTS)) return 'its inputs are large';
  const deadline = performance.now() + PATIENCE;
  const client = { gone: () => false, deadline: () => deadline };
  try {
    await runner.run(signature.index, inputs, client);
    return undefined;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (error.code === 'INVALID_ARGUMENT' || error.code === 'OUT_OF_RANGE') return messageOf(error);
    if (error.code === 'DEADLINE_EXCEEDED') return `it took longer than ${PATIENCE / 1000} s`;
    throw new FatalError(`model ${model.name} cannot be run: ${explain(error, signature)}`);
  }
}

function zeros({ shape }: TensorInfo): TensorBytes {
  return { shape: smallest(shape) };
}

/** TensorFlow's words on a variable that is not there tell of containers and sessions, and not what to do. */
function explain(error: RequestError, { name }: ServedSignature): string {
  const words = messageOf(error);
  const variable = /(?:resource variable|Could not find variable|uninitialized value) (\S+?)[.\s]/.exec(
    `${words} `,
  )?.[1];
  if (variable === undefined) return `signature ${JSON.stringify(name)}: ${words}`;
  return `signature ${JSON.stringify(name)} needs the variable ${variable}, which has no value: variables/ is missing or of another model; export the model again with tf.saved_model.save, and copy the whole folder`;
}
