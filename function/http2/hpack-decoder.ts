import { decodeHuffman } from './huffman.ts';
import { ConnectionError, DEFAULT_TABLE_SIZE, ErrorCode } from './protocol.ts';
import { STATIC_TABLE } from './static-table.ts';

/** What an entry takes besides its text, in bytes (RFC 7541, section 4.1). */
export const ENTRY_BYTES = 32;

/** Reads header blocks (RFC 7541). A connection has one, which has to see each of its blocks, in order. */
export class HpackDecoder {
  readonly #listLimit: number;
  /** Name, value, name, value …, the newest entry last. */
  readonly #table: string[] = [];
  #tableSize = 0;
  #tableLimit = DEFAULT_TABLE_SIZE;
  #bytes: Buffer = EMPTY;
  #at = 0;
  /** Grows with each change of the table: the same block says the same for as long as this stays. */
  changes = 0;

  /** @param listLimit most bytes of a block's fields as they are read, each with ENTRY_BYTES more */
  constructor(listLimit: number) {
    this.#listLimit = listLimit;
  }

  /**
   * @returns name, value, name, value …, each byte one character; undefined where they are more than the limit allows
   * @throws ConnectionError COMPRESSION_ERROR; nothing that comes after it can be read
   */
  decode(block: Buffer): string[] | undefined {
    this.#bytes = block;
    this.#at = 0;
    const fields: string[] = [];
    let size = 0;
    let begun = false;
    while (this.#at < block.length) {
      const byte = block[this.#at] ?? 0;
      if ((byte & 0xe0) === 0x20) {
        if (begun) throw malformed('the table is resized within a block');
        this.#resize(this.#integer(5));
        continue;
      }
      begun = true;
      let name: string;
      let value: string;
      if ((byte & 0x80) !== 0) {
        const index = this.#integer(7);
        name = this.#name(index);
        value = this.#value(index);
      } else {
        const remembered = (byte & 0x40) !== 0;
        const index = this.#integer(remembered ? 6 : 4);
        name = index === 0 ? this.#string() : this.#name(index);
        value = this.#string();
        if (remembered) this.#insert(name, value);
      }
      size += name.length + value.length + ENTRY_BYTES;
      if (size <= this.#listLimit) fields.push(name, value);
    }
    this.#bytes = EMPTY;
    return size <= this.#listLimit ? fields : undefined;
  }

  #name(index: number): string {
    const fixed = STATIC_TABLE[index - 1];
    return fixed === undefined ? this.#entry(index, 0) : fixed[0];
  }

  #value(index: number): string {
    const fixed = STATIC_TABLE[index - 1];
    return fixed === undefined ? this.#entry(index, 1) : fixed[1];
  }

  #entry(index: number, part: 0 | 1): string {
    const newest = this.#table.length - 2;
    const text = index === 0 ? undefined : this.#table[newest - 2 * (index - 1 - STATIC_TABLE.length) + part];
    if (text === undefined) throw malformed(`nothing has the index ${index}`);
    return text;
  }

  #insert(name: string, value: string): void {
    this.changes++;
    this.#table.push(name, value);
    this.#tableSize += name.length + value.length + ENTRY_BYTES;
    this.#evict();
  }

  #resize(limit: number): void {
    if (limit > DEFAULT_TABLE_SIZE)
      throw malformed(`a table of ${limit} bytes, of at most ${DEFAULT_TABLE_SIZE}`);
    this.changes++;
    this.#tableLimit = limit;
    this.#evict();
  }

  #evict(): void {
    let evicted = 0;
    while (this.#tableSize > this.#tableLimit) {
      const name = this.#table[evicted++] ?? '';
      const value = this.#table[evicted++] ?? '';
      this.#tableSize -= name.length + value.length + ENTRY_BYTES;
    }
    if (evicted > 0) this.#table.splice(0, evicted);
  }

  /** RFC 7541, section 5.1. @param bits of the first byte that are the integer's */
  #integer(bits: number): number {
    const most = (1 << bits) - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw malformed('an integer is too large');
  }

  #string(): string {
    const coded = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (to > this.#bytes.length) throw malformed('a string ends too soon');
    this.#at = to;
    return coded ? decodeHuffman(this.#bytes, from, to) : this.#bytes.toString('latin1', from, to);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw malformed('a block ends too soon');
    return byte;
  }
}

const EMPTY = Buffer.alloc(0);

function malformed(how: string): ConnectionError {
  return new ConnectionError(ErrorCode.COMPRESSION_ERROR, how);
}
