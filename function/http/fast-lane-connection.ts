import type { Socket } from 'node:net';
import type { Room } from '../room.ts';
import { type HttpError, noRoom, tooSlow } from './errors.ts';
import { type PlainHead, readPlainHead } from './fast-lane-head.ts';
import { LaneRequest } from './fast-lane-request.ts';
import { LargeBody, type SocketReader } from './large-body.ts';
import { after, type HttpRequest, type HttpResponse } from './message.ts';
import { handleOf, type SocketHandle } from './socket-handle.ts';

/** Limits; sizes in bytes, times in ms. */
export interface LaneLimits {
  readonly bodyLimitBytes: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

/** Larger requests come in many pieces: they are read off the event loop, or else by node:http. */
const MAX_REQUEST_BYTES = 1 << 16;

/** What a connection may hold of a request that has not come whole; node:http counts what it holds. */
const MAX_WAITING_BYTES = 4096;

/** After an answer to a large request the next one is expected to be like it for so long, in ms. */
const EXPECTED_MS = 1000;

/** What a client still sends after its last answer is read and dropped for so long. */
const LINGER_MS = 1000;

/** What a connection asks of its lane. */
export interface Lane {
  /** What reads large bodies; undefined while there is nothing that does. */
  reader(): SocketReader | undefined;
  answer(request: HttpRequest): HttpResponse | Promise<HttpResponse>;
  /** @param isLast whether the client wants no other @returns whether the connection goes on */
  write(response: HttpResponse, isLast: boolean): boolean;
  /** What is answered with an error that was found before the app was asked. */
  refusal(request: HttpRequest, error: HttpError): HttpResponse;
  /** The last answer of a connection. */
  refuse(error: HttpError): void;
  /** How long nothing was read lately, in ms. */
  stalled(): number;
  leave(): void;
  /** To what is to read the connection from here on, now or once it can. @param first what it will read first */
  handOver(first: Buffer): void | Promise<void>;
}

/** A connection on the fast lane, until it is handed over or ends. */
export class LaneConnection {
  readonly #socket: Socket;
  readonly #limits: LaneLimits;
  readonly #room: Room;
  readonly #lane: Lane;
  /** The head of the request before, which a client mostly sends again as it was. */
  #head: PlainHead | undefined;
  /** Bytes of a request that has not come whole, or that came while another was being answered. */
  #waiting: Buffer | undefined;
  /** Bytes of the request that is being answered. */
  #held = 0;
  /** The body that is being read off the event loop, or was and is being answered. */
  #large: LargeBody | undefined;
  #handle: SocketHandle | undefined;
  #busy = false;
  /** The client's side, and this one. */
  #ended = false;
  #over = false;
  #lingers: NodeJS.Timeout | undefined;
  #grantedMore = false;
  #timeoutMs = 0;

  constructor(socket: Socket, limits: LaneLimits, room: Room, lane: Lane) {
    this.#socket = socket;
    this.#limits = limits;
    this.#room = room;
    this.#lane = lane;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('timeout', this.#onTimeout);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    this.#setTimeout(limits.keepAliveTimeoutMs);
  }

  closeIfIdle(): void {
    this.#large?.expectNoMore();
    if (!this.#busy && this.#waiting === undefined) this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#over) {
      this.#lingers ??= setTimeout(() => this.#socket.destroy(), LINGER_MS);
      return;
    }
    const waiting = this.#waiting;
    const bytes = waiting === undefined ? chunk : Buffer.concat([waiting, chunk]);
    if (this.#busy) {
      // Pipelined: answered in order, by node:http, when this answer is out.
      this.#socket.pause();
      this.#waiting = bytes;
      return;
    }
    const head = this.#readHead(bytes);
    const size = head === undefined ? 0 : head.bytes + head.contentLength;
    if (head !== undefined && bytes.length === size) {
      this.#waiting = undefined;
      this.#answer(head, bytes.subarray(head.bytes));
    } else if (head !== undefined && size > MAX_REQUEST_BYTES && bytes.length < size) {
      this.#receive(head, bytes);
    } else if (bytes.length < size && waiting === undefined && bytes.length <= MAX_WAITING_BYTES) {
      // Many clients send head and body apart: one more piece is waited for.
      this.#waiting = bytes;
      this.#setTimeout(this.#limits.requestTimeoutMs);
    } else {
      this.#handOver(bytes);
    }
  };

  #readHead(bytes: Buffer): PlainHead | undefined {
    const known = this.#head;
    if (known?.startsTheSame(bytes)) return known;
    const head = readPlainHead(bytes);
    const { bodyLimitBytes } = this.#limits;
    const limit =
      this.#lane.reader() === undefined ? Math.min(bodyLimitBytes, MAX_REQUEST_BYTES) : bodyLimitBytes;
    this.#head = head !== undefined && head.contentLength <= limit ? head : undefined;
    return this.#head;
  }

