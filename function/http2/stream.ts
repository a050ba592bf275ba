import type { Fields } from './hpack-encoder.ts';
import { ErrorCode, StreamError } from './protocol.ts';

/** What becomes of a request: told by its stream, in order. None of these may throw. */
export interface Receiver {
  /**
   * A part of the body, or the end of it, or both.
   *
   * @param bytes stay as they are where they are kept; empty where only the end comes
   * @returns whether they are kept
   */
  data(bytes: Buffer, last: boolean): boolean;
  /** The peer has gone, or wants no answer any more: nothing comes after this, and nothing more is sent. */
  closed(): void;
  /** The connection is about to end: what has no end of its own should come to one. */
  leave?(): void;
}

/** What a stream needs of its connection. */
export interface Carrier {
  /** Sends what it can of the data, the rest as the peer makes room. */
  sendHeaders(stream: Stream, repeated: Fields, others: Fields | undefined, last: boolean): void;
  sendData(stream: Stream, first: Buffer, second: Buffer | undefined, last: boolean): void;
}

/** What waits for room to be sent. */
export type Waiting =
  | { readonly bytes: Buffer; readonly last: boolean }
  | { readonly repeated: Fields; readonly others: Fields | undefined; readonly last: boolean };

/** One request and its answer. */
export class Stream {
  readonly id: number;
  readonly #carrier: Carrier;
  receiver: Receiver | undefined;
  /** Whether all of the request has come, and whether all of the answer has gone. */
  ended = false;
  answered = false;
  /** Nothing comes or goes any more. */
  closed = false;
  sendWindow: number;
  receiveWindow: number;
  /** Bytes of the body that are still to come, where the peer has said how many. */
  expected: number | undefined;
  waiting: Waiting[] | undefined;
  /** Time by the clock that sweeps, in ms, since which the peer has been the one to go on. */
  movedAt: number;
  /** Whether the peer has taken something of what waits, since the last sweep. */
  moved = false;
  /** Whether the request may take as long as it likes, as one of many messages may. */
  patient = false;

  constructor(id: number, carrier: Carrier, sendWindow: number, receiveWindow: number, now: number) {
    this.id = id;
    this.#carrier = carrier;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.movedAt = now;
  }

  /**
   * The head of the answer, or its trailers.
   *
   * @param repeated what many answers have; known again by the list itself, so it must not change
   * @param others what this answer alone has
   * @param last whether nothing follows
   */
  headers(repeated: Fields, others: Fields | undefined, last: boolean): void {
    if (!this.closed) this.#carrier.sendHeaders(this, repeated, others, last);
  }

  /** A part of the answer's body, in one piece or two, which must not change any more. */
  data(first: Buffer, second: Buffer | undefined, last: boolean): void {
    if (!this.closed) this.#carrier.sendData(this, first, second, last);
  }

  /** @throws StreamError PROTOCOL_ERROR where the body is not as long as its content-length says */
  count(bytes: number, last: boolean): void {
    if (this.expected === undefined) return;
    this.expected -= bytes;
    if (this.expected < 0 || (last && this.expected !== 0))
      throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'the body is not as long as content-length says');
  }
}
