// DT_RELR: a compact list of the words that only need the library's base added (gABI, "Relative relocations").
import { readWord, writeWord } from './elf.js';

const WORD = 8;
const BITS = 63; // words that one bitmap covers: its lowest bit marks it as a bitmap

/**
 * @param {ArrayLike<number>} addresses ascending, each a multiple of 8
 * @returns {DataView} entries of 8 bytes: an address, and bitmaps of the words that follow it
 */
export function encodeRelr(addresses) {
  const entries = new DataView(new ArrayBuffer(addresses.length * WORD));
  let size = 0;
  for (let i = 0; i < addresses.length; ) {
    const first = addresses[i++] ?? 0;
    writeWord(entries, size, first);
    size += WORD;
    for (let base = first + WORD; ; base += BITS * WORD) {
      let low = 1;
      let high = 0;
      for (; i < addresses.length; i++) {
        const bit = ((addresses[i] ?? 0) - base) / WORD + 1;
        if (bit > BITS) break;
        if (bit < 32) low |= 1 << bit;
        else high |= 1 << (bit - 32);
      }
      if (low === 1 && high === 0) break;
      entries.setInt32(size, low, true);
      entries.setInt32(size + 4, high, true);
      size += WORD;
    }
  }
  return new DataView(entries.buffer, 0, size);
}

/**
 * @param {DataView} entries
 * @returns {number[]} addresses
 */
export function decodeRelr(entries) {
  const addresses = [];
  let base = 0;
  for (let at = 0; at < entries.byteLength; at += WORD) {
    const low = entries.getUint32(at, true);
    const high = entries.getUint32(at + 4, true);
    if ((low & 1) === 0) {
      const address = readWord(entries, at);
      addresses.push(address);
      base = address + WORD;
      continue;
    }
    for (let bit = 1; bit <= BITS; bit++) {
      if (((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) === 1) addresses.push(base + (bit - 1) * WORD);
    }
    base += BITS * WORD;
  }
  return addresses;
}
