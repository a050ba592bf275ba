import type { Room } from '../room.ts';
import type { SocketHandle } from './socket-handle.ts';

/**
 * While half of the room is free, a body takes room for all that its client says it will send, and the event loop is woken
 * once for it. That is room for mere promises, which thousands of slow clients could make: from then on room is taken for this
 * many times what was sent.
 */
const AHEAD = 4;
const LEAST_BYTES = 4096;

/** Reads sockets off the event loop (../native/receiver.ts). */
export interface SocketReader {
  /** Bytes that have come over the socket and were not read. */
  pending(socket: number): number;
  /**
   * Reads until `body` is full from `from` up to `upTo`.
   *
   * @param socket its file descriptor, which nobody else may read meanwhile
   * @param done told how many bytes came: fewer where the client has ended
   * @returns what cancel() takes; undefined where the system cannot
   */
  receive(
    socket: number,
    body: Buffer,
    from: number,
    upTo: number,
    done: (bytes: number) => void,
  ): number | undefined;
  /** From now on nothing is read, nor told. */
  cancel(receipt: number): void;
}

/** `cut`: the client has ended or gone, or this cannot be read here; 'no room': for all bodies together. */
export type Outcome = 'whole' | 'cut' | 'no room';

/** A body that is read from its socket off the event loop. */
export class LargeBody {
  readonly #reader: SocketReader;
  readonly #handle: SocketHandle;
  readonly #room: Room;
  readonly #bytes: Buffer;
  readonly #done: (outcome: Outcome) => void;
  #size: number;
  #held = 0;
  #receipt: number | undefined;
  #isRead = false;

  /**
   * @param first bytes of the body that have come already
   * @param length of the whole body
   * @param done called once, and not after cancel(); Node reads the socket again by then
   */
  constructor(
    reader: SocketReader,
    handle: SocketHandle,
    room: Room,
    first: Buffer,
    length: number,
    done: (outcome: Outcome) => void,
  ) {
    this.#reader = reader;
    this.#handle = handle;
    this.#room = room;
    this.#done = done;
    this.#bytes = Buffer.allocUnsafeSlow(length);
    this.#size = first.copy(this.#bytes);
    handle.stopReading();
  }

  /** What has come of it. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Whether it is still being read. */
  get isUnderWay(): boolean {
    return this.#receipt !== undefined;
  }

  read(): void {
    const sent = this.#size + this.#reader.pending(this.#handle.fd);
    const { length } = this.#bytes;
    const isRoomy = this.#room.leavesHalf(length - this.#held);
    const upTo = isRoomy ? length : Math.min(length, Math.max(sent * AHEAD, LEAST_BYTES));
    if (!this.#room.take(upTo - this.#held, this.#held)) {
      this.#end('no room');
      return;
    }
    this.#held = upTo;
    this.#receipt = this.#reader.receive(this.#handle.fd, this.#bytes, this.#size, upTo, (bytes) => {
      this.#receipt = undefined;
      this.#size += bytes;
      if (this.#size < upTo) this.#end('cut');
      else if (this.#size < this.#bytes.length) this.read();
      else this.#end('whole');
    });
    if (this.#receipt === undefined) this.#end('cut');
  }

  /** Ends the reading, where it is under way; Node does not read the socket again. */
  cancel(): void {
    if (this.#receipt !== undefined) this.#reader.cancel(this.#receipt);
    this.#receipt = undefined;
  }

  /** Gives back the room that the body took. */
  giveBack(): void {
    this.#room.give(this.#held);
    this.#held = 0;
  }

  /** Gives back its memory too, before it is garbage: nobody may look at its bytes any more. */
  free(): void {
    this.giveBack();
    const { buffer } = this.#bytes;
    if (!this.#isRead && buffer instanceof ArrayBuffer) buffer.transfer(0);
    this.#isRead = true;
  }

  #end(outcome: Outcome): void {
    this.#handle.startReading();
    this.#done(outcome);
  }
}
