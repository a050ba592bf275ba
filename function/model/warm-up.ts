import type { Model } from './saved-model.ts';
import { isServable, type Signature, type TensorInfo } from './signatures.ts';
import { allocate, sizeOf, type Tensor } from './tensor.ts';

/** A warm-up input larger than this many elements is left out: it would cost more than it saves. */
const MAX_ELEMENTS = 1 << 20;

/**
 * Runs each signature once on zeros, so that no caller pays for TensorFlow's first run (graph pruning, kernels,
 * memory). A model may refuse zeros; its first caller pays then, so that is no failure.
 *
 * @returns signatures that ran, and by name what was said by those that did not
 */
export function warmUp(model: Model): { ran: string[]; refused: Map<string, string> } {
  const ran: string[] = [];
  const refused = new Map<string, string>();
  for (const signature of model.signatures.values()) {
    if (signature.unsupported !== undefined) continue;
    try {
      model.run(signature, zeros(signature));
      ran.push(signature.name);
    } catch (error) {
      refused.set(signature.name, error instanceof Error ? error.message : String(error));
    }
  }
  return { ran, refused };
}

function zeros(signature: Signature): Tensor[] {
  return signature.inputs.map(zeroTensor);
}

/** Unknown dimensions, and an unknown rank, count as 1. */
function zeroTensor({ key, dtype, shape = [1] }: TensorInfo): Tensor {
  if (!isServable(dtype)) throw new RangeError(`${key} has dtype ${dtype}`);
  const known = shape.map((size) => Math.max(size, 1));
  const size = sizeOf(known);
  if (size > MAX_ELEMENTS) throw new RangeError(`${key} has ${size} elements, too many for a warm-up`);
  const data =
    dtype === 'DT_STRING' ? Array.from({ length: size }, () => new Uint8Array()) : allocate(dtype, size);
  return { dtype, shape: known, data };
}
