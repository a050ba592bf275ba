import type { Socket } from 'node:net';
import { type Fields, HpackEncoder } from './hpack-encoder.ts';
import { Output } from './output.ts';
import {
  ConnectionError,
  DEFAULT_FRAME_SIZE,
  DEFAULT_WINDOW,
  ErrorCode,
  Flag,
  Frame,
  MAX_FRAME_SIZE,
  MAX_WINDOW,
  protocolError,
  Setting,
  StreamError,
} from './protocol.ts';
import type { Carrier, Stream } from './stream.ts';

/** The sending side of a connection: frames, and what the peer's windows and settings allow of them. */
export class Sender implements Carrier {
  readonly #output: Output;
  readonly #encoder = new HpackEncoder();
  readonly #answered: (stream: Stream) => void;
  /** Streams with something that waits for room. */
  readonly #waiting = new Set<Stream>();
  #window = DEFAULT_WINDOW;
  #frameSize = DEFAULT_FRAME_SIZE;
  #held = false;
  #scheduled = false;
  /** Of the peer's settings: the room that a new stream begins with. */
  initialWindow = DEFAULT_WINDOW;

  /** @param answered called when the last of a stream's answer is out */
  constructor(socket: Socket, answered: (stream: Stream) => void) {
    this.#output = new Output(socket);
    this.#answered = answered;
  }

  /** From here to flush() all is gathered; otherwise it goes out when all that is ready by then has been sent. */
  holdBack(): void {
    this.#held = true;
  }

  readonly flush = (): void => {
    this.#held = false;
    this.#scheduled = false;
    this.#output.flush();
  };

  #schedule(): void {
    if (this.#held || this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.flush);
  }

  sendHeaders(stream: Stream, repeated: Fields, others: Fields | undefined, last: boolean): void {
    if (stream.waiting !== undefined) stream.waiting.push({ repeated, others, last });
    else this.#writeHeaders(stream, repeated, others, last);
    this.#schedule();
  }

  #writeHeaders(stream: Stream, repeated: Fields, others: Fields | undefined, last: boolean): void {
    const block = this.#encoder.encode(repeated, others);
    const end = last ? Flag.END_STREAM : 0;
    const first = Math.min(block.length, this.#frameSize);
    this.#output.frame(
      first,
      Frame.HEADERS,
      first === block.length ? end | Flag.END_HEADERS : end,
      stream.id,
    );
    this.#output.write(first === block.length ? block : block.subarray(0, first));
    for (let at = first; at < block.length; at += this.#frameSize) {
      const part = block.subarray(at, at + this.#frameSize);
      const flags = at + part.length === block.length ? Flag.END_HEADERS : 0;
      this.#output.frame(part.length, Frame.CONTINUATION, flags, stream.id);
      this.#output.write(part);
    }
    if (last) this.#answered(stream);
  }

  sendData(stream: Stream, first: Buffer, second: Buffer | undefined, last: boolean): void {
    const length = first.length + (second === undefined ? 0 : second.length);
    if (stream.waiting === undefined && length <= this.#roomOf(stream)) {
      this.#writeData(stream, length, first, second, last);
    } else {
      stream.waiting ??= [];
      if (second === undefined) stream.waiting.push({ bytes: first, last });
      else stream.waiting.push({ bytes: first, last: false }, { bytes: second, last });
      this.#waiting.add(stream);
      this.#sendWaiting(stream);
    }
    this.#schedule();
  }

  #roomOf(stream: Stream): number {
    return Math.min(stream.sendWindow, this.#window, this.#frameSize);
  }

