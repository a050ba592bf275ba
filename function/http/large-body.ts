import { release } from '../buffers.ts';
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
   * Reads until `body` is full from `from` up to `upTo`; where that is no further, it waits for the client's end.
   *
   * @param socket its file descriptor, which nobody else may read meanwhile
   * @param done told how many bytes came: fewer where the client has ended, or has sent something else
   * @param begin what comes is to begin with
   * @returns what cancel() takes; undefined where the system cannot
   */
  receive(
    socket: number,
    body: Buffer,
    from: number,
    upTo: number,
    done: (bytes: number) => void,
    begin?: Buffer,
  ): number | undefined;
  /** From now on nothing is read, nor told. @returns how many bytes have come by then */
  cancel(receipt: number): number;
}

/** `cut`: the client has ended or gone, or this cannot be read here; 'no room': for all bodies together. */
export type Outcome = 'whole' | 'cut' | 'no room';

/** A request with a large body, whose head is known, that is read from its socket off the event loop. */
export class LargeBody {
  readonly #reader: SocketReader;
  readonly #handle: SocketHandle;
  readonly #room: Room;
  readonly #head: Buffer;
  /** The request, head and body. */
  readonly #bytes: Buffer;
  #done: (outcome: Outcome) => void = () => {};
  #size = 0;
  #held = 0;
  #receipt: number | undefined;
  #isExpected = false;
  #isWhole = false;

  /**
   * @param head of the request
   * @param length of its body
   */
  constructor(reader: SocketReader, handle: SocketHandle, room: Room, head: Buffer, length: number) {
    this.#reader = reader;
    this.#handle = handle;
    this.#room = room;
    this.#head = head;
    this.#bytes = Buffer.allocUnsafeSlow(head.length + length);
  }

  /** What has come of the body. */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#head.length, this.#size);
  }

  /** Bytes of the whole body. */
  get #length(): number {
    return this.#bytes.length - this.#head.length;
  }

  /** What has come of the request. */
  get request(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Whether it may not have begun to come. */
  get isExpected(): boolean {
    return this.#isExpected;
  }

  /** Whether it is being read. */
  get isUnderWay(): boolean {
    return this.#receipt !== undefined && !this.#isWhole;
  }

  /**
   * Reads a request of which the head and perhaps more has come.
   *
   * @param done called once, and not after cancel(); unless the body is whole, Node reads the socket again by then
   */
  read(first: Buffer, done: (outcome: Outcome) => void): void {
    this.#done = done;
    this.#size = first.copy(this.#bytes);
    this.#handle.stopReading();
    this.#readOn();
  }

  /**
   * Reads a request that has not come yet, so that the event loop is woken once it is whole. Room for it is only lent.
   *
   * @param done told 'whole', or 'cut' where another request came, or nothing, or others need the room
   * @returns false where that cannot be: nothing has changed then
   */
  expect(done: (outcome: Outcome) => void): boolean {
    const { length } = this.#bytes;
    if (!this.#room.lend(this.#length, this.expectNoMore)) return false;
    const { fd } = this.#handle;
    this.#receipt = this.#reader.receive(fd, this.#bytes, 0, length, this.#onExpected, this.#head);
    if (this.#receipt === undefined) {
      this.#room.endLoan(this.#length, this.expectNoMore);
      return false;
    }
    this.#isExpected = true;
    this.#handle.stopReading();
    this.#done = done;
    return true;
  }

  readonly #onExpected = (bytes: number): void => {
    this.#receipt = undefined;
    this.#size = bytes;
    this.giveBack();
    if (bytes === this.#bytes.length && this.#room.take(this.#length, 0)) {
      this.#held = this.#length;
      this.#end('whole');
    } else {
      this.#end('cut');
    }
  };

  /** Has what has come by now told, if it is expected and not whole. */
  readonly expectNoMore = (): void => {
    if (!this.#isExpected) return;
    this.cancel();
    this.giveBack();
    this.#end('cut');
  };

  #readOn(): void {
    const from = this.#head.length;
    const { length } = this.#bytes;
    const sent = this.#size - from + this.#reader.pending(this.#handle.fd);
    const isRoomy = this.#room.leavesHalf(length - from - this.#held);
    const upTo = isRoomy ? length : Math.min(length, from + Math.max(sent * AHEAD, LEAST_BYTES));
    if (!this.#room.take(upTo - from - this.#held, this.#held)) {
      this.#end('no room');
      return;
    }
    this.#held = upTo - from;
    this.#receipt = this.#reader.receive(this.#handle.fd, this.#bytes, this.#size, upTo, (bytes) => {
      this.#receipt = undefined;
      this.#size += bytes;
      if (this.#size < upTo) this.#end('cut');
      else if (this.#size < length) this.#readOn();
      else this.#end('whole');
    });
    if (this.#receipt === undefined) this.#end('cut');
  }

  /** Ends the reading, where it is under way; Node does not read the socket again. */
  cancel(): void {
    const receipt = this.#receipt;
    this.#receipt = undefined;
    if (receipt !== undefined) this.#size += this.#reader.cancel(receipt);
  }

  /** Gives back the room that the body took. */
  giveBack(): void {
    if (this.#isExpected) this.#room.endLoan(this.#length, this.expectNoMore);
    this.#isExpected = false;
    this.#room.give(this.#held);
    this.#held = 0;
  }

  /** Gives back its memory too: nobody may look at its bytes any more. */
  free(): void {
    this.giveBack();
    release(this.#bytes);
  }

  #end(outcome: Outcome): void {
    this.#isWhole = outcome === 'whole';
    if (this.#isWhole) this.#watch();
    else this.#handle.startReading();
    this.#done(outcome);
  }

  /** Node reads the socket while the request is answered only where that is its end: to start and to stop costs it more than this. */
  #watch(): void {
    const { length } = this.#bytes;
    this.#receipt = this.#reader.receive(this.#handle.fd, this.#bytes, length, length, () => {
      this.#receipt = undefined;
      this.#handle.startReading();
    });
    if (this.#receipt === undefined) this.#handle.startReading();
  }

  /** To be called when it was answered; Node does not read the socket unless it was told to. */
  answered(): void {
    this.cancel();
    this.giveBack();
  }
}
