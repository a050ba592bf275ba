// The section headers, which only tools (debuggers, profilers, readelf) look at. They are kept right for them.
import { readBytes, readWord, writeWord } from './elf.js';

/** @typedef {import('./elf.js').Header} Header */

const HEADER = 64; // bytes of an Elf64_Shdr
const [SHT_STRTAB, SHT_RELR, SHF_ALLOC] = [3, 19, 2];

/**
 * @typedef {object} Section
 * @property {string} name
 * @property {DataView} header an Elf64_Shdr
 */

/**
 * @param {number} file descriptor
 * @param {Header} header
 * @returns {Section[]} the first one is empty
 */
export function readSections(file, { sections: { offset, count, names } }) {
  if (count === 0) return [];
  const table = readBytes(file, offset, count * HEADER);
  const headers = Array.from({ length: count }, (_, i) => new DataView(table.buffer, i * HEADER, HEADER));
  const namesHeader = headers[names];
  if (!namesHeader) return [];
  const strings = readBytes(file, readWord(namesHeader, 24), readWord(namesHeader, 32));
  const text = Buffer.from(strings.buffer);
  return headers.map((header) => {
    const start = header.getUint32(0, true);
    return { name: text.toString('latin1', start, text.indexOf(0, start)), header };
  });
}

/**
 * @typedef {object} Place
 * @property {number} address
 * @property {number} size
 */

/**
 * The sections that are loaded; symbols for debugging and their names are left out.
 *
 * @param {Section[]} sections
 * @param {Map<number, Place>} moved new places by old address
 * @param {Place & { offset: number }} relr the new section, and where it lies in the file
 * @param {number} end of the file, where this is to be put; a multiple of 8
 * @returns {{ bytes: Uint8Array, offset: number, count: number }} the names, and then the headers at `offset`
 */
export function packSections(sections, moved, relr, end) {
  const kept = sections.filter(({ header }, i) => i === 0 || (readWord(header, 8) & SHF_ALLOC) !== 0);
  const newIndex = new Map(kept.map((section, i) => [sections.indexOf(section), i]));
  const relrOffset = relr.offset - relr.address;
  /** @type {Section[]} */
  const all = kept.map(({ name, header }) => {
    const copy = new DataView(header.buffer.slice(header.byteOffset, header.byteOffset + HEADER));
    const place = moved.get(readWord(copy, 16));
    if (place && readWord(copy, 16) !== 0) {
      if (place.address !== readWord(copy, 16)) writeWord(copy, 24, place.address + relrOffset);
      writeWord(copy, 16, place.address);
      writeWord(copy, 32, place.size);
    }
    for (const at of [40, 44]) {
      // sh_link always is a section; sh_info is one for .rela.plt, and a number that is kept for the others.
      if (at === 44 && name !== '.rela.plt') continue;
      copy.setUint32(at, newIndex.get(copy.getUint32(at, true)) ?? 0, true);
    }
    return { name, header: copy };
  });
  all.push({
    name: '.relr.dyn',
    header: makeHeader(SHT_RELR, SHF_ALLOC, relr.address, relr.offset, relr.size, 8),
  });
  const names = Buffer.from(`${[...all.map(({ name }) => name), '.shstrtab', ''].join('\0')}`, 'latin1');
  all.push({ name: '.shstrtab', header: makeHeader(SHT_STRTAB, 0, 0, end, names.length, 0) });

  const offset = Math.ceil(names.length / 8) * 8;
  const bytes = new Uint8Array(offset + all.length * HEADER);
  bytes.set(names);
  let nameAt = 0;
  all.forEach(({ name, header }, i) => {
    header.setUint32(0, nameAt, true);
    nameAt += name.length + 1;
    bytes.set(new Uint8Array(header.buffer), offset + i * HEADER);
  });
  return { bytes, offset: end + offset, count: all.length };
}

/**
 * @param {number} type
 * @param {number} flags
 * @param {number} address
 * @param {number} offset
 * @param {number} size
 * @param {number} entrySize
 */
function makeHeader(type, flags, address, offset, size, entrySize) {
  const header = new DataView(new ArrayBuffer(HEADER));
  header.setUint32(4, type, true);
  [flags, address, offset, size].forEach((value, i) => {
    writeWord(header, 8 + i * 8, value);
  });
  writeWord(header, 48, entrySize > 0 ? 8 : 1); // alignment
  writeWord(header, 56, entrySize);
  return header;
}
