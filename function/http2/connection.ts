import type { Socket } from 'node:net';
import { Budget } from './budget.ts';
import { ControlFrames } from './control-frames.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { HeadReader } from './head-reader.ts';
import { Liveness } from './liveness.ts';
import { ConnectionError, ErrorCode, MAX_WINDOW, protocolError, Setting, StreamError } from './protocol.ts';
import type { RequestHead } from './request-head.ts';
import { Sender } from './sender.ts';
import { type Receiver, Stream } from './stream.ts';
import { Streams } from './streams.ts';

/** Limits on a connection; times in ms. */
export interface ConnectionLimits {
  /** Requests under way at once. */
  readonly maxStreams: number;
  /** For the preface, and for each header block. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

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
const HEADER_LIST_BYTES = 16_384;

/** How much of bodies a peer may have under way. What is read makes room at once: the receivers have limits. */
const STREAM_WINDOW = 4 << 20;
const CONNECTION_WINDOW = 16 << 20;

/** A peer that does not read what it is sent gets nothing more read from it. */
const MAX_UNSENT_BYTES = 1 << 20;

/** How long what a peer still sends is read and dropped: a close at once could overtake what it was sent. */
const LINGER_MS = 1000;

/** One connection of HTTP/2, of the server's side (RFC 9113), without push and priorities. */
export class Connection<H> implements FrameSink {
  readonly #socket: Socket;
  readonly #service: Service<H>;
  readonly #limits: ConnectionLimits;
  readonly #reader: FrameReader;
  readonly #heads: HeadReader<H>;
  readonly #sender: Sender;
  readonly #streams = new Streams();
  readonly #liveness: Liveness;
  readonly #resets = new Budget('resets of streams', 1000, 33);
  readonly #control: ControlFrames;
  #receiveWindow = CONNECTION_WINDOW;
  #refusing = false;
  /** When reading ended; what is still to be sent may take longer. */
  #closedAt: number | undefined;
  #error: ConnectionError | undefined;
  /** Of the clock that sweeps. */
  #now: number;
  #chunks = 0;

