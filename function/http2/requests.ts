import { Budget } from './budget.ts';
import { ControlFrames } from './control-frames.ts';
import type { FrameSink } from './frame-reader.ts';
import { HeadReader } from './head-reader.ts';
import { ConnectionError, ErrorCode, protocolError, StreamError } from './protocol.ts';
import type { RequestHead } from './request-head.ts';
import type { Sender } from './sender.ts';
import { type Receiver, Stream } from './stream.ts';
import { Streams } from './streams.ts';

/**
 * What answers the requests of connections.
 *
 * @template H what it makes of a request's head; made once where a client sends the same head again and again
 */
export interface Service<H> {
  head(head: RequestHead): H;
  open(head: H, stream: Stream): Receiver;
}

/** Most bytes of a request's fields, as RFC 9113 counts them; node:http has the same for HTTP/1.1. */
export const HEADER_LIST_BYTES = 16_384;

/** How much of bodies a peer may have under way. What is read makes room at once: the receivers have limits. */
export const STREAM_WINDOW = 4 << 20;
export const CONNECTION_WINDOW = 16 << 20;

/** The requests of a connection: what comes of frames, from the first of a stream to the last of its answer. */
export class Requests<H> implements FrameSink {
  readonly #service: Service<H>;
  readonly #sender: Sender;
  readonly #maxStreams: number;
  readonly #emptied: () => void;
  readonly #heads: HeadReader<H>;
  readonly #streams = new Streams();
  readonly #resets = new Budget('resets of streams', 1000, 33);
  readonly #control: ControlFrames;
  #receiveWindow = CONNECTION_WINDOW;
  #now: number;
  /** Whether new ones are refused. */
  refusing = false;

