import type { Socket } from 'node:net';
import { FrameReader } from './frame-reader.ts';
import { Liveness } from './liveness.ts';
import { ConnectionError, ErrorCode, MAX_WINDOW, protocolError, Setting } from './protocol.ts';
import { CONNECTION_WINDOW, HEADER_LIST_BYTES, Requests, type Service, STREAM_WINDOW } from './requests.ts';
import { Sender } from './sender.ts';

/** Limits on a connection; times in ms. */
export interface ConnectionLimits {
  /** Requests under way at once. */
  readonly maxStreams: number;
  /** For the preface, and for each header block. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

/** A peer that does not read what it is sent gets nothing more read from it. */
const MAX_UNSENT_BYTES = 1 << 20;

/** How long what a peer still sends is read and dropped: a close at once could overtake what it was sent. */
const LINGER_MS = 1000;

/** One connection of HTTP/2, of the server's side (RFC 9113), without push and priorities. */
export class Connection<H> {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #reader: FrameReader;
  readonly #sender: Sender;
  readonly #requests: Requests<H>;
  readonly #liveness: Liveness;
  /** When reading ended; what is still to be sent may take longer. */
  #closedAt: number | undefined;
  #error: ConnectionError | undefined;
  /** Of the clock that sweeps. */
  #now: number;
  #chunks = 0;
  #timeoutMs = 0;

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
    this.#limits = limits;
    this.#now = now;
    this.#liveness = new Liveness(limits, now);
    this.#sender = new Sender(socket, (stream) => this.#requests.answered(stream));
    this.#requests = new Requests(service, this.#sender, limits.maxStreams, now, () => this.#endIfDone());
    this.#reader = new FrameReader(this.#requests, HEADER_LIST_BYTES);
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
    return this.#requests.size;
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
    if (this.#closedAt !== undefined || this.#requests.refusing) return;
    this.#requests.refusing = true;
    this.#sender.goAway(this.#requests.last, ErrorCode.NO_ERROR, '');
    this.#requests.leave();
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
    this.#now = now;
    this.#sweepConnection(now);
    this.#requests.sweep(now, this.#limits.requestTimeoutMs);
    this.#sender.flush();
  }

  #sweepConnection(now: number): void {
    // What the kernel does not take waits for the peer to read: not for ever, if it reads nothing more.
    this.#setTimeout(this.#socket.writableLength > 0 ? this.#limits.requestTimeoutMs : 0);
    const { frames, midway } = this.#reader;
    const seen = {
      chunks: this.#chunks,
      frames,
      midway: midway || !this.#requests.settled,
      streams: this.#requests.size,
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

  #endIfDone(): void {
    if (this.#requests.refusing && this.#requests.size === 0) this.#end();
  }

  #fail(error: ConnectionError): void {
    if (this.#closedAt !== undefined) return;
    this.#error = error;
    this.#sender.goAway(this.#requests.last, error.code, error.message);
    this.#end();
  }

  /** Nothing more is read; what there is still goes out. */
  #end(): void {
    if (this.#closedAt !== undefined) return;
    this.#closedAt = this.#now;
    this.#requests.drop();
    this.#sender.flush();
    this.#setTimeout(this.#limits.requestTimeoutMs);
    this.#socket.end();
  }

  /** Set again, it would begin again. */
  #setTimeout(milliseconds: number): void {
    if (milliseconds === this.#timeoutMs) return;
    this.#timeoutMs = milliseconds;
    this.#socket.setTimeout(milliseconds);
  }
}