  #writeData(stream: Stream, length: number, first: Buffer, second: Buffer | undefined, last: boolean): void {
    stream.sendWindow -= length;
    this.#window -= length;
    this.#output.frame(length, Frame.DATA, last ? Flag.END_STREAM : 0, stream.id);
    this.#output.write(first);
    if (second !== undefined) this.#output.write(second);
    if (last) this.#answered(stream);
  }

  #sendWaiting(stream: Stream): void {
    const waiting = stream.waiting ?? [];
    let sent = 0;
    for (const piece of waiting) {
      if ('repeated' in piece) {
        this.#writeHeaders(stream, piece.repeated, piece.others, piece.last);
      } else {
        let { bytes } = piece;
        do {
          const room = this.#roomOf(stream);
          if (bytes.length > 0 && room <= 0) {
            stream.waiting = [{ bytes, last: piece.last }, ...waiting.slice(sent + 1)];
            return;
          }
          const part = bytes.subarray(0, room);
          bytes = bytes.subarray(part.length);
          this.#writeData(stream, part.length, part, undefined, piece.last && bytes.length === 0);
          stream.moved = true;
        } while (bytes.length > 0);
      }
      sent++;
    }
    stream.waiting = undefined;
    this.#waiting.delete(stream);
  }

  /** The stream is no more. */
  forget(stream: Stream): void {
    stream.waiting = undefined;
    this.#waiting.delete(stream);
  }

  reset(id: number, code: number): void {
    this.#output.frame(4, Frame.RST_STREAM, 0, id);
    this.#output.uint32(code);
    this.#schedule();
  }

  /** @throws StreamError FLOW_CONTROL_ERROR */
  widen(stream: Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.sendWindow > MAX_WINDOW)
      throw new StreamError(ErrorCode.FLOW_CONTROL_ERROR, `a window of more than ${MAX_WINDOW} bytes`);
    if (stream.waiting !== undefined) this.#sendWaiting(stream);
  }

  /** @throws ConnectionError FLOW_CONTROL_ERROR */
  widenAll(bytes: number): void {
    this.#window += bytes;
    if (this.#window > MAX_WINDOW)
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, `a window of more than ${MAX_WINDOW} bytes`);
    for (const stream of this.#waiting) {
      if (this.#window <= 0) return;
      this.#sendWaiting(stream);
    }
  }

  /**
   * Takes up a setting of the peer's.
   *
   * @param streams all that are open
   * @throws ConnectionError where the value is not allowed
   */
  apply(setting: number, value: number, streams: Iterable<Stream>): void {
    switch (setting) {
      case Setting.HEADER_TABLE_SIZE:
        this.#encoder.limitTable(value);
        return;
      case Setting.ENABLE_PUSH:
        if (value > 1) throw protocolError('SETTINGS_ENABLE_PUSH is 0 or 1');
        return;
      case Setting.INITIAL_WINDOW_SIZE:
        this.#moveWindows(value, streams);
        return;
      case Setting.MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_SIZE || value > MAX_FRAME_SIZE)
          throw protocolError(`SETTINGS_MAX_FRAME_SIZE is from ${DEFAULT_FRAME_SIZE} to ${MAX_FRAME_SIZE}`);
        this.#frameSize = value;
    }
  }

  #moveWindows(value: number, streams: Iterable<Stream>): void {
    const more = value - this.initialWindow;
    if (value > MAX_WINDOW)
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, `a window of more than ${MAX_WINDOW} bytes`);
    this.initialWindow = value;
    for (const stream of streams) {
      try {
        this.widen(stream, more);
      } catch (error) {
        if (error instanceof StreamError) throw new ConnectionError(error.code, error.message);
        throw error;
      }
    }
  }

  settings(settings: readonly (readonly [setting: number, value: number])[]): void {
    this.#output.frame(6 * settings.length, Frame.SETTINGS, 0, 0);
    for (const [setting, value] of settings) {
      this.#output.uint16(setting);
      this.#output.uint32(value);
    }
  }

  acknowledgeSettings(): void {
    this.#output.frame(0, Frame.SETTINGS, Flag.ACK, 0);
  }

  /** @param stream 0 for the whole connection */
  windowUpdate(stream: number, bytes: number): void {
    this.#output.frame(4, Frame.WINDOW_UPDATE, 0, stream);
    this.#output.uint32(bytes);
  }

  ping(): void {
    this.#output.frame(8, Frame.PING, 0, 0);
    this.#output.write(NO_MARK);
  }

  pong(payload: Buffer): void {
    this.#output.frame(payload.length, Frame.PING, Flag.ACK, 0);
    this.#output.write(payload);
  }

  goAway(lastStream: number, code: number, message: string): void {
    const debug = Buffer.from(message);
    this.#output.frame(8 + debug.length, Frame.GOAWAY, 0, 0);
    this.#output.uint32(lastStream);
    this.#output.uint32(code);
    this.#output.write(debug);
  }
}

const NO_MARK = Buffer.alloc(8);
