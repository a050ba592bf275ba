import { isUtf8 } from 'node:buffer';

/** What a field's bytes are: a varint, 8 bytes, a length and so many bytes, 4 bytes (groups are skipped). */
export const Wire = { VARINT: 0, FIXED64: 1, BYTES: 2, START_GROUP: 3, END_GROUP: 4, FIXED32: 5 } as const;

/** Of texts, in bytes. */
const SHORT = 16;

/** Bytes that are no message: cut short, or with what no message has. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WireError';
  }
}

/** Deeper nesting is refused, as other implementations do: each level takes stack. */
export const MAX_DEPTH = 100;

/**
 * Reads protobuf's wire format out of bytes that a stranger has sent. Nothing is copied: what is read as bytes is a
 * view. pbf, which reads SavedModels here, has neither 64-bit integers nor checks of bounds.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;
  /** Where the message that is being read ends. */
  #end: number;
  /** Of the field that next() has found. */
  number = 0;
  wire = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = bytes.length;
  }

  /**
   * Goes to the next field of the message. @returns whether there is one
   * @throws WireError, as all that reads here
   */
  next(): boolean {
    if (this.#at === this.#end) return false;
    const tag = this.uint32();
    this.number = tag >>> 3;
    this.wire = tag & 7;
    if (this.number === 0) throw new WireError('a field without a number');
    return true;
  }

  /** Passes over the field's value. */
  skip(depth = 0): void {
    switch (this.wire) {
      case Wire.VARINT:
        this.#skipVarint();
        return;
      case Wire.FIXED64:
        this.#take(8);
        return;
      case Wire.BYTES:
        this.#take(this.#length());
        return;
      case Wire.FIXED32:
        this.#take(4);
        return;
      case Wire.START_GROUP:
        this.#skipGroup(this.number, depth);
        return;
      default:
        throw new WireError(`a field of the unknown kind ${this.wire}`);
    }
  }

  #skipGroup(number: number, depth: number): void {
    if (depth >= MAX_DEPTH) throw new WireError('groups are nested too deeply');
    while (this.next()) {
      if (this.wire !== Wire.END_GROUP) this.skip(depth + 1);
      else if (this.number === number) return;
      else break;
    }
    throw new WireError('a group does not end');
  }

  /** Reads what is in the field as a message: until leave(), next() finds its fields alone. @returns what leave() wants */
  enter(): number {
    const length = this.#length();
    const from = this.#take(length);
    this.#at = from;
    const outer = this.#end;
    this.#end = from + length;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** Whether the message that was entered has more bytes, e.g. more packed values. */
  get more(): boolean {
    return this.#at < this.#end;
  }

  /** The field's value as it was encoded: of bytes their content, of a number its encoding. */
  encoded(): Buffer {
    if (this.wire === Wire.BYTES) return this.bytes();
    const from = this.#at;
    this.skip();
    return this.#bytes.subarray(from, this.#at);
  }

  /** So many bytes from here on, without a length before them. */
  slice(length: number): Buffer {
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  bytes(): Buffer {
    const length = this.#length();
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** @throws WireError where it is no UTF-8, which is what a text is in proto3 */
  string(): string {
    const length = this.#length();
    const from = this.#take(length);
    if (length <= SHORT) {
      const text = this.#ascii(from, length);
      if (text !== undefined) return text;
    }
    const text = this.#bytes.toString('utf8', from, from + length);
    // U+FFFD stands for what could not be read, or was sent as such.
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(from, from + length)))
      throw new WireError('a text that is no UTF-8');
    return text;
  }

  /** Names are short and of ASCII, and a call of Node's would take longer. @returns undefined where it is not so */
  #ascii(from: number, length: number): string | undefined {
    let text = '';
    for (let i = from; i < from + length; i++) {
      const code = this.#bytes[i] ?? 0;
      if (code >= 0x80) return undefined;
      text += String.fromCharCode(code);
    }
    return text;
  }

  /** A varint's lower 32 bits, as protobuf cuts one that is too large; not negative. */
  uint32(): number {
    const bytes = this.#bytes;
    const room = Math.min(4, this.#end - this.#at);
    let value = 0;
    for (let i = 0; i < room; i++) {
      const byte = bytes[this.#at + i] ?? 0;
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        this.#at += i + 1;
        return value;
      }
    }
    return Number(BigInt.asUintN(32, this.uint64()));
  }

  int32(): number {
    return this.uint32() | 0;
  }

  bool(): boolean {
    return this.uint64() !== 0n;
  }

  uint64(): bigint {
    let low = 0;
    let middle = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      // 28 bits each in low and middle, the rest is in high: numbers hold no more without losing some.
      if (i < 4) low += (byte & 0x7f) << (7 * i);
      else if (i < 8) middle += (byte & 0x7f) << (7 * (i - 4));
      else {
        const high = i === 8 ? byte & 0x7f : 0;
        const tail = i === 8 && byte >= 0x80 ? this.#byte() : 0;
        if (tail > 0x7f) break;
        return BigInt.asUintN(
          64,
          BigInt(low) | (BigInt(middle) << 28n) | (BigInt(high) << 56n) | (BigInt(tail) << 63n),
        );
      }
      if (byte < 0x80) return middle === 0 ? BigInt(low) : BigInt(low) | (BigInt(middle) << 28n);
    }
    throw new WireError('a number of more than ten bytes');
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  sint64(): bigint {
    const value = this.uint64();
    return (value >> 1n) ^ -(value & 1n);
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  #length(): number {
    const byte = this.#bytes[this.#at] ?? 0;
    if (byte < 0x80) return this.uint32();
    return Number(this.uint64()); // not cut to 32 bits: one beyond the end is refused
  }

  #skipVarint(): void {
    for (let i = 0; i < 10; i++) if (this.#byte() < 0x80) return;
    throw new WireError('a number of more than ten bytes');
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  /** @returns where the bytes begin that are passed over */
  #take(bytes: number): number {
    const from = this.#at;
    if (from + bytes > this.#end) throw new WireError('the message ends within a field');
    this.#at = from + bytes;
    return from;
  }
}
