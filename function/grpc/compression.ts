import { promisify } from 'node:util';
import { gunzipSync, gzip as gzipCallback } from 'node:zlib';
import { messageOf, RequestError } from '../errors.ts';
import type { Pieces } from '../pieces.ts';
import { TooMuch, unzip } from '../unzip.ts';
import { tooLarge } from './message-reader.ts';

export const gzip: (message: Buffer) => Promise<Buffer> = promisify(gzipCallback);

/**
 * @param limit largest message in bytes
 * @throws RequestError: the promise rejects with it
 */
export async function gunzip(message: Buffer, limit: number): Promise<Pieces> {
  try {
    return await unzip(message, 'gzip', limit);
  } catch (error) {
    throw refused(error, limit);
  }
}

/** gunzip() for streams, whose messages have to stay in order. */
export function gunzipNow(message: Buffer, limit: number): Buffer {
  try {
    return gunzipSync(message, { maxOutputLength: limit });
  } catch (error) {
    throw refused(error, limit);
  }
}

function refused(error: unknown, limit: number): RequestError {
  if (error instanceof TooMuch) return tooLarge(limit);
  if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
    return tooLarge(limit);
  return new RequestError('INTERNAL', `the message is no whole gzip stream: ${messageOf(error)}`);
}
