import type { Signature } from './signatures.ts';

/** The outputs of a signature that classifies: one of these, or both. */
export const CLASSES = 'classes';
export const SCORES = 'scores';

/**
 * Why examples cannot be classified by a signature; undefined where they can. As TensorFlow Serving has it: the names and
 * the number of its tensors count, its method name does not.
 */
export function whyNoClassify(signature: Signature): string | undefined {
  const keys = signature.outputs.map(({ key }) => key);
  if (keys.length > 0 && keys.every((key) => key === CLASSES || key === SCORES))
    return whyNoExamples(signature);
  return `${whatOf(signature)} is to have the outputs ${CLASSES} or ${SCORES}, or both; it has ${keys}`;
}

/** Why no number can be got of examples by a signature; undefined where it can. */
export function whyNoRegress(signature: Signature): string | undefined {
  const keys = signature.outputs.map(({ key }) => key);
  if (keys.length === 1 && keys[0] === 'outputs') return whyNoExamples(signature);
  return `${whatOf(signature)} is to have the one output "outputs"; it has ${keys}`;
}

function whyNoExamples(signature: Signature): string | undefined {
  const [input] = signature.inputs;
  const fits = signature.inputs.length === 1 && input?.key === 'inputs' && input.dtype === 'DT_STRING';
  return fits ? undefined : `${whatOf(signature)} is to have the one input "inputs", serialized examples`;
}

const whatOf = ({ name }: Signature) => `signature ${JSON.stringify(name)}`;
