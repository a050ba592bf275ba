import { Wire } from './wire-reader.ts';

const SMALLEST = 256;

/** Of texts, in characters. */
const SHORT = 64;

/**
 * Writes protobuf's wire format from the end to the beginning: when a message's length is due, the message is there.
 * So nothing is measured first, and nothing is moved. Fields are to be written last first.
 */
export class WireWriter {
  #bytes: Buffer;
  #at: number;

  /** @param room in bytes; with enough of it nothing is written twice */
  constructor(room: number = SMALLEST) {
    this.#bytes = Buffer.allocUnsafe(room);
    this.#at = room;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  #reserve(bytes: number): number {
    if (bytes > this.#at) {
      const { size } = this;
      const larger = Buffer.allocUnsafe(Math.max(SMALLEST, 2 * (size + bytes)));
      this.#bytes.copy(larger, larger.length - size, this.#at);
      this.#bytes = larger;
      this.#at = larger.length - size;
    }
    this.#at -= bytes;
    return this.#at;
  }

  tag(number: number, wire: number): void {
    this.uint32((number << 3) | wire);
  }

  /** @param value from 0 to 2^32 - 1 */
  uint32(value: number): void {
    if (value < 0x80) {
      const at = this.#reserve(1); // first: it may change what #bytes is
      this.#bytes[at] = value;
      return;
    }
    let length = 1;
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) length++;
    let at = this.#reserve(length);
    let rest = value >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[at++] = (rest & 0x7f) | 0x80;
    this.#bytes[at] = rest;
  }

  /** A negative one takes ten bytes. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.uint64(BigInt(value));
  }

  /** Signed ones, too, as the format has no sign. */
  uint64(value: bigint): void {
    if (value >= 0n && value < 0x80000000n) {
      this.uint32(Number(value));
      return;
    }
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.raw(Buffer.from(bytes));
  }

  float(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeFloatLE(value, at);
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  /** Room for so many bytes, to be filled before anything else is written. */
  room(bytes: number): Buffer {
    const at = this.#reserve(bytes);
    return this.#bytes.subarray(at, at + bytes);
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** A field of bytes, with its length and tag. */
  bytes(number: number, bytes: Uint8Array): void {
    this.raw(bytes);
    this.uint32(bytes.length);
    this.tag(number, Wire.BYTES);
  }

  /** A field of text, with its length and tag. */
  string(number: number, text: string): void {
    const before = this.size;
    if (!this.#ascii(text)) {
      const at = this.#reserve(Buffer.byteLength(text));
      this.#bytes.write(text, at, 'utf8');
    }
    this.message(number, before);
  }

  /** Names are short and of ASCII, and two calls of Node's would take longer. @returns whether the text was so */
  #ascii(text: string): boolean {
    const { length } = text;
    if (length > SHORT) return false;
    const at = this.#reserve(length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.#at += length;
        return false;
      }
      bytes[at + i] = code;
    }
    return true;
  }

  /** The length and tag of a message, of which all that was written since is the content. @param since size before it */
  message(number: number, since: number): void {
    this.uint32(this.size - since);
    this.tag(number, Wire.BYTES);
  }
}
