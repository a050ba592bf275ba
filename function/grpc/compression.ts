import { promisify } from 'node:util';
import { gunzip as gunzipCallback, gunzipSync, gzip as gzipCallback } from 'node:zlib';
import { messageOf, RequestError } from '../errors.ts';
import { tooLarge } from './message-reader.ts';

const gunzipLater = promisify(gunzipCallback);
export const gzip: (message: Buffer) => Promise<Buffer> = promisify(gzipCallback);

/**
 * @param limit largest message in bytes
 * @throws RequestError: the promise rejects with it
 */
export async function gunzip(message: Buffer, limit: number): Promise<Buffer> {
  try {
    return await gunzipLater(message, { maxOutputLength: limit });
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
  if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
    return tooLarge(limit);
  return new RequestError('INTERNAL', `the message is no whole gzip stream: ${messageOf(error)}`);
}
