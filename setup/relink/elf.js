// Reads the parts of an ELF shared library that the dynamic loader reads. Names are those of the ELF specification
// (gABI, https://gabi.xinuos.com) and of elf.h. Only 64-bit little-endian libraries for x86-64 and aarch64.
import { readSync } from 'node:fs';

/** Why a library is left as it is. */
export class Refusal extends Error {}

/** Relocation types by machine. */
const machines = {
  62: {
    name: 'x86-64',
    symbolic: [1, 6, 7], // R_X86_64_64, GLOB_DAT, JUMP_SLOT
    relative: 8,
    indirect: 37, // IRELATIVE
    threadLocal: [16, 17, 18, 36], // DTPMOD64, DTPOFF64, TPOFF64, TLSDESC
  },
  183: {
    name: 'aarch64',
    symbolic: [257, 1025, 1026], // R_AARCH64_ABS64, GLOB_DAT, JUMP_SLOT
    relative: 1027,
    indirect: 1032, // IRELATIVE
    threadLocal: [1028, 1029, 1030, 1031], // TLS_DTPMOD, TLS_DTPREL, TLS_TPREL, TLSDESC
  },
};

/** @typedef {(typeof machines)[62]} Machine */

/** Types of program headers. */
export const PT = { LOAD: 1, DYNAMIC: 2 };

/** Tags of the dynamic section. */
export const DT = {
  NULL: 0,
  PLTRELSZ: 2,
  HASH: 4,
  STRTAB: 5,
  SYMTAB: 6,
  RELA: 7,
  RELASZ: 8,
  RELAENT: 9,
  STRSZ: 10,
  SYMENT: 11,
  REL: 17,
  PLTREL: 20,
  TEXTREL: 22,
  JMPREL: 23,
  FLAGS: 30,
  RELRSZ: 35,
  RELR: 36,
  RELRENT: 37,
  GNU_HASH: 0x6ffffef5,
  VERSYM: 0x6ffffff0,
  RELACOUNT: 0x6ffffff9,
  FLAGS_1: 0x6ffffffb,
  VERDEF: 0x6ffffffc,
  VERNEED: 0x6ffffffe,
  VERNEEDNUM: 0x6fffffff,
};

/**
 * @typedef {object} Segment a program header
 * @property {number} type
 * @property {number} flags
 * @property {number} offset in the file
 * @property {number} address where it is loaded, relative to the library's base
 * @property {number} fileSize
 * @property {number} memorySize
 */

/**
 * A little-endian 64-bit number. Sizes and addresses in files are far below 2^53.
 * @param {DataView} view
 * @param {number} at
 */
