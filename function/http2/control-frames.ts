import { Budget } from './budget.ts';
import {
  ConnectionError,
  ErrorCode,
  Flag,
  Frame,
  MAX_WINDOW,
  protocolError,
  StreamError,
} from './protocol.ts';
import type { Sender } from './sender.ts';
import type { Streams } from './streams.ts';

/** No peer with a use for more room asks for so little of it. */
const SMALL_BYTES = 1024;

export interface ControlHooks {
  /** The peer resets a stream that it has opened, perhaps one that is closed already. */
  reset(id: number): void;
  /** Something is wrong with a stream, or, if it is no StreamError, with more. */
  fault(id: number, error: unknown): void;
}

/** Reads the frames that carry no part of a message. */
export class ControlFrames {
  readonly #sender: Sender;
  readonly #streams: Streams;
  readonly #hooks: ControlHooks;
  /** For frames that ask for nothing, or for an answer at once; answered requests earn more. */
  readonly budget = new Budget('frames that ask for nothing', 1000, 100);
  /** Whether the peer's first SETTINGS have come. */
  settled = false;

  constructor(sender: Sender, streams: Streams, hooks: ControlHooks) {
    this.#sender = sender;
    this.#streams = streams;
    this.#hooks = hooks;
  }

  /** @throws ConnectionError where the peer has begun with something else than SETTINGS */
  checkSettled(): void {
    check(this.settled, 'SETTINGS come first');
  }

  /** @throws ConnectionError */
  read(type: number, flags: number, id: number, payload: Buffer): void {
    if (type !== Frame.SETTINGS) this.checkSettled();
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
        this.budget.spend();
        this.#sender.pong(payload);
        return;
      case Frame.PRIORITY:
        this.#onPriority(id, payload);
        return;
      case Frame.GOAWAY:
        check(id === 0, 'GOAWAY of a stream');
        checkSize(payload.length >= 8);
        this.budget.spend();
        return;
      case Frame.PUSH_PROMISE:
        throw protocolError('a client pushes nothing');
      default:
        this.budget.spend(); // of an extension, to be ignored
    }
  }

  #onSettings(id: number, ack: boolean, payload: Buffer): void {
    check(id === 0, 'SETTINGS of a stream');
    checkSize(ack ? payload.length === 0 : payload.length % 6 === 0);
    check(this.settled || !ack, 'SETTINGS come first');
    if (ack) return;
    this.settled = true;
    this.budget.spend();
    this.#sender.acknowledgeSettings(); // before the data that they make room for
    for (let at = 0; at < payload.length; at += 6) {
      this.#sender.apply(payload.readUInt16BE(at), payload.readUInt32BE(at + 2), this.#streams.all());
    }
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    checkSize(payload.length === 4);
    const bytes = payload.readUInt32BE(0) & MAX_WINDOW;
    if (bytes < SMALL_BYTES) this.budget.spend(); // CVE-2019-9511 has answers dribble out so
    if (id === 0) {
      check(bytes > 0, 'WINDOW_UPDATE by nothing');
      this.#sender.widenAll(bytes);
      return;
    }
    check(id <= this.#streams.last, 'WINDOW_UPDATE of a stream that was not opened');
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (bytes >= SMALL_BYTES) this.budget.spend();
      return;
    }
    try {
      if (bytes === 0) throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE by nothing');
      this.#sender.widen(stream, bytes);
    } catch (error) {
      this.#hooks.fault(id, error);
    }
  }

  #onReset(id: number, payload: Buffer): void {
    check(id !== 0 && id <= this.#streams.last, 'RST_STREAM of a stream that was not opened');
    checkSize(payload.length === 4);
    this.#hooks.reset(id);
  }

  #onPriority(id: number, payload: Buffer): void {
    check(id !== 0, 'PRIORITY of no stream');
    this.budget.spend();
    const itself = payload.length === 5 && (payload.readUInt32BE(0) & MAX_WINDOW) === id;
    if (payload.length === 5 && !itself) return;
    this.#hooks.fault(
      id,
      new StreamError(
        itself ? ErrorCode.PROTOCOL_ERROR : ErrorCode.FRAME_SIZE_ERROR,
        'a PRIORITY that is none',
      ),
    );
  }
}

function check(holds: boolean, message: string): void {
  if (!holds) throw protocolError(message);
}

function checkSize(holds: boolean): void {
  if (!holds) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'a frame of the wrong size');
}
