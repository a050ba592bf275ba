import { IncomingMessage } from 'node:http';
import { release } from '../buffers.ts';
import { Pieces } from '../pieces.ts';
import type { Room } from '../room.ts';
import { EMPTY } from './message.ts';

/** A whole body, or why there is none: it is larger than allowed, or all bodies together are. */
export type Body = Buffer | 'large' | 'no room';

/**
 * A message that hands its body over in one piece. push() is what a stream's source calls; taking the chunks there
 * saves the stream's own buffering, flow and events, which cost more than the rest of a small request's reading.
 */
export class BufferedMessage extends IncomingMessage {
  #pieces: Pieces | undefined;
  #size = 0;
  #limit = 0;
  #room: Room | undefined;
  #done: ((body: Body) => void) | undefined;

  /**
   * @param length of the body as its head says; undefined where it does not
   * @param done called once, unless the client goes away before the body is whole
   */
  readBody(limit: number, room: Room, length: number | undefined, done: (body: Body) => void): void {
    this.#pieces = new Pieces(length);
    this.#limit = limit;
    this.#room = room;
    this.#done = done;
  }

  /** Gives back the room that the body took. */
  giveBack(): void {
    this.#room?.give(this.#size);
    this.#room = undefined;
  }

  /** Gives back the body's memory, too: nobody may look at it any more. */
  free(): void {
    this.giveBack();
    this.#pieces?.release();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.giveBack();
    if (this.#done !== undefined) this.#refuse();
    super._destroy(error, callback);
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const done = this.#done;
    if (chunk === null) {
      this.#done = undefined;
      done?.(this.#pieces?.join() ?? EMPTY);
      return super.push(null, encoding);
    }
    if (done === undefined) return true; // nobody wants it, or it was refused
    if (this.#size + chunk.length > this.#limit) {
      this.#refuse();
      done('large');
    } else if (this.#room?.take(chunk.length, this.#size) !== true) {
      this.#refuse();
      done('no room');
    } else {
      this.#size += chunk.length;
      if (this.#pieces?.add(chunk) === false) release(chunk); // the parser has made it for this message
    }
    return true;
  }

  /** There will be no body. */
  #refuse(): void {
    this.#done = undefined;
    this.#pieces?.release();
    this.#pieces = undefined;
  }
}