export function readWord(view, at) {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/**
 * The same, signed: addends may be negative.
 * @param {DataView} view
 * @param {number} at
 */
export function readSigned(view, at) {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
}

/**
 * @param {DataView} view
 * @param {number} at
 * @param {number} value may be negative
 */
export function writeWord(view, at, value) {
  const high = Math.floor(value / 2 ** 32);
  view.setUint32(at, value - high * 2 ** 32, true);
  view.setInt32(at + 4, high, true);
}

/**
 * @param {number} file descriptor
 * @param {number} offset
 * @param {number} size
 */
export function readBytes(file, offset, size) {
  const bytes = new DataView(new ArrayBuffer(size));
  for (let done = 0; done < size; ) {
    const count = readSync(file, bytes, done, size - done, offset + done);
    if (count === 0) throw new Refusal('the file is truncated');
    done += count;
  }
  return bytes;
}

/**
 * @typedef {object} Header
 * @property {DataView} bytes the 64 bytes of the ELF header
 * @property {Machine} machine
 * @property {Segment[]} segments
 * @property {number} segmentsOffset of the program headers in the file
 * @property {{ offset: number, count: number, names: number }} sections names: index of the one that holds their names
 */

/**
 * @param {number} file descriptor
 * @returns {Header}
 */
export function readHeader(file) {
  const bytes = readBytes(file, 0, 64);
  if (bytes.getUint32(0) !== 0x7f454c46) throw new Refusal('it is no ELF file');
  if (bytes.getUint8(4) !== 2 || bytes.getUint8(5) !== 1) throw new Refusal('it is not 64-bit little-endian');
  if (bytes.getUint16(16, true) !== 3) throw new Refusal('it is no shared library');
  const number = bytes.getUint16(18, true);
  const machine = number === 62 || number === 183 ? machines[number] : undefined;
  if (!machine) throw new Refusal(`it is for another processor (machine ${number})`);
  const segmentsOffset = readWord(bytes, 32);
  const count = bytes.getUint16(56, true);
  const table = readBytes(file, segmentsOffset, count * 56);
  const segments = Array.from({ length: count }, (_, i) => ({
    type: table.getUint32(i * 56, true),
    flags: table.getUint32(i * 56 + 4, true),
    offset: readWord(table, i * 56 + 8),
    address: readWord(table, i * 56 + 16),
    fileSize: readWord(table, i * 56 + 32),
    memorySize: readWord(table, i * 56 + 40),
  }));
  const sections = {
    offset: readWord(bytes, 40),
    count: bytes.getUint16(60, true),
    names: bytes.getUint16(62, true),
  };
  return { bytes, machine, segments, segmentsOffset, sections };
}

/**
 * The segment whose bytes in the file hold what is loaded at an address.
 * @param {Header} header
 * @param {number} address
 */
export function segmentAt({ segments }, address) {
  const found = segments.find(
    (s) => s.type === PT.LOAD && address >= s.address && address < s.address + s.fileSize,
  );
  if (!found) throw new Refusal(`nothing is at address ${address.toString(16)}`);
  return found;
}

/**
 * Entries of the dynamic section: [tag, value], without the terminating DT_NULL.
 *
 * @param {number} file descriptor
 * @param {Header} header
 * @returns {[tag: number, value: number][]}
 */
export function readDynamic(file, { segments }) {
  const segment = segments.find(({ type }) => type === PT.DYNAMIC);
  if (!segment) throw new Refusal('it has no dynamic section');
  const bytes = readBytes(file, segment.offset, segment.fileSize);
  /** @type {[number, number][]} */
  const entries = [];
  for (let at = 0; at < segment.fileSize; at += 16) {
    const tag = readWord(bytes, at);
    if (tag === DT.NULL) break;
    entries.push([tag, readWord(bytes, at + 8)]);
  }
  return entries;
}

/** Parts of a library in memory, read and written by the address that they are loaded at. */
export class Memory {
  /** @type {{ start: number, end: number, offset: number, bytes: DataView }[]} */
  #parts = [];

  /**
   * Reads one more part.
   * @param {number} file descriptor
   * @param {Segment} segment that holds it
   * @param {number} size from the segment's start
   */
  add(file, segment, size) {
    const bytes = readBytes(file, segment.offset, size);
    this.#parts.push({ start: segment.address, end: segment.address + size, offset: segment.offset, bytes });
  }

  get parts() {
    return this.#parts;
  }

  /** @param {number} address @param {number} [size] @returns whether all of it is here */
  has(address, size = 8) {
    return this.#parts.some(({ start, end }) => address >= start && address + size <= end);
  }

  /**
   * @param {number} address
   * @param {number} size
   * @returns {DataView} of these bytes themselves
   */
  view(address, size) {
    const part = this.#parts.find(({ start, end }) => address >= start && address + size <= end);
    if (!part) throw new Refusal(`nothing is at address ${address.toString(16)}`);
    return new DataView(part.bytes.buffer, address - part.start, size);
  }

  /** @param {number} address @param {number} value */
  write(address, value) {
    for (const { start, end, bytes } of this.#parts) {
      if (address >= start && address + 8 <= end) return writeWord(bytes, address - start, value);
    }
    throw new Refusal(`nothing is at address ${address.toString(16)}`);
  }
}
