import { DT, Memory, PT, Refusal, segmentAt } from './elf.js';
import { Relocations } from './relocations.js';
import { readSymbols } from './symbols.js';

/**
 * Reads what is to be changed, and refuses a library whose form is not the known one.
 *
 * @param {number} file descriptor
 * @param {import('./elf.js').Header} header
 * @param {Map<number, number>} dynamic
 */
export function loadTables(file, header, dynamic) {
  /** @param {number} tag */
  const need = (tag) => {
    const value = dynamic.get(tag);
    if (value === undefined) throw new Refusal(`its dynamic section has no entry of type ${tag}`);
    return value;
  };
  for (const tag of [DT.RELR, DT.REL, DT.TEXTREL]) {
    if (dynamic.has(tag)) throw new Refusal(`its dynamic section has an entry of type ${tag}`);
  }
  if (need(DT.RELAENT) !== 24 || need(DT.SYMENT) !== 24 || need(DT.PLTREL) !== DT.RELA) {
    throw new Refusal('its tables have another form');
  }
  const start = need(DT.RELA);
  const pltStart = need(DT.JMPREL);
  const end = pltStart + need(DT.PLTRELSZ);
  const gap = pltStart - (start + need(DT.RELASZ));
  const first = segmentAt(header, start);
  if (gap < 0 || gap > 8 || end > first.address + first.fileSize) {
    throw new Refusal('its tables of relocations do not follow each other');
  }
  if (need(DT.STRTAB) > start || need(DT.VERNEED) > start) {
    throw new Refusal('its tables of relocations come before its strings');
  }
  const memory = new Memory();
  memory.add(file, first, end - first.address);
  for (const segment of header.segments) {
    if (segment.type === PT.LOAD && segment !== first && (segment.flags & 2) !== 0) {
      memory.add(file, segment, segment.fileSize);
    }
  }
  return {
    header,
    dynamic,
    memory,
    first,
    room: { start, end },
    symbols: readSymbols(dynamic, (address, size) => memory.view(address, size)),
    relocations: new Relocations(memory.view(start, need(DT.RELASZ))),
    jumps: new Relocations(memory.view(pltStart, need(DT.PLTRELSZ))),
  };
}

/** @typedef {ReturnType<typeof loadTables>} Library */
