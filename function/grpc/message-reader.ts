import { release } from '../buffers.ts';
import { RequestError } from '../errors.ts';
import type { Room } from '../room.ts';

/** Of each message's head: whether it is compressed, and its length. */
export const PREFIX_BYTES = 5;

/** A peer has to send this part of what it announces before it gets the memory for all: it may never send the rest. */
const EARNEST = 1 / 8;

/** Puts messages together from the parts that a stream brings. */
export class MessageReader {
  readonly #limit: number;
  readonly #room: Room;
  readonly #onMessage: (message: Buffer, compressed: boolean) => void;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixRead = 0;
  #length = 0;
  #received = 0;
  /** What is there of the message: pieces at first, then one piece of memory that is being filled. */
  #parts: Buffer[] = [];
  #whole: Buffer | undefined;

  /**
   * @param limit largest message in bytes
   * @param onMessage gets each message as it was sent, and whether that is compressed
   */
  constructor(limit: number, room: Room, onMessage: (message: Buffer, compressed: boolean) => void) {
    this.#limit = limit;
    this.#room = room;
    this.#onMessage = onMessage;
  }

  /** Whether the rest of a message is still to come. */
  get midway(): boolean {
    return this.#prefixRead > 0;
  }

  /**
   * @returns whether `piece` is kept, by this or by who got a message
   * @throws RequestError RESOURCE_EXHAUSTED where a message is too large, or all messages together are
   */
  push(piece: Buffer): boolean {
    let at = 0;
    let isKept = false;
    for (;;) {
      if (this.#prefixRead < PREFIX_BYTES) {
        if (at === piece.length) return isKept;
        const read = piece.copy(this.#prefix, this.#prefixRead, at);
        at += read;
        this.#prefixRead += read;
        if (this.#prefixRead < PREFIX_BYTES) return isKept;
        this.#length = this.#prefix.readUInt32BE(1);
        if (this.#length > this.#limit) throw tooLarge(this.#limit);
      }
      const part = piece.subarray(at, at + this.#length - this.#received);
      at += part.length;
      if (part.length > 0 && this.#add(part)) isKept = true;
      if (this.#received < this.#length) return isKept;
      const message = this.#parts[0] ?? this.#whole ?? EMPTY;
      this.#whole = undefined;
      this.giveBack();
      this.#onMessage(message, this.#prefix[0] === 1);
    }
  }

  /** Gives back the room that the message took, which is the caller's now, or will not come whole: then its memory, too. */
  giveBack(): void {
    this.#room.give(this.#received);
    this.#received = 0;
    this.#prefixRead = 0;
    this.#parts = [];
    if (this.#whole !== undefined) release(this.#whole);
    this.#whole = undefined;
  }

  /** @returns whether it is kept */
  #add(part: Buffer): boolean {
    if (!this.#room.take(part.length, this.#received)) throw noRoom();
    const received = this.#received + part.length;
    const isOnly = received === this.#length && this.#parts.length === 0;
    const isKept = this.#whole === undefined && (isOnly || received < this.#length * EARNEST);
    if (isKept) this.#parts.push(part);
    else if (this.#whole !== undefined) part.copy(this.#whole, this.#received);
    else {
      this.#whole = Buffer.allocUnsafe(this.#length);
      let at = 0;
      for (const earlier of this.#parts) at += earlier.copy(this.#whole, at);
      part.copy(this.#whole, at);
      this.#parts = [];
    }
    this.#received = received;
    return isKept;
  }
}

/** RESOURCE_EXHAUSTED: the messages of all calls have no room for more. */
export function noRoom(): RequestError {
  return new RequestError(
    'RESOURCE_EXHAUSTED',
    'too many messages are under way (BODIES_LIMIT_BYTES); try again',
  );
}

/** RESOURCE_EXHAUSTED for a message beyond the limit, compressed or not. */
export function tooLarge(limit: number): RequestError {
  return new RequestError(
    'RESOURCE_EXHAUSTED',
    `the message is larger than ${limit} bytes (BODY_LIMIT_BYTES)`,
  );
}

const EMPTY = Buffer.alloc(0);
