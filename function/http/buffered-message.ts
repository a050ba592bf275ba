import { IncomingMessage } from 'node:http';
import { release } from '../buffers.ts';
import type { Room } from '../room.ts';
import { EMPTY } from './message.ts';

/** From this size on a body has room made for it before it comes. (Until it comes, that is no memory yet.) */
const LARGE_BYTES = 1 << 16;

/** A whole body, or why there is none: it is larger than allowed, or all bodies together are. */
export type Body = Buffer | 'large' | 'no room';

/**
 * A message that hands its body over in one piece. push() is what a stream's source calls; taking the chunks there
 * saves the stream's own buffering, flow and events, which cost more than the rest of a small request's reading.
 */
export class BufferedMessage extends IncomingMessage {
  #chunks: Buffer[] | undefined;
  /** A large body, in whose place its chunks are put at once: joined at the end they would hold the event loop. */
  #whole: Buffer | undefined;
  #size = 0;
  #limit = 0;
  #room: Room | undefined;
  #done: ((body: Body) => void) | undefined;

  /**
   * @param length of the body as its head says; undefined where it does not
   * @param done called once, unless the client goes away before the body is whole
   */
  readBody(limit: number, room: Room, length: number | undefined, done: (body: Body) => void): void {
    if (length !== undefined && length > LARGE_BYTES) this.#whole = Buffer.allocUnsafeSlow(length);
    this.#limit = limit;
    this.#room = room;
    this.#done = done;
  }

  /** Gives back the room that the body took. */
  giveBack(): void {
    this.#room?.give(this.#size);
    this.#room = undefined;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.giveBack();
    this.#forget();
    super._destroy(error, callback);
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (chunk === null) {
      this.#finish(this.#joined());
      return super.push(null, encoding);
    }
    if (this.#done === undefined) return true; // nobody wants it, or it was refused
    if (this.#size + chunk.length > this.#limit) {
      this.#finish('large');
      return true;
    }
    if (this.#room?.take(chunk.length, this.#size) !== true) {
      this.#finish('no room');
      return true;
    }
    const at = this.#size;
    this.#size += chunk.length;
    if (this.#whole !== undefined) {
      chunk.copy(this.#whole, at);
      release(chunk); // the parser has made it for this message
    } else if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    return true;
  }

  #joined(): Buffer {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#size);
    const chunks = this.#chunks;
    if (chunks === undefined) return EMPTY;
    return chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, this.#size);
  }

  #finish(body: Body): void {
    const done = this.#done;
    if (body instanceof Buffer) this.#whole = undefined; // it is the body
    this.#forget();
    done?.(body);
  }

  /** What has come, where it is not to become a body. */
  #forget(): void {
    if (this.#whole !== undefined) release(this.#whole);
    this.#done = undefined;
    this.#chunks = undefined;
    this.#whole = undefined;
  }
}
