// Rewrites a shared library so that it loads faster: TensorFlow's takes most of a cold start to look up 550,000 names,
// nearly all of them its own. What could only be found in the library itself is bound ahead of time, and stored in
// place as an offset to the library's base; the list of those words is packed as DT_RELR. What is not loaded (symbols
// for debugging) is left out. Code and data stay where they are, so that nothing else changes.
//
// All new tables fit into the room that the long ones leave. Its layout afterwards:
//   the string GLIBC_ABI_DT_RELR (so that it is part of the string table, which ends there)
//   .rela.dyn, .rela.plt   relocations that still need a look-up
//   .relr.dyn              words that need the library's base
//   .gnu.version_r         versions of other libraries that are needed, and the one above
//   .dynamic
import { closeSync, openSync } from 'node:fs';
import { DT, Refusal, readDynamic, readHeader, writeWord } from './elf.js';
import { bindAhead, RelativeWords, sortWords } from './relocations.js';
import { encodeRelr } from './relr.js';
import { loadTables } from './tables.js';
import { addRelrVersion, RELR_VERSION } from './versions.js';
import { write } from './write.js';

const DF_BIND_NOW = 8;

/**
 * @typedef {object} Result what was done
 * @property {number} relative words that need the library's base only, after
 * @property {number} bound of these, the ones that were looked up by name before
 * @property {number} left relocations that are looked up by name still
 */

/**
 * @param {string} source the library; refused with a Refusal if anything in it is not understood
 * @param {string} target where the rewritten library is to be
 * @param {Set<string>} earlier names whose definition is taken from another library, if there is one
 * @returns {Result}
 */
export function relink(source, target, earlier) {
  const input = openSync(source, 'r');
  try {
    const header = readHeader(input);
    const entries = readDynamic(input, header);
    const library = loadTables(input, header, new Map(entries));
    const bound = bind(library, earlier);
    const room = layOut(library, entries, bound);
    write(input, target, library, room);
    return bound.result;
  } finally {
    closeSync(input);
  }
}

/** @typedef {import('./tables.js').Library} Library */

/**
 * Decides about each relocation, and writes what it can into the library's data.
 *
 * @param {Library} library
 * @param {Set<string>} earlier
 */
function bind({ header: { machine }, memory, room, symbols, relocations, jumps }, earlier) {
  /** @type {Map<number, boolean>} */
  const known = new Map();
  const isOwn = (/** @type {number} */ symbol) => {
    const decided = known.get(symbol) ?? (symbols.isPlain(symbol) && !earlier.has(symbols.name(symbol)));
    known.set(symbol, decided);
    return decided;
  };
  const isInFile = (/** @type {number} */ address) => address >= room.end && memory.has(address);
  const relative = new RelativeWords();
  const rest = bindAhead(relocations, machine, symbols, isOwn, isInFile, relative);
  const restOfJumps = bindAhead(jumps, machine, symbols, isOwn, isInFile, relative);
  const { addresses, values } = sortWords(relative);
  const left = rest.length + restOfJumps.length;
  return {
    addresses,
    values,
    rela: relocations.select(rest),
    jumpRela: jumps.select(restOfJumps),
    result: {
      relative: addresses.length,
      bound: addresses.length - countOf(relocations, machine.relative),
      left,
    },
  };
}

/** @param {import('./relocations.js').Relocations} table @param {number} type */
function countOf(table, type) {
  let count = 0;
  for (let i = 0; i < table.count; i++) if (table.type(i) === type) count++;
  return count;
}

/**
 * Puts the new tables into the room of the old ones, in memory.
 *
 * @param {Library} library
 * @param {[number, number][]} entries of the dynamic section
 * @param {ReturnType<typeof bind>} bound
 */
function layOut({ dynamic, memory, room, symbols }, entries, bound) {
  const strings = dynamic.get(DT.STRTAB) ?? 0;
  const versions = dynamic.get(DT.VERNEED) ?? 0;
  const relr = encodeRelr(bound.addresses);
  const versionTable = addRelrVersion(
    memory.view(versions, room.start - versions),
    dynamic.get(DT.VERNEEDNUM) ?? 0,
    (offset) => symbols.string(offset),
    room.start - strings,
  );

  bound.addresses.forEach((address, i) => {
    memory.write(address, bound.values[i] ?? 0);
  });
  const all = memory.view(room.start, room.end - room.start);
  const bytes = new Uint8Array(all.buffer, all.byteOffset, all.byteLength).fill(0);
  let end = 0;
  /** @param {Uint8Array} table */
  const put = (table) => {
    const place = { address: room.start + end, size: table.length };
    if (end + table.length > bytes.length)
      throw new Refusal('the new tables do not fit into the room of the old');
    bytes.set(table, end);
    end += Math.ceil(table.length / 8) * 8;
    return place;
  };
  const string = put(Buffer.from(`${RELR_VERSION}\0`));
  const rela = put(bound.rela);
  const jumpRela = put(bound.jumpRela);
  const relrPlace = put(new Uint8Array(relr.buffer, 0, relr.byteLength));
  const versionPlace = put(versionTable);
  const changed = new Map([
    [DT.STRSZ, string.address + string.size - strings],
    [DT.RELA, rela.address],
    [DT.RELASZ, rela.size],
    [DT.JMPREL, jumpRela.address],
    [DT.PLTRELSZ, jumpRela.size],
    [DT.VERNEED, versionPlace.address],
    [DT.RELR, relrPlace.address],
    [DT.RELRSZ, relrPlace.size],
    [DT.RELRENT, 8],
    // Jump slots that are left have another number than the code which would bind them on first use says.
    [DT.FLAGS, (dynamic.get(DT.FLAGS) ?? 0) | DF_BIND_NOW],
  ]);
  const dynamicPlace = put(makeDynamic(entries, changed));
  return {
    moved: new Map([
      [strings, { address: strings, size: changed.get(DT.STRSZ) ?? 0 }],
      [dynamic.get(DT.RELA) ?? 0, rela],
      [dynamic.get(DT.JMPREL) ?? 0, jumpRela],
      [versions, versionPlace],
    ]),
    relr: relrPlace,
    dynamic: dynamicPlace,
  };
}

/**
 * @param {[number, number][]} entries
 * @param {Map<number, number>} changed new values by tag; added if they are not there
 */
function makeDynamic(entries, changed) {
  const kept = entries.filter(([tag]) => tag !== DT.RELACOUNT && !changed.has(tag));
  const all = [...kept, ...changed, [DT.NULL, 0]];
  const table = new DataView(new ArrayBuffer(all.length * 16));
  all.forEach(([tag = 0, value = 0], i) => {
    writeWord(table, i * 16, tag);
    writeWord(table, i * 16 + 8, value);
  });
  return new Uint8Array(table.buffer);
}
