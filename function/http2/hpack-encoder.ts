import { ENTRY_BYTES } from './hpack-decoder.ts';
import { DEFAULT_TABLE_SIZE } from './protocol.ts';
import { STATIC_TABLE } from './static-table.ts';

/** Name, value, name, value … */
export type Fields = readonly string[];

const INDEX_OF = new Map<string, number>();
const NAME_INDEX_OF = new Map<string, number>();
STATIC_TABLE.forEach(([name, value], i) => {
  INDEX_OF.set(`${name}\0${value}`, i + 1);
  if (!NAME_INDEX_OF.has(name)) NAME_INDEX_OF.set(name, i + 1);
});

/**
 * Writes header blocks (RFC 7541), for a server that says the same few things all the time: those get into the peer's
 * table when they are said first, and nothing else ever does, so that nothing is evicted.
 */
export class HpackEncoder {
  /** By `name\0value`: how many were in the table before. */
  readonly #inserted = new Map<string, number>();
  /** What each list of fields was written as, while the table had so many entries. */
  readonly #blocks = new Map<Fields, { block: Buffer; entries: number }>();
  #room = DEFAULT_TABLE_SIZE;
  #resized = false;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE: one smaller than at the start ends the use of the table. */
  limitTable(bytes: number): void {
    if (bytes >= DEFAULT_TABLE_SIZE) return;
    this.#room = 0;
    this.#inserted.clear();
    this.#blocks.clear();
    this.#resized = true;
  }

  /**
   * @param repeated fields that are said often; known again by the list itself, which must not change
   * @param others fields of this block alone
   */
  encode(repeated: Fields, others: Fields | undefined): Buffer {
    const known = this.#blocks.get(repeated);
    if (known !== undefined && known.entries === this.#inserted.size && !this.#resized) {
      return others === undefined ? known.block : Buffer.concat([known.block, literals(others)]);
    }
    const entries = this.#inserted.size;
    const bytes: number[] = [];
    if (this.#resized) bytes.push(0x20); // the table is of no bytes from here on
    this.#resized = false;
    const before = bytes.length;
    for (let i = 0; i < repeated.length; i += 2) this.#write(bytes, repeated[i] ?? '', repeated[i + 1] ?? '');
    const block = Buffer.from(bytes);
    if (this.#inserted.size === entries && before === 0) this.#blocks.set(repeated, { block, entries });
    return others === undefined ? block : Buffer.concat([block, literals(others)]);
  }

  #write(bytes: number[], name: string, value: string): void {
    const key = `${name}\0${value}`;
    const fixed = INDEX_OF.get(key);
    const inserted = this.#inserted.get(key);
    const size = name.length + value.length + ENTRY_BYTES;
    if (fixed !== undefined) writeInteger(bytes, 0x80, 7, fixed);
    else if (inserted !== undefined) {
      writeInteger(bytes, 0x80, 7, STATIC_TABLE.length + this.#inserted.size - inserted);
    } else if (size <= this.#room) {
      writeLiteral(bytes, 0x40, 6, name, value);
      this.#inserted.set(key, this.#inserted.size);
      this.#room -= size;
    } else writeLiteral(bytes, 0, 4, name, value);
  }
}

function literals(fields: Fields): Buffer {
  const bytes: number[] = [];
  for (let i = 0; i < fields.length; i += 2) writeLiteral(bytes, 0, 4, fields[i] ?? '', fields[i + 1] ?? '');
  return Buffer.from(bytes);
}

function writeLiteral(bytes: number[], flags: number, bits: number, name: string, value: string): void {
  const index = NAME_INDEX_OF.get(name) ?? 0;
  writeInteger(bytes, flags, bits, index);
  if (index === 0) writeText(bytes, name);
  writeText(bytes, value);
}

/** Without Huffman's code: an answer's few literals are not worth its time. */
function writeText(bytes: number[], text: string): void {
  writeInteger(bytes, 0, 7, text.length);
  for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i) & 0xff);
}

function writeInteger(bytes: number[], flags: number, bits: number, value: number): void {
  const most = (1 << bits) - 1;
  if (value < most) {
    bytes.push(flags | value);
    return;
  }
  bytes.push(flags | most);
  let rest = value - most;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}