  /**
   * @param now of a clock in ms that sweep() goes on with
   * @param left called once, when the connection is no more, with what the peer did wrong if it was ended for that
   */
  constructor(
    socket: Socket,
    service: Service<H>,
    limits: ConnectionLimits,
    now: number,
    left: (error: ConnectionError | undefined) => void,
  ) {
    this.#socket = socket;
    this.#service = service;
    this.#limits = limits;
    this.#now = now;
    this.#liveness = new Liveness(limits, now);
    this.#heads = new HeadReader(HEADER_LIST_BYTES, (head) => service.head(head));
    this.#reader = new FrameReader(this, HEADER_LIST_BYTES);
    this.#sender = new Sender(socket, (stream) => this.#onAnswered(stream));
    this.#control = new ControlFrames(this.#sender, this.#streams, {
      reset: (id) => this.#onReset(id),
      fault: (id, error) => this.#onStreamError(id, error),
    });
    this.#sender.settings([
      [Setting.MAX_CONCURRENT_STREAMS, limits.maxStreams],
      [Setting.INITIAL_WINDOW_SIZE, STREAM_WINDOW],
      [Setting.MAX_HEADER_LIST_SIZE, HEADER_LIST_BYTES],
    ]);
    this.#sender.windowUpdate(0, CONNECTION_WINDOW - 65_535);
    this.#sender.flush();
    socket.on('data', this.#onChunk);
    socket.on('drain', () => socket.resume());
    socket.on('error', () => socket.destroy());
    socket.on('timeout', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#end();
      left(this.#error);
    });
  }

  get inFlight(): number {
    return this.#streams.size;
  }

  readonly #onChunk = (chunk: Buffer): void => {
    if (this.#closedAt !== undefined) return;
    this.#chunks++;
    this.#sender.holdBack();
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#fail(error);
    }
    this.#sender.flush();
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#socket.pause();
  };

  /** Says that no new requests are wanted; those that are on their way, and those under way, are still answered. */
  announceEnd(): void {
    if (this.#closedAt !== undefined) return;
    this.#sender.goAway(MAX_WINDOW, ErrorCode.NO_ERROR, '');
    this.#sender.flush();
  }

  /** Refuses new requests, and closes when those under way are answered. */
  finish(): void {
    if (this.#closedAt !== undefined || this.#refusing) return;
    this.#refusing = true;
    this.#sender.goAway(this.#streams.last, ErrorCode.NO_ERROR, '');
    for (const { receiver } of this.#streams.all()) receiver?.leave?.();
    this.#sender.flush();
    this.#endIfDone();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** To be called now and then: ends what has taken too long. @param now of the constructor's clock */
  sweep(now: number): void {
    if (this.#closedAt !== undefined) {
      if (now - this.#closedAt > LINGER_MS && this.#socket.writableLength === 0) this.#socket.destroy();
      return;
    }
    this.#resets.passed(now - this.#now);
    this.#control.budget.passed(now - this.#now);
    this.#now = now;
    this.#sweepConnection(now);
    for (const stream of this.#streams.all()) this.#sweepStream(stream, now);
    this.#sender.flush();
  }

  #sweepConnection(now: number): void {
    // What the kernel does not take waits for the peer to read: not for ever, if it reads nothing more.
    this.#socket.setTimeout(this.#socket.writableLength > 0 ? this.#limits.requestTimeoutMs : 0);
    const { frames, midway } = this.#reader;
    const seen = {
      chunks: this.#chunks,
      frames,
      midway: midway || !this.#control.settled,
      streams: this.#streams.size,
    };
    switch (this.#liveness.look(now, seen)) {
      case 'slow':
        this.#fail(protocolError('a frame did not come in time'));
        break;
      case 'idle':
        this.finish();
        break;
      case 'silent':
        this.#sender.ping();
        break;
      case 'dead':
        this.#socket.destroy();
        break;
    }
  }

  #sweepStream(stream: Stream, now: number): void {
    if (stream.moved) {
      stream.moved = false;
      stream.movedAt = now;
    }
    const peersTurn = stream.waiting !== undefined || !(stream.ended || stream.patient);
    if (peersTurn && now - stream.movedAt > this.#limits.requestTimeoutMs) {
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
    if (this.#refusing || this.#streams.size >= this.#limits.maxStreams)
      throw new StreamError(ErrorCode.REFUSED_STREAM, 'too many streams, or the connection is about to end');
    const stream = new Stream(id, this.#sender, this.#sender.initialWindow, STREAM_WINDOW, this.#now);
    this.#streams.add(stream);
    if (read === undefined) {
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

  onData(id: number, piece: Buffer, counted: number, last: boolean): void {
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
        if (this.#streams.isForgiven(id)) return;
        throw new StreamError(ErrorCode.STREAM_CLOSED, 'data after the end of a request');
      }
      stream.receiveWindow -= counted;
      if (stream.receiveWindow < 0)
        throw new StreamError(ErrorCode.FLOW_CONTROL_ERROR, 'more data than allowed');
      if (stream.receiveWindow < STREAM_WINDOW / 2 && !last) {
        this.#sender.windowUpdate(id, STREAM_WINDOW - stream.receiveWindow);
        stream.receiveWindow = STREAM_WINDOW;
      }
      this.#deliver(stream, piece, last);
    } catch (error) {
      this.#onStreamError(id, error);
    }
  }

  /** @throws StreamError */
  #deliver(stream: Stream, piece: Buffer, last: boolean): void {
    stream.count(piece.length, last);
    if (last) {
      stream.ended = true;
      stream.movedAt = this.#now;
    }
    stream.receiver?.data(piece, last);
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
  readonly #onAnswered = (stream: Stream): void => {
    if (!stream.ended) {
      this.#sender.reset(stream.id, ErrorCode.NO_ERROR);
      this.#streams.forgive(stream.id);
    }
    this.#control.budget.earn(2);
    this.#close(stream);
  };

  /** Ends a stream without an answer. */
  #drop(stream: Stream): void {
    this.#close(stream);
    stream.receiver?.closed();
  }

  #close(stream: Stream): void {
    stream.closed = true;
    this.#streams.delete(stream.id);
    this.#sender.forget(stream);
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#refusing && this.#streams.size === 0) this.#end();
  }

  #fail(error: ConnectionError): void {
    if (this.#closedAt !== undefined) return;
    this.#error = error;
    this.#sender.goAway(this.#streams.last, error.code, error.message);
    this.#end();
  }

  /** Nothing more is read; what there is still goes out. */
  #end(): void {
    if (this.#closedAt !== undefined) return;
    this.#closedAt = this.#now;
    for (const stream of this.#streams.all()) this.#drop(stream);
    this.#sender.flush();
    this.#socket.setTimeout(this.#limits.requestTimeoutMs);
    this.#socket.end();
  }
}

const EMPTY = Buffer.alloc(0);
const TOO_LARGE = [':status', '431'];
