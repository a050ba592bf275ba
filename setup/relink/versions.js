// glibc refuses DT_RELR in a library that does not say that it needs a glibc which knows it: in the table of needed
// versions (.gnu.version_r), as GLIBC_ABI_DT_RELR of libc.so.6.
import { Refusal } from './elf.js';

export const RELR_VERSION = 'GLIBC_ABI_DT_RELR';
const NEED = 16; // bytes of an Elf64_Verneed
const NAME = 16; // bytes of an Elf64_Vernaux

/** The hash of names in ELF's tables. @param {string} name */
export function elfHash(name) {
  let hash = 0;
  for (const byte of Buffer.from(name)) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash;
}

/**
 * @param {DataView} bytes that begin with the table, and may go on with something else
 * @param {number} count of libraries in it
 * @param {(offset: number) => string} stringAt
 * @param {number} nameOffset of the string RELR_VERSION
 * @returns {Uint8Array} the table with one more version
 */
export function addRelrVersion(bytes, count, stringAt, nameOffset) {
  let size = 0;
  let newest = 0;
  /** @type {{ need: number, last: number } | undefined} */
  let libc;
  for (let i = 0, need = 0; i < count; i++) {
    let name = need + bytes.getUint32(need + 8, true);
    for (let left = bytes.getUint16(need + 2, true); ; left--) {
      size = Math.max(size, need + NEED, name + NAME);
      newest = Math.max(newest, bytes.getUint16(name + 6, true) & 0x7fff);
      const next = bytes.getUint32(name + 12, true);
      if (next === 0 || left <= 1) break;
      name += next;
    }
    if (stringAt(bytes.getUint32(need + 4, true)) === 'libc.so.6') libc = { need, last: name };
    need += bytes.getUint32(need + 12, true);
  }
  if (!libc) throw new Refusal('it needs no version of libc.so.6');
  const table = new Uint8Array(size + NAME);
  table.set(new Uint8Array(bytes.buffer, bytes.byteOffset, size));
  const view = new DataView(table.buffer);
  view.setUint16(libc.need + 2, view.getUint16(libc.need + 2, true) + 1, true);
  view.setUint32(libc.last + 12, size - libc.last, true);
  view.setUint32(size, elfHash(RELR_VERSION), true);
  view.setUint16(size + 6, newest + 1, true);
  view.setUint32(size + 8, nameOffset, true);
  return table;
}
