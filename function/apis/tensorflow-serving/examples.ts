import type { Client } from '../../engine/client.ts';
import { invalidArgument } from '../../errors.ts';
import { after } from '../../http/message.ts';
import { CLASSES, SCORES, whyNoClassify, whyNoRegress } from '../../model/example-signatures.ts';
import type { ServedSignature } from '../../model/saved-model.ts';
import type { OutputTensor } from '../../native/raw-engine.ts';
import type { Served } from '../deps.ts';

/** Of one example, a class each: its label, '' where the model gives none, and its score, 0 where it gives none. */
export type Classification = readonly { readonly label: string; readonly score: number }[];

/** What of a served version examples are run by. */
export type ForExamples = Pick<Served, 'name' | 'version' | 'model'> & {
  readonly runner: Pick<Served['runner'], 'tensors'>;
};

const DT_FLOAT = 1;

/**
 * Has a model say which classes each example is of.
 *
 * @param examples serialized tf.Example
 * @throws RequestError INVALID_ARGUMENT; a promise rejects with the same
 */
export function classify(
  served: ForExamples,
  signatureName: string,
  examples: readonly Buffer[],
  client: Client,
): Classification[] | Promise<Classification[]> {
  const signature = signatureFor(served, signatureName, whyNoClassify);
  const keys = signature.outputs.map(({ key }) => key);
  return after(run(served, signature, examples, client), (outputs) => {
    const classes = outputs[keys.indexOf(CLASSES)];
    const scores = outputs[keys.indexOf(SCORES)];
    const [, columns = 0] = (classes ?? scores)?.shape ?? [];
    const labels = classes && textsOf(classes, [examples.length, columns]);
    const numbers = scores && floatsOf(scores, [examples.length, columns], SCORES);
    return examples.map((_, row) =>
      Array.from({ length: columns }, (_, column) => {
        const at = row * columns + column;
        return { label: labels?.[at] ?? '', score: numbers?.(at) ?? 0 };
      }),
    );
  });
}

/** Has a model give a number for each example. Its arguments and errors are those of classify(). */
export function regress(
  served: ForExamples,
  signatureName: string,
  examples: readonly Buffer[],
  client: Client,
): number[] | Promise<number[]> {
  const signature = signatureFor(served, signatureName, whyNoRegress);
  return after(run(served, signature, examples, client), ([output]) => {
    const rank = output?.shape.length === 2 ? [examples.length, 1] : [examples.length];
    const numbers = output && floatsOf(output, rank, 'outputs');
    return examples.map((_, i) => numbers?.(i) ?? 0);
  });
}

/** @param asked '' for the default @param whyNot what keeps a signature from doing that */
function signatureFor(
  { name: modelName, model: { signatures } }: ForExamples,
  asked: string,
  whyNot: (signature: ServedSignature) => string | undefined,
): ServedSignature {
  const name = asked || 'serving_default';
  const signature = signatures.get(name);
  if (signature === undefined) {
    const known = [...signatures.keys()].slice(0, 10).join(', ');
    throw invalidArgument(
      `model ${modelName} has no signature ${JSON.stringify(name.slice(0, 100))}; it has ${known}`,
    );
  }
  const reason = signature.unsupported ?? whyNot(signature);
  if (reason !== undefined) throw invalidArgument(reason);
  return signature;
}

function run(
  { runner }: ForExamples,
  { index }: ServedSignature,
  examples: readonly Buffer[],
  client: Client,
) {
  if (examples.length === 0) throw invalidArgument('Input is empty.');
  return runner.tensors(index, [{ shape: [examples.length], data: examples }], client);
}

function checkShape({ shape }: OutputTensor, wanted: readonly number[], key: string): void {
  if (shape.length !== wanted.length || shape.some((size, i) => size !== wanted[i]))
    throw invalidArgument(`output ${key} has the shape [${shape}], where it is to be [${wanted}]`);
}

function textsOf(output: OutputTensor, shape: readonly number[]): string[] {
  checkShape(output, shape, CLASSES);
  if (!Array.isArray(output.data)) throw invalidArgument(`output ${CLASSES} is to be DT_STRING`);
  return output.data.map((bytes) => Buffer.from(bytes).toString());
}

/** @returns the element at an index */
function floatsOf(output: OutputTensor, shape: readonly number[], key: string): (index: number) => number {
  checkShape(output, shape, key);
  const { dtype, data } = output;
  if (dtype !== DT_FLOAT || Array.isArray(data)) throw invalidArgument(`output ${key} is to be DT_FLOAT`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return (index) => view.getFloat32(4 * index, true);
}
