import { invalidArgument } from '../../errors.ts';
import type { WireTensor } from '../../model/tensor-proto.ts';

/** A request for inference, by whichever protocol it came. The model is named beside it: in gRPC's message, or in the path. */
export interface InferRequest {
  /** The caller's own; '' for none. */
  readonly id: string;
  readonly inputs: readonly InferTensor[];
  /** In the order they were asked for; none where all are wanted. */
  readonly outputs: readonly RequestedOutput[];
  /** Whether outputs that are not asked for by name are to be binary. */
  readonly binary: boolean;
}

export interface InferTensor {
  readonly name: string;
  readonly tensor: WireTensor;
  /** The tensor's elements as one flat JSON list, where somebody has written it already: the tensor then has no data. */
  readonly text?: string | Buffer | undefined;
}

export interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean;
}

export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly outputs: readonly InferTensor[];
}

/** Parameters that would change the answer, and are not served: they are refused, not passed over. */
const REFUSED: Readonly<Record<string, string>> = {
  shared_memory_region: 'shared memory is not served; send the tensor in the request',
  shared_memory_byte_size: 'shared memory is not served; send the tensor in the request',
  shared_memory_offset: 'shared memory is not served; send the tensor in the request',
  classification: 'classification is not served; the output itself is',
  sequence_id: 'sequences are not served; each request stands alone',
};

/** @throws RequestError INVALID_ARGUMENT */
export function checkParameters(names: Iterable<string>, what: string): void {
  for (const name of names) {
    if (Object.hasOwn(REFUSED, name)) throw invalidArgument(`${what}: parameter ${name}: ${REFUSED[name]}`);
  }
}
