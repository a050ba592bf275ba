import type { Socket } from 'node:net';
import { FRAME_HEAD_BYTES } from './protocol.ts';

/** Longer pieces go out from where they are; shorter ones are cheaper to copy. */
const COPIED_BYTES = 4096;

const SMALLEST = 256;

/** Gathers frames, so that one turn's answers go out in one write. */
export class Output {
  readonly #socket: Socket;
  /** Filled up to #at. It is the socket's once written: the next turn takes a new one, from Node's pool. */
  #bytes: Buffer = NONE;
  #at = 0;
  #parts: Buffer[] | undefined;
  #usual = SMALLEST;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The head of a frame, which its payload has to follow. @param length of the payload in bytes */
  frame(length: number, type: number, flags: number, stream: number): void {
    this.#reserve(FRAME_HEAD_BYTES);
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = length >>> 16;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = length;
    bytes[at + 3] = type;
    bytes[at + 4] = flags;
    bytes[at + 5] = stream >>> 24;
    bytes[at + 6] = stream >>> 16;
    bytes[at + 7] = stream >>> 8;
    bytes[at + 8] = stream;
    this.#at = at + FRAME_HEAD_BYTES;
  }

  /** @param piece must not change any more */
  write(piece: Buffer): void {
    const { length } = piece;
    if (length > COPIED_BYTES) {
      this.#parts ??= [];
      this.#parts.push(this.#bytes.subarray(0, this.#at), piece);
      this.#bytes = NONE;
      this.#at = 0;
      return;
    }
    this.#reserve(length);
    this.#bytes.set(piece, this.#at);
    this.#at += length;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#at = this.#bytes.writeUInt16BE(value, this.#at);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
  }

  flush(): void {
    const socket = this.#socket;
    const parts = this.#parts;
    const last = this.#bytes.subarray(0, this.#at);
    this.#usual = Math.min(Math.max(SMALLEST, this.#at), COPIED_BYTES);
    this.#bytes = NONE;
    this.#at = 0;
    this.#parts = undefined;
    if (!socket.writable) return;
    if (parts === undefined) {
      if (last.length > 0) socket.write(last);
      return;
    }
    socket.cork();
    for (const part of parts) if (part.length > 0) socket.write(part);
    if (last.length > 0) socket.write(last);
    socket.uncork();
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length, this.#usual));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

const NONE = Buffer.alloc(0);
