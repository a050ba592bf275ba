import { WireError } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/**
 * Lists of numbers as protobuf packs them, from and to elements as they lie in memory: little-endian, of 1, 2, 4 or 8
 * bytes each. Fixed-size ones are the same in both; these are for varints.
 */

/** Most bytes of a varint. */
const MAX_BYTES = 10;

/** Counts the varints: each ends in the one byte below 0x80 that it has. @throws WireError where the last is cut */
export function countVarints(packed: Buffer): number {
  let count = 0;
  for (let i = 0; i < packed.length; i++) if ((packed[i] ?? 0) < 0x80) count++;
  if (packed.length > 0 && (packed[packed.length - 1] ?? 0) >= 0x80)
    throw new WireError('a number is cut short');
  return count;
}

/**
 * Reads the first `count` of the varints, each cut to its lower bytes: of a negative number those are the same in any
 * size.
 *
 * @param count at most as many as there are
 * @throws WireError where one has more than ten bytes
 */
export function readVarints(packed: Buffer, count: number, elementBytes: 1 | 2 | 4 | 8): Buffer {
  if (elementBytes === 1 && packed.length === count) return packed; // all below 0x80, and so as they are in memory
  const elements = Buffer.allocUnsafe(count * elementBytes);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let low = 0;
    let high = 0;
    let length = 0;
    for (;;) {
      const byte = packed[at++] ?? 0;
      const bits = byte & 0x7f;
      if (length < 4) low |= bits << (7 * length);
      else if (length === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (length < MAX_BYTES) high |= bits << (7 * length - 32);
      else throw new WireError('a number of more than ten bytes');
      if (byte < 0x80) break;
      length++;
    }
    write(elements, i, elementBytes, low, high);
  }
  return elements;
}

/** Reads the first `count` of the varints as bools: any number but 0 is true. @returns a byte 0 or 1 each */
export function readBools(packed: Buffer, count: number): Buffer {
  const elements = Buffer.allocUnsafe(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let bits = 0;
    let byte: number;
    do {
      byte = packed[at++] ?? 0;
      bits |= byte & 0x7f;
    } while (byte >= 0x80);
    elements[i] = bits === 0 ? 0 : 1;
  }
  return elements;
}

/** A list that comes in one packed piece, or in several, or number by number: each is a piece of the packed list. */
export class PackedList {
  #bytes: Buffer = EMPTY;
  #length = 0;
  /** Whether #bytes is this list's own memory, and no view. */
  #owned = false;

  /** The whole list, packed; a view of the one piece where there is only one. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (this.#length === 0) this.#bytes = piece;
    else {
      if (!this.#owned || length > this.#bytes.length) {
        const larger = Buffer.allocUnsafeSlow(2 * length);
        larger.set(this.bytes);
        this.#bytes = larger;
        this.#owned = true;
      }
      this.#bytes.set(piece, this.#length);
    }
    this.#length = length;
  }
}

const EMPTY = Buffer.alloc(0);

function write(elements: Buffer, i: number, elementBytes: number, low: number, high: number): void {
  if (elementBytes === 1) elements[i] = low;
  else if (elementBytes === 2) elements.writeUInt16LE(low & 0xffff, 2 * i);
  else {
    elements.writeInt32LE(low, elementBytes * i);
    if (elementBytes === 8) elements.writeInt32LE(high | 0, 8 * i + 4);
  }
}

/** How the elements in memory are to be understood. */
export interface Elements {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

/** Writes all elements as varints, without a length and tag. */
export function writeVarints(writer: WireWriter, elements: Buffer, as: Elements): void {
  const count = elements.length / as.bytes;
  let total = 0;
  for (let i = 0; i < count; i++) total += sizeOf(lowOf(elements, i, as), highOf(elements, i, as));
  const packed = writer.room(total);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let low = lowOf(elements, i, as);
    let high = highOf(elements, i, as);
    while (high !== 0 || low >= 0x80) {
      packed[at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    packed[at++] = low;
  }
}

function lowOf(elements: Buffer, i: number, { bytes, signed }: Elements): number {
  if (bytes === 1) return (signed ? elements.readInt8(i) : (elements[i] ?? 0)) >>> 0;
  if (bytes === 2) return (signed ? elements.readInt16LE(2 * i) : elements.readUInt16LE(2 * i)) >>> 0;
  return elements.readUInt32LE(bytes * i);
}

/** The upper 32 bits: of a negative number all ones. */
function highOf(elements: Buffer, i: number, { bytes, signed }: Elements): number {
  if (bytes === 8) return elements.readUInt32LE(8 * i + 4);
  return signed && (elements[bytes * (i + 1) - 1] ?? 0) >= 0x80 ? 0xffffffff : 0;
}

function sizeOf(low: number, high: number): number {
  if (high !== 0) return high < 8 ? 5 : Math.ceil((64 - Math.clz32(high)) / 7);
  if (low < 0x80) return 1;
  return Math.ceil((32 - Math.clz32(low)) / 7);
}