  /**
   * @param maxStreams requests under way at once
   * @param now of a clock in ms that sweep() goes on with
   * @param emptied called whenever the last that is under way has ended
   */
  constructor(service: Service<H>, sender: Sender, maxStreams: number, now: number, emptied: () => void) {
    this.#service = service;
    this.#sender = sender;
    this.#maxStreams = maxStreams;
    this.#now = now;
    this.#emptied = emptied;
    this.#heads = new HeadReader(HEADER_LIST_BYTES, (head) => service.head(head));
    this.#control = new ControlFrames(sender, this.#streams, {
      reset: (id) => this.#onReset(id),
      fault: (id, error) => this.#onStreamError(id, error),
    });
  }

  /** How many are under way. */
  get size(): number {
    return this.#streams.size;
  }

  /** The number of the last one. */
  get last(): number {
    return this.#streams.last;
  }

  /** Whether the peer's first SETTINGS have come. */
  get settled(): boolean {
    return this.#control.settled;
  }

  /** Those that have no end of their own should come to one. */
  leave(): void {
    for (const { receiver } of this.#streams.all()) receiver?.leave?.();
  }

  /** Ends all, without answers. */
  drop(): void {
    for (const stream of this.#streams.all()) this.#drop(stream);
  }

  /** Ends those whose peer has not gone on for longer than `timeoutMs`. @param now of the constructor's clock */
  sweep(now: number, timeoutMs: number): void {
    this.#resets.passed(now - this.#now);
    this.#control.budget.passed(now - this.#now);
    this.#now = now;
    for (const stream of this.#streams.all()) {
      if (stream.moved) {
        stream.moved = false;
        stream.movedAt = now;
      }
      const peersTurn = stream.waiting !== undefined || !(stream.ended || stream.patient);
      if (!peersTurn || now - stream.movedAt <= timeoutMs) continue;
      this.#sender.reset(stream.id, ErrorCode.CANCEL);
      this.#drop(stream);
    }
  }

  onHeaders(id: number, block: Buffer, from: number, to: number, last: boolean, dependsOn: number): void {
    this.#control.checkSettled();
    if (id % 2 === 0) throw protocolError(`a client has no stream ${id}`);
    const stream = this.#streams.get(id);
    try {
      if (stream !== undefined || id <= this.#streams.last)
        this.#onTrailers(id, stream, block.subarray(from, to), last);
      else this.#onRequest(id, block, from, to, last);
      if (dependsOn === id)
        throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'a stream that depends on itself');
    } catch (error) {
      this.#onStreamError(id, error);
    }
  }

  #onRequest(id: number, bytes: Buffer, from: number, to: number, last: boolean): void {
    this.#streams.begin(id);
    const read = this.#heads.request(bytes, from, to);
    if (this.refusing || this.#streams.size >= this.#maxStreams)
      throw new StreamError(ErrorCode.REFUSED_STREAM, 'too many streams, or the connection is about to end');
    const stream = new Stream(id, this.#sender, this.#sender.initialWindow, STREAM_WINDOW, this.#now);
    this.#streams.add(stream);
    if (read === undefined) {
      this.#resets.spend(); // it takes more to read than to send
      stream.headers(TOO_LARGE, undefined, true);
      return;
    }
    stream.expected = read.contentLength;
    stream.receiver = this.#service.open(read.head, stream);
    if (last) this.#deliver(stream, EMPTY, true);
  }

  #onTrailers(id: number, stream: Stream | undefined, block: Buffer, last: boolean): void {
    const check = this.#heads.trailers(block);
    if (stream === undefined) {
      if (this.#streams.isForgiven(id)) return;
      throw this.#streams.closedError(id);
    }
    if (stream.ended) throw new StreamError(ErrorCode.STREAM_CLOSED, 'headers after the end of a request');
    if (!last) throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'trailers that do not end the request');
    check();
    this.#deliver(stream, EMPTY, true);
  }

  onData(id: number, piece: Buffer, counted: number, last: boolean): boolean {
    this.#control.checkSettled();
    if (id === 0 || id > this.#streams.last)
      throw protocolError(`data on stream ${id}, which was not opened`);
    if (counted === 0 && !last) this.#control.budget.spend();
    this.#receiveWindow -= counted;
    if (this.#receiveWindow < 0)
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more data than allowed');
    if (this.#receiveWindow < CONNECTION_WINDOW / 2) {
      this.#sender.windowUpdate(0, CONNECTION_WINDOW - this.#receiveWindow);
      this.#receiveWindow = CONNECTION_WINDOW;
    }
    const stream = this.#streams.get(id);
    try {
      if (stream === undefined || stream.ended) {
        if (this.#streams.isForgiven(id)) return false;
        throw new StreamError(ErrorCode.STREAM_CLOSED, 'data after the end of a request');
      }
      stream.receiveWindow -= counted;
      if (stream.receiveWindow < 0)
        throw new StreamError(ErrorCode.FLOW_CONTROL_ERROR, 'more data than allowed');
      if (stream.receiveWindow < STREAM_WINDOW / 2 && !last) {
        this.#sender.windowUpdate(id, STREAM_WINDOW - stream.receiveWindow);
        stream.receiveWindow = STREAM_WINDOW;
      }
      return this.#deliver(stream, piece, last);
    } catch (error) {
      this.#onStreamError(id, error);
      return true;
    }
  }

  /** @returns whether the piece is kept @throws StreamError */
  #deliver(stream: Stream, piece: Buffer, last: boolean): boolean {
    stream.count(piece.length, last);
    if (last) {
      stream.ended = true;
      stream.movedAt = this.#now;
    }
    return stream.receiver?.data(piece, last) ?? false;
  }

  onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    this.#control.read(type, flags, id, payload);
  }

  #onReset(id: number): void {
    // The work of a request that is then not wanted is what CVE-2023-44487 is after.
    this.#resets.spend();
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#drop(stream);
  }

  /** Resets the stream, where it is one's fault; anything else is the connection's, or this program's. */
  #onStreamError(id: number, error: unknown): void {
    if (!(error instanceof StreamError)) throw error;
    this.#resets.spend(); // the peer may have this side do the resetting
    const stream = this.#streams.get(id);
    this.#sender.reset(id, error.code);
    this.#streams.forgive(id);
    if (stream !== undefined) this.#drop(stream);
  }

  /** The whole answer is out. */
  answered(stream: Stream): void {
    if (!stream.ended) {
      this.#sender.reset(stream.id, ErrorCode.NO_ERROR);
      this.#streams.forgive(stream.id);
    }
    this.#control.budget.earn(2);
    this.#close(stream);
  }

  /** Ends a stream without an answer. */
  #drop(stream: Stream): void {
    this.#close(stream);
    stream.receiver?.closed();
  }

  #close(stream: Stream): void {
    stream.closed = true;
    this.#streams.delete(stream.id);
    this.#sender.forget(stream);
    if (this.#streams.size === 0) this.#emptied();
  }
}

const EMPTY = Buffer.alloc(0);
const TOO_LARGE = [':status', '431'];
