import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Mints a UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix time in ms, then random bits. main.ts mints one at cold
 * start; it says which process answered.
 *
 * @param now Unix time in ms
 */
export function mintRunId(now: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** From the kernel: node:crypto gives the same bytes, but takes 5 ms of the cold start to load. */
function randomBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const file = openSync('/dev/urandom', 'r');
  try {
    readSync(file, bytes);
  } finally {
    closeSync(file);
  }
  return bytes;
}
