import { invalidArgument } from '../errors.ts';
import type { Signature } from '../model/signatures.ts';
import { valueDtypeNumber } from '../model/tensor.ts';
import { dtypeName } from '../model/tensor-info.ts';
import type { WireTensor } from '../model/tensor-proto.ts';
import type { OutputTensor, TensorBytes } from '../native/raw-engine.ts';

/**
 * The tensors of a request in the order of a signature's inputs, whichever protocol they came by. Shapes are the graph's
 * to object to.
 *
 * @param given by the inputs' keys
 * @throws RequestError INVALID_ARGUMENT where an input is missing, is none of the signature's, or has another dtype
 */
export function inputsFor(
  { inputs, defaults }: Signature,
  given: ReadonlyMap<string, WireTensor>,
): TensorBytes[] {
  let used = 0;
  const tensors = inputs.map(({ key, dtype }): TensorBytes => {
    const tensor = given.get(key);
    if (tensor === undefined) {
      const initial = defaults?.get(key);
      if (initial === undefined) throw missing(inputs, given);
      return initial;
    }
    used++;
    const wanted = valueDtypeNumber(dtype) ?? 0; // references to variables are fed as what they refer to
    if (tensor.dtype !== wanted) {
      throw invalidArgument(
        `input ${JSON.stringify(key)} is to be ${dtypeName(wanted)}, not ${dtypeName(tensor.dtype)}`,
      );
    }
    return tensor;
  });
  if (used < given.size) throw missing(inputs, given);
  return tensors;
}

/** Says which inputs there are, and which were sent. */
function missing(inputs: Signature['inputs'], given: ReadonlyMap<string, WireTensor>) {
  const wanted = inputs.map(({ key }) => key);
  const listed = (names: readonly string[]) => names.slice(0, 20).join(', ').slice(0, 300) || 'none';
  return invalidArgument(`the signature's inputs are ${listed(wanted)}; sent: ${listed([...given.keys()])}`);
}

/** A tensor of the engine's as protocols write it. */
export function wireTensor({ dtype, shape, data }: OutputTensor): WireTensor {
  return { dtype, shape, data: Array.isArray(data) ? data.map(bufferOf) : bufferOf(data) };
}

const bufferOf = (data: Uint8Array): Buffer =>
  Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
