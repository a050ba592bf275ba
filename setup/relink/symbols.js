import { closeSync, openSync } from 'node:fs';
import { DT, Refusal, readBytes, readDynamic, readHeader, readWord, segmentAt } from './elf.js';

const SYMBOL = 24; // bytes of an Elf64_Sym
const [STB_WEAK, STT_FUNC, SHN_UNDEF, SHN_LORESERVE] = [2, 2, 0, 0xff00];

/** The table of symbols that the dynamic loader uses. */
export class Symbols {
  #symbols;
  #strings;

  /**
   * @param {DataView} symbols Elf64_Sym[]
   * @param {DataView} strings their names
   */
  constructor(symbols, strings) {
    this.#symbols = symbols;
    this.#strings = Buffer.from(strings.buffer, strings.byteOffset, strings.byteLength);
  }

  get count() {
    return Math.floor(this.#symbols.byteLength / SYMBOL);
  }

  /** @param {number} index */
  name(index) {
    return this.string(this.#symbols.getUint32(index * SYMBOL, true));
  }

  /** @param {number} start offset in the table of strings @returns {string} */
  string(start) {
    const end = this.#strings.indexOf(0, start);
    if (end < 0) throw new Refusal('a string has no end');
    return this.#strings.toString('latin1', start, end);
  }

  /** Relative to the library's base. @param {number} index */
  value(index) {
    return readWord(this.#symbols, index * SYMBOL + 8);
  }

  /** @param {number} index */
  isDefined(index) {
    return this.#symbols.getUint16(index * SYMBOL + 6, true) !== SHN_UNDEF;
  }

  /**
   * Whether its address is fixed once the library's base is: functions and data, not thread-local ones (STT_TLS), not
   * those that are chosen at run time (STT_GNU_IFUNC) or that the loader keeps single (STB_GNU_UNIQUE).
   *
   * @param {number} index
   */
  isPlain(index) {
    const info = this.#symbols.getUint8(index * SYMBOL + 4);
    const section = this.#symbols.getUint16(index * SYMBOL + 6, true);
    return (
      info >> 4 <= STB_WEAK && (info & 15) <= STT_FUNC && section !== SHN_UNDEF && section < SHN_LORESERVE
    );
  }
}

/**
 * @param {Map<number, number>} dynamic
 * @param {(address: number, size: number) => DataView} read
 */
export function readSymbols(dynamic, read) {
  const start = dynamic.get(DT.SYMTAB) ?? 0;
  const strings = dynamic.get(DT.STRTAB) ?? 0;
  // Their number stands nowhere: the table ends where the next one begins.
  const others = [DT.STRTAB, DT.HASH, DT.GNU_HASH, DT.VERSYM, DT.VERDEF, DT.VERNEED, DT.RELA, DT.JMPREL];
  const end = Math.min(...others.map((tag) => dynamic.get(tag) ?? 0).filter((address) => address > start));
  if (start === 0 || strings === 0 || !Number.isFinite(end)) throw new Refusal('it has no symbols');
  return new Symbols(read(start, end - start), read(strings, dynamic.get(DT.STRSZ) ?? 0));
}

/**
 * Names that a library defines for others.
 *
 * @param {string} path
 * @returns {Set<string>}
 */
export function definedNames(path) {
  const file = openSync(path, 'r');
  try {
    const header = readHeader(file);
    const symbols = readSymbols(new Map(readDynamic(file, header)), (address, size) => {
      const segment = segmentAt(header, address);
      return readBytes(file, address - segment.address + segment.offset, size);
    });
    const names = new Set();
    for (let i = 1; i < symbols.count; i++) if (symbols.isDefined(i)) names.add(symbols.name(i));
    return names;
  } finally {
    closeSync(file);
  }
}
