import { type FileHandle, open } from 'node:fs/promises';
import { RequestError } from '../errors.ts';

/** A record: its length (8 bytes), a checksum of that (4), its bytes, a checksum of those (4). */
const HEAD_BYTES = 12;
const TAIL_BYTES = 4;

export interface TfRecord {
  /** Undefined where it is larger than what was to be read. */
  readonly bytes: Buffer | undefined;
  readonly size: number;
}

/**
 * The records of a TFRecord file, of which one at a time is in memory. Checksums are checked.
 *
 * @param maxBytes larger records are passed over, unchecked
 * @throws RequestError DATA_LOSS in TensorFlow's words, with the place in the file, as a rejection
 */
export async function* readTfRecords(path: string, maxBytes: number): AsyncGenerator<TfRecord> {
  const file = await open(path);
  try {
    const { size: end } = await file.stat();
    for (let at = 0; at < end; ) {
      const head = await readAt(file, at, HEAD_BYTES, at);
      check(head.subarray(0, 8), head.readUInt32LE(8), at);
      const size = head.readBigUInt64LE(0);
      const next = BigInt(at + HEAD_BYTES + TAIL_BYTES) + size;
      if (next > BigInt(end)) throw truncated(at);
      const length = Number(size);
      if (length > maxBytes) yield { bytes: undefined, size: length };
      else {
        const body = await readAt(file, at + HEAD_BYTES, length + TAIL_BYTES, at);
        const bytes = body.subarray(0, length);
        check(bytes, body.readUInt32LE(length), at + HEAD_BYTES);
        yield { bytes, size: length };
      }
      at = Number(next);
    }
  } finally {
    await file.close();
  }
}

/** @param record where the record begins */
async function readAt(file: FileHandle, position: number, length: number, record: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead < length) throw truncated(record);
  return bytes;
}

function check(bytes: Uint8Array, masked: number, at: number): void {
  if (maskedCrc32c(bytes) === masked) return;
  const hint = at === 0 ? ' (is this a TFRecord file?)' : '';
  throw new RequestError('DATA_LOSS', `corrupted record at ${at}${hint}`);
}

const truncated = (at: number) => new RequestError('DATA_LOSS', `truncated record at ${at}`);

/** The checksum of Castagnoli's polynomial, turned by 15 bits and moved, so that sums of sums are no weaker. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** What each byte does to the checksum: the polynomial 0x1EDC6F41, its bits reversed. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});
