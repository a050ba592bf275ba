import { createGunzip, createInflate } from 'node:zlib';
import { release } from './buffers.ts';
import { Pieces } from './pieces.ts';

/** Of a body that is no small one, so much is unzipped at once: each time is a way to a thread and back. */
const AT_ONCE = 1 << 16;

/** More came of it than is allowed. */
export class TooMuch extends Error {}

/**
 * Unzips a body on Node's threads.
 *
 * @param format `deflate` is HTTP's, which is zlib's
 * @param limit in bytes, of what it becomes
 * @throws TooMuch, or zlib's own error where it is no whole stream; rejects with it
 */
export function unzip(zipped: Buffer, format: 'gzip' | 'deflate', limit: number): Promise<Pieces> {
  const options = zipped.length > AT_ONCE / 16 ? { chunkSize: AT_ONCE } : {};
  const stream = format === 'gzip' ? createGunzip(options) : createInflate(options);
  const pieces = new Pieces();
  let size = 0;
  return new Promise((resolve, reject) => {
    stream.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= limit) {
        if (!pieces.add(piece)) release(piece); // a full one, zlib has done with
        return;
      }
      pieces.release();
      stream.destroy();
      reject(new TooMuch());
    });
    stream.on('end', () => resolve(pieces));
    stream.on('error', (error) => {
      pieces.release();
      reject(error);
    });
    stream.end(zipped);
  });
}
