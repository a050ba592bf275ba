import { closeSync, openSync, writeSync } from 'node:fs';
import { PT, readBytes, writeWord } from './elf.js';
import { packSections, readSections } from './sections.js';

const READABLE = 4;
const CHUNK = 1 << 22; // bytes that are copied at once

/** @typedef {import('./sections.js').Place} Place */

/**
 * Writes the rewritten library: the original up to the end of what is loaded, over that what was changed in memory,
 * and new section headers.
 *
 * @param {number} input descriptor
 * @param {string} target
 * @param {import('./tables.js').Library} library
 * @param {{ moved: Map<number, Place>, relr: Place, dynamic: Place }} room where the new tables are
 */
export function write(input, target, { header, memory, first }, { moved, relr, dynamic }) {
  const toOffset = first.offset - first.address;
  const loads = header.segments.filter(({ type }) => type === PT.LOAD);
  const end = Math.ceil(Math.max(...loads.map((segment) => segment.offset + segment.fileSize)) / 8) * 8;
  const oldDynamic = header.segments.findIndex(({ type }) => type === PT.DYNAMIC);
  moved.set(header.segments[oldDynamic]?.address ?? 0, dynamic);
  const packed = packSections(
    readSections(input, header),
    moved,
    { ...relr, offset: relr.address + toOffset },
    end,
  );

  // The program header of the dynamic section. It may not be writable where it is now, and glibc minds the flags.
  const segment = new DataView(new ArrayBuffer(56));
  segment.setUint32(0, PT.DYNAMIC, true);
  segment.setUint32(4, READABLE, true);
  [dynamic.address + toOffset, dynamic.address, dynamic.address, dynamic.size, dynamic.size, 8].forEach(
    (value, i) => {
      writeWord(segment, 8 + i * 8, value);
    },
  );
  writeWord(header.bytes, 40, packed.offset);
  header.bytes.setUint16(60, packed.count, true);
  header.bytes.setUint16(62, packed.count - 1, true);

  const file = openSync(target, 'w');
  try {
    for (let offset = 0; offset < end; offset += CHUNK) {
      writeAll(file, readBytes(input, offset, Math.min(CHUNK, end - offset)), offset);
    }
    for (const { bytes, offset } of memory.parts) writeAll(file, bytes, offset);
    writeAll(file, header.bytes, 0);
    writeAll(file, segment, header.segmentsOffset + oldDynamic * 56);
    writeAll(file, packed.bytes, end);
  } finally {
    closeSync(file);
  }
}

/**
 * @param {number} file descriptor
 * @param {NodeJS.ArrayBufferView} bytes
 * @param {number} offset
 */
function writeAll(file, bytes, offset) {
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(file, bytes, done, bytes.byteLength - done, offset + done);
  }
}
