import { type WireTensor, writeTensorProto } from '../../model/tensor-proto.ts';
import { WireWriter } from '../../protobuf/wire-writer.ts';

/** What a tensor's head, its name and the message's own fields take, and more. */
const HEAD_BYTES = 128;

/**
 * A PredictResponse, written in one pass: encode() would have each tensor as a message of its own first.
 *
 * @param modelSpec serialized ModelSpec, which is the same for all answers of a signature
 * @param outputs by their alias
 */
export function predictResponse(
  modelSpec: Buffer,
  outputs: readonly (readonly [name: string, tensor: WireTensor])[],
): Buffer {
  let room = HEAD_BYTES + modelSpec.length;
  for (const [, { data }] of outputs)
    room += HEAD_BYTES + (Buffer.isBuffer(data) ? data.length : 16 * data.length);
  const writer = new WireWriter(room);
  writer.bytes(2, modelSpec);
  for (let i = outputs.length - 1; i >= 0; i--) {
    const output = outputs[i];
    if (output === undefined) continue;
    const entry = writer.size;
    writeTensorProto(writer, output[1]);
    writer.message(2, entry);
    writer.string(1, output[0]);
    writer.message(1, entry);
  }
  return writer.finish();
}