  /** Reads a large body off the event loop. What goes wrong with it, node:http judges. */
  #receive(head: PlainHead, bytes: Buffer): void {
    const body = this.#largeBody(head);
    if (body === undefined) {
      this.#handOver(bytes);
      return;
    }
    this.#busy = true;
    this.#waiting = undefined;
    this.#setTimeout(this.#limits.requestTimeoutMs);
    this.#large = body;
    body.read(bytes, (outcome) => {
      if (outcome === 'whole') {
        this.#setTimeout(this.#limits.keepAliveTimeoutMs);
        this.#answerLarge(head, body);
        return;
      }
      this.#large = undefined;
      body.giveBack();
      this.#handOver(body.request);
    });
  }

  #largeBody({ raw, contentLength }: PlainHead): LargeBody | undefined {
    this.#handle ??= handleOf(this.#socket);
    const reader = this.#lane.reader();
    if (this.#handle === undefined || reader === undefined) return undefined;
    return new LargeBody(reader, this.#handle, this.#room, raw, contentLength);
  }

  /**
   * Expects another request like the large one that was just answered: read off the event loop with its head, it wakes it once.
   *
   * @returns false where the next request is to be read as any other
   */
  #expectNext(): boolean {
    if (this.#ended || this.#waiting !== undefined || this.#socket.writableLength > 0) return false;
    const head = this.#head;
    const body = head && this.#largeBody(head);
    if (head === undefined || body === undefined) return false;
    const isExpected = body.expect((outcome) => {
      if (outcome === 'whole') {
        this.#busy = true;
        this.#answerLarge(head, body);
        return;
      }
      this.#large = undefined;
      this.#timeoutMs = 0; // it may have run out, and may be as long as the next
      this.#setTimeout(this.#limits.keepAliveTimeoutMs);
      const request = Buffer.from(body.request);
      body.free();
      if (request.length > 0) this.#onData(request);
    });
    if (!isExpected) return false;
    this.#large = body;
    this.#setTimeout(Math.min(EXPECTED_MS, this.#limits.keepAliveTimeoutMs));
    return true;
  }

  #answerLarge(head: PlainHead, body: LargeBody): void {
    const request = new LaneRequest(head, body.bytes, this.#socket, () => body.free());
    after(this.#lane.answer(request), this.#send);
  }

  #answer(head: PlainHead, body: Buffer): void {
    this.#busy = true;
    this.#setTimeout(this.#limits.keepAliveTimeoutMs);
    const request = new LaneRequest(head, body, this.#socket);
    if (!this.#room.take(body.length, 0)) {
      this.#send(this.#lane.refusal(request, noRoom()));
      return;
    }
    this.#held = body.length;
    after(this.#lane.answer(request), this.#send);
  }

  readonly #send = (response: HttpResponse): void => {
    this.#busy = false;
    this.#room.give(this.#held);
    this.#held = 0;
    const large = this.#large;
    this.#large = undefined;
    large?.answered();
    if (this.#socket.destroyed) return;
    const goesOn = this.#lane.write(response, this.#head?.isLast === true);
    // What the kernel did not take waits for the client to read: not for ever, if it reads nothing more.
    if (this.#socket.writableLength > 0) this.#setTimeout(this.#limits.requestTimeoutMs);
    if (large !== undefined && !(goesOn && this.#expectNext())) this.#handle?.startReading();
    if (!goesOn || this.#ended) this.#end();
    else if (this.#waiting !== undefined) this.#handOver(this.#waiting);
  };

  /** The client may have sent more, of which it wants no answer: closed with that unread, the connection would lose the last one. */
  #end(): void {
    this.#over = true;
    if (this.#socket.writableLength === 0) this.#setTimeout(LINGER_MS);
    this.#socket.end();
    this.#socket.resume();
  }

  /** From here on the connection is another's, which reads `bytes` first. */
  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('timeout', this.#onTimeout);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.setTimeout(0);
    this.#lane.leave();
    socket.pause();
    socket.unshift(bytes);
    after(this.#lane.handOver(bytes), () => socket.resume());
  }

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (!this.#busy) this.#socket.end();
  };

  readonly #onTimeout = (): void => {
    if (this.#large?.isExpected === true) {
      this.#large.expectNoMore();
      return;
    }
    const isReading = this.#large?.isUnderWay === true;
    if (this.#busy && !isReading && this.#socket.writableLength === 0) return;
    const stalled = this.#lane.stalled();
    if (stalled > 0 && !this.#grantedMore) {
      this.#grantedMore = true; // once: what it sent meanwhile is read by then
      this.#setTimeout(stalled);
      return;
    }
    if (this.#waiting !== undefined || isReading) this.#lane.refuse(tooSlow());
    this.#socket.destroySoon();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    const large = this.#large;
    const isUnderWay = large?.isUnderWay === true;
    large?.cancel();
    if (isUnderWay) {
      large?.free();
      this.#large = undefined;
    }
    clearTimeout(this.#lingers);
    this.#lane.leave();
  };

  #setTimeout(milliseconds: number): void {
    if (milliseconds === this.#timeoutMs) return;
    this.#timeoutMs = milliseconds;
    this.#socket.setTimeout(milliseconds);
  }
}
