import { CODE_NUMBERS, type Code, RequestError } from '../errors.ts';
import { WireError } from '../protobuf/wire-reader.ts';

/** What each canonical code is on the wire: `grpc-status`. */
export const NUMBER_OF: Readonly<Record<Code | 'OK', number>> = { OK: 0, ...CODE_NUMBERS };

/** Longer ones would not fit into the headers that clients take. */
const MAX_MESSAGE_BYTES = 4096;

/**
 * A message as `grpc-message` carries it: UTF-8, with all but printable ASCII, and `%`, percent-encoded. So is a space at
 * an end, which no header's value may have.
 */
export function encodeMessage(message: string): string {
  const bytes = Buffer.from(message).subarray(0, MAX_MESSAGE_BYTES);
  let text = '';
  for (const [i, byte] of bytes.entries()) {
    const inside = i > 0 && i < bytes.length - 1;
    const plain = byte > 0x20 && byte <= 0x7e && byte !== 0x25;
    const kept = plain || (byte === 0x20 && inside);
    text += kept ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/** INTERNAL without words, for a request that is no message: what gRPC's own servers, TensorFlow Serving's too, say. */
export function unreadable(error: unknown): unknown {
  return error instanceof WireError ? new RequestError('INTERNAL', '') : error;
}
