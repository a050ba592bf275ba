import type { Socket } from 'node:net';
import { Budget } from './budget.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import {
  ConnectionError,
  ErrorCode,
  Flag,
  Frame,
  MAX_WINDOW,
  protocolError,
  Setting,
  StreamError,
} from './protocol.ts';
import { checkTrailers, type RequestHead, readRequestHead } from './request-head.ts';
import { Sender } from './sender.ts';
import { type Receiver, Stream } from './stream.ts';

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

/** How long a peer has to answer a ping. */
const PING_TIMEOUT_MS = 20_000;

/** How long what a peer still sends is read and dropped: a close at once could overtake what it was sent. */
const LINGER_MS = 1000;

/** Streams that were reset here, whose frames on their way are no fault of the peer's. */
const MAX_FORGIVEN = 256;

/** One connection of HTTP/2, of the server's side (RFC 9113), without push and priorities. */
export class Connection<H> implements FrameSink {
  readonly #socket: Socket;
  readonly #service: Service<H>;
  readonly #limits: ConnectionLimits;
  readonly #reader: FrameReader;
  readonly #decoder = new HpackDecoder(HEADER_LIST_BYTES);
  readonly #sender: Sender;
  readonly #streams = new Map<number, Stream>();
  readonly #forgiven = new Set<number>();
  readonly #resets = new Budget('resets of streams', 1000, 33);
  readonly #control = new Budget('frames that ask for nothing', 1000, 100);
  #lastStream = 0;
  /** Whether the peer has left out a stream's number, which then can no longer be told from one that was closed. */
  #skipped = false;
  #settled = false;
  #receiveWindow = CONNECTION_WINDOW;
  /** The header block before, which a client mostly sends again as it was, and what was made of it. */
  #block: Buffer = EMPTY;
  #blockChanges = -1;
  #head: H | undefined;
  #contentLength: number | undefined;
  #refusing = false;
  /** When reading ended; what is still to be sent may take longer. */
  #closedAt: number | undefined;
  #error: ConnectionError | undefined;
  /** Of the clock that sweeps. */
  #now: number;
  #chunks = 0;
  readonly #seen: { chunks: number; chunksAt: number; frames: number; framesAt: number };
  #pinged = false;

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
    this.#seen = { chunks: 0, chunksAt: now, frames: 0, framesAt: now };
    this.#reader = new FrameReader(this, HEADER_LIST_BYTES);
    this.#sender = new Sender(socket, (stream) => this.#onAnswered(stream));
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
    this.#sender.goAway(this.#lastStream, ErrorCode.NO_ERROR, '');
    for (const { receiver } of this.#streams.values()) receiver?.leave?.();
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
    this.#control.passed(now - this.#now);
    this.#now = now;
    this.#sweepConnection(now);
    for (const stream of this.#streams.values()) this.#sweepStream(stream, now);
    this.#sender.flush();
  }

  #sweepConnection(now: number): void {
    const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = this.#limits;
    const seen = this.#seen;
    if (seen.chunks !== this.#chunks) {
      seen.chunks = this.#chunks;
      seen.chunksAt = now;
      this.#pinged = false;
    }
    if (seen.frames !== this.#reader.frames || (this.#settled && !this.#reader.midway)) {
      seen.frames = this.#reader.frames;
      seen.framesAt = now;
    }
    // What the kernel does not take waits for the peer to read: not for ever, if it reads nothing more.
    this.#socket.setTimeout(this.#socket.writableLength > 0 ? requestTimeoutMs : 0);
    const silentMs = now - seen.chunksAt;
    if (now - seen.framesAt > headersTimeoutMs) this.#fail(protocolError('a frame did not come in time'));
    else if (this.#streams.size === 0) {
      if (silentMs > keepAliveTimeoutMs) this.finish();
    } else if (this.#pinged) {
      if (silentMs > keepAliveTimeoutMs + PING_TIMEOUT_MS) this.#socket.destroy();
    } else if (silentMs > keepAliveTimeoutMs) {
      this.#pinged = true;
      this.#sender.ping();
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
    check(this.#settled, SETTINGS_FIRST);
    if (id % 2 === 0) throw protocolError(`a client has no stream ${id}`);
    const stream = this.#streams.get(id);
    try {
      if (stream !== undefined || id <= this.#lastStream)
        this.#onTrailers(id, stream, block.subarray(from, to), last);
      else this.#onRequest(id, block, from, to, last);
      if (dependsOn === id)
        throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'a stream that depends on itself');
    } catch (error) {
      this.#onStreamError(id, error);
    }
  }

  #onRequest(id: number, bytes: Buffer, from: number, to: number, last: boolean): void {
    if (id !== this.#lastStream + 2 && this.#lastStream !== 0) this.#skipped = true;
    this.#lastStream = id;
    const head = this.#readHead(bytes, from, to);
    if (this.#refusing || this.#streams.size >= this.#limits.maxStreams)
      throw new StreamError(ErrorCode.REFUSED_STREAM, 'too many streams, or the connection is about to end');
    const stream = new Stream(id, this.#sender, this.#sender.initialWindow, STREAM_WINDOW, this.#now);
    this.#streams.set(id, stream);
    if (head === undefined) {
      stream.headers(TOO_LARGE, undefined, true);
      return;
    }
    stream.expected = this.#contentLength;
    stream.receiver = this.#service.open(head, stream);
    if (last) this.#deliver(stream, EMPTY, true);
  }

  /** @returns undefined where the fields are more than HEADER_LIST_BYTES. @throws StreamError */
  #readHead(bytes: Buffer, from: number, to: number): H | undefined {
    if (this.#blockChanges === this.#decoder.changes && isSame(this.#block, bytes, from, to))
      return this.#head;
    const block = bytes.subarray(from, to);
    const before = this.#decoder.changes;
    this.#blockChanges = -1;
    const fields = this.#decoder.decode(block);
    if (fields === undefined) return undefined;
    const head = readRequestHead(fields);
    this.#head = this.#service.head(head);
    this.#contentLength = head.contentLength;
    // One that changes the table says something else the next time.
    if (this.#decoder.changes === before) {
      this.#block = Buffer.from(block); // a copy: a small part would keep a large chunk
      this.#blockChanges = before;
    }
    return this.#head;
  }

  #onTrailers(id: number, stream: Stream | undefined, block: Buffer, last: boolean): void {
    const fields = this.#decoder.decode(block);
    if (stream === undefined) {
      if (this.#forgiven.has(id)) return;
      if (this.#skipped) throw protocolError(`stream ${id} after stream ${this.#lastStream}`);
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, `headers on stream ${id}, which is closed`);
    }
    if (stream.ended) throw new StreamError(ErrorCode.STREAM_CLOSED, 'headers after the end of a request');
    if (!last) throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'trailers that do not end the request');
    if (fields !== undefined) checkTrailers(fields);
    this.#deliver(stream, EMPTY, true);
  }

  onData(id: number, piece: Buffer, counted: number, last: boolean): void {
    check(this.#settled, SETTINGS_FIRST);
    if (id === 0 || id > this.#lastStream) throw protocolError(`data on stream ${id}, which was not opened`);
    if (counted === 0 && !last) this.#control.spend();
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
        if (this.#forgiven.has(id)) return;
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
    check(this.#settled || type === Frame.SETTINGS, SETTINGS_FIRST);
    switch (type) {
      case Frame.SETTINGS:
        this.#onSettings(id, (flags & Flag.ACK) !== 0, payload);
        return;
      case Frame.WINDOW_UPDATE:
        this.#onWindowUpdate(id, payload);
        return;
      case Frame.RST_STREAM:
        this.#onReset(id, payload);
        return;
      case Frame.PING:
        check(id === 0, 'PING of a stream');
        checkSize(payload.length === 8);
        if ((flags & Flag.ACK) !== 0) return;
        this.#control.spend();
        this.#sender.pong(payload);
        return;
      case Frame.PRIORITY:
        this.#onPriority(id, payload);
        return;
      case Frame.GOAWAY:
        check(id === 0, 'GOAWAY of a stream');
        checkSize(payload.length >= 8);
        this.#control.spend();
        return;
      case Frame.PUSH_PROMISE:
        throw protocolError('a client pushes nothing');
      default:
        this.#control.spend(); // of an extension, to be ignored
    }
  }

  #onSettings(id: number, ack: boolean, payload: Buffer): void {
    check(id === 0, 'SETTINGS of a stream');
    checkSize(ack ? payload.length === 0 : payload.length % 6 === 0);
    check(this.#settled || !ack, SETTINGS_FIRST);
    if (ack) return;
    this.#settled = true;
    this.#control.spend();
    this.#sender.acknowledgeSettings(); // before the data that they make room for
    for (let at = 0; at < payload.length; at += 6) {
      this.#sender.apply(payload.readUInt16BE(at), payload.readUInt32BE(at + 2), this.#streams.values());
    }
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    checkSize(payload.length === 4);
    const bytes = payload.readUInt32BE(0) & MAX_WINDOW;
    if (id === 0) {
      check(bytes > 0, 'WINDOW_UPDATE by nothing');
      this.#sender.widenAll(bytes);
      return;
    }
    check(id <= this.#lastStream, 'WINDOW_UPDATE of a stream that was not opened');
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#control.spend();
      return;
    }
    try {
      if (bytes === 0) throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE by nothing');
      this.#sender.widen(stream, bytes);
    } catch (error) {
      this.#onStreamError(id, error);
    }
  }

  #onReset(id: number, payload: Buffer): void {
    check(id !== 0 && id <= this.#lastStream, 'RST_STREAM of a stream that was not opened');
    checkSize(payload.length === 4);
    // The work of a request that is then not wanted is what CVE-2023-44487 is after.
    this.#resets.spend();
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#drop(stream);
  }

  #onPriority(id: number, payload: Buffer): void {
    check(id !== 0, 'PRIORITY of no stream');
    this.#control.spend();
    const itself = payload.length === 5 && (payload.readUInt32BE(0) & MAX_WINDOW) === id;
    if (payload.length === 5 && !itself) return;
    this.#onStreamError(
      id,
      new StreamError(
        itself ? ErrorCode.PROTOCOL_ERROR : ErrorCode.FRAME_SIZE_ERROR,
        'a PRIORITY that is none',
      ),
    );
  }

  /** Resets the stream, where it is one's fault; anything else is the connection's, or this program's. */
  #onStreamError(id: number, error: unknown): void {
    if (!(error instanceof StreamError)) throw error;
    this.#resets.spend(); // the peer may have this side do the resetting
    const stream = this.#streams.get(id);
    this.#sender.reset(id, error.code);
    this.#forgive(id);
    if (stream !== undefined) this.#drop(stream);
  }

  /** The whole answer is out. */
  readonly #onAnswered = (stream: Stream): void => {
    if (!stream.ended) {
      this.#sender.reset(stream.id, ErrorCode.NO_ERROR);
      this.#forgive(stream.id);
    }
    this.#control.earn(2);
    this.#close(stream);
  };

  #forgive(id: number): void {
    this.#forgiven.add(id);
    if (this.#forgiven.size <= MAX_FORGIVEN) return;
    for (const oldest of this.#forgiven) {
      this.#forgiven.delete(oldest);
      return;
    }
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
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#refusing && this.#streams.size === 0) this.#end();
  }

  #fail(error: ConnectionError): void {
    if (this.#closedAt !== undefined) return;
    this.#error = error;
    this.#sender.goAway(this.#lastStream, error.code, error.message);
    this.#end();
  }

  /** Nothing more is read; what there is still goes out. */
  #end(): void {
    if (this.#closedAt !== undefined) return;
    this.#closedAt = this.#now;
    for (const stream of this.#streams.values()) this.#drop(stream);
    this.#sender.flush();
    this.#socket.setTimeout(this.#limits.requestTimeoutMs);
    this.#socket.end();
  }
}

const EMPTY = Buffer.alloc(0);
const TOO_LARGE = [':status', '431'];
const SETTINGS_FIRST = 'SETTINGS come first';

function isSame(block: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (block.length !== to - from) return false;
  for (let i = 0; i < block.length; i++) if (block[i] !== bytes[from + i]) return false;
  return true;
}

function check(holds: boolean, message: string): void {
  if (!holds) throw protocolError(message);
}

function checkSize(holds: boolean): void {
  if (!holds) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'a frame of the wrong size');
}
