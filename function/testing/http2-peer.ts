import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { HpackDecoder } from '../http2/hpack-decoder.ts';
import { HpackEncoder } from '../http2/hpack-encoder.ts';
import { Flag, FRAME_HEAD_BYTES, Frame, PREFACE } from '../http2/protocol.ts';

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The bytes of one frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32BE(value, 4 * i);
  });
  return bytes;
}

/** One setting of a SETTINGS frame. */
export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

/** A gRPC message with its prefix. */
export function message(content: string | Buffer, compressed = 0): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([compressed]), uint32(bytes.length), bytes]);
}

export const CALL = [
  ':method',
  'POST',
  ':scheme',
  'http',
  ':path',
  '/test.Echo/Say',
  ':authority',
  'test',
  'content-type',
  'application/grpc',
  'te',
  'trailers',
];

/** A connection on which a test writes the frames that no HTTP/2 client would. */
export class Http2Peer {
  readonly socket: Socket;
  /** Resolves when the connection has ended, by either side, cleanly or not. */
  readonly closed: Promise<void>;
  readonly #decoder = new HpackDecoder(1 << 20);
  readonly #encoder = new HpackEncoder();
  #bytes = Buffer.alloc(0);
  #open = true;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    socket.on('error', () => {}); // a reset is one of the ways to end
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#open = false;
        this.#wake();
        resolve();
      });
    });
  }

  /** @param settings payload of the SETTINGS frame that is sent; nothing: not even a preface */
  static async open(port: number, settings: Buffer | 'nothing' = Buffer.alloc(0)): Promise<Http2Peer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const peer = new Http2Peer(socket);
    if (settings !== 'nothing') peer.write(PREFACE, frame(Frame.SETTINGS, 0, 0, settings));
    return peer;
  }

  write(...frames: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** A HEADERS frame. */
  headers(stream: number, fields: readonly string[], flags: number = Flag.END_HEADERS): Buffer {
    return frame(Frame.HEADERS, flags, stream, this.#encoder.encode(fields, undefined));
  }

  /** A whole call of one message. */
  call(stream: number, content: string | Buffer, fields: readonly string[] = CALL): Buffer {
    const data = frame(Frame.DATA, Flag.END_STREAM, stream, message(content));
    return Buffer.concat([this.headers(stream, fields), data]);
  }

  /** The next frame; undefined where the connection ends before there is a whole one. */
  async next(): Promise<RawFrame | undefined> {
    for (;;) {
      const length = this.#bytes.length < FRAME_HEAD_BYTES ? Number.NaN : this.#bytes.readUIntBE(0, 3);
      const end = length + FRAME_HEAD_BYTES;
      if (this.#bytes.length >= end) {
        const [type = 0, flags = 0] = this.#bytes.subarray(3);
        const stream = this.#bytes.readUInt32BE(5);
        const payload = this.#bytes.subarray(FRAME_HEAD_BYTES, end);
        this.#bytes = this.#bytes.subarray(end);
        return { type, flags, stream, payload };
      }
      if (!this.#open) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next frame of a type. @throws where the connection ends before */
  async until(type: number): Promise<RawFrame> {
    for (let got = await this.next(); got !== undefined; got = await this.next()) {
      if (got.type === Frame.HEADERS && type !== Frame.HEADERS) this.fields(got);
      if (got.type === type) return got;
    }
    throw new Error(`the connection ended without a frame of type ${type}`);
  }

  /** What a HEADERS frame holds. Each one has to be read, in order: the table grows with them. */
  fields({ payload }: RawFrame): Record<string, string> {
    const list = this.#decoder.decode(payload) ?? [];
    const fields: Record<string, string> = {};
    for (let i = 0; i < list.length; i += 2) fields[list[i] ?? ''] = list[i + 1] ?? '';
    return fields;
  }

  /** The answer to a stream: all its fields, and its data. */
  async answer(stream: number): Promise<{ fields: Record<string, string>; data: Buffer }> {
    let fields: Record<string, string> = {};
    const data: Buffer[] = [];
    for (let got = await this.next(); got !== undefined; got = await this.next()) {
      const of = got.type === Frame.HEADERS ? this.fields(got) : {};
      if (got.stream !== stream) continue;
      if (got.type === Frame.RST_STREAM)
        return {
          fields: { ...fields, reset: String(got.payload.readUInt32BE(0)) },
          data: Buffer.concat(data),
        };
      if (got.type === Frame.HEADERS) fields = { ...fields, ...of };
      if (got.type === Frame.DATA) data.push(got.payload);
      if ((got.flags & Flag.END_STREAM) !== 0 && got.type <= Frame.HEADERS)
        return { fields, data: Buffer.concat(data) };
    }
    throw new Error('the connection ended without an answer');
  }

  /** The code of the GOAWAY that ends the connection. */
  async goneAway(): Promise<number> {
    const { payload } = await this.until(Frame.GOAWAY);
    await this.closed;
    return payload.readUInt32BE(4);
  }
}
