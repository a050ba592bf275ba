import { type Code, RequestError } from '../errors.ts';
import type { Fields } from '../http2/hpack-encoder.ts';
import type { Stream } from '../http2/stream.ts';
import type { Room } from '../room.ts';
import type { Call, CallRecord } from './call.ts';
import { PREFIX_BYTES } from './message-reader.ts';
import { encodeMessage, NUMBER_OF } from './status.ts';

export interface RepliesOptions {
  /** Largest message in bytes, also after gunzip. */
  readonly messageLimit: number;
  readonly room: Room;
  /** Names and values of metadata that every answer has. */
  readonly metadata: readonly string[];
  /** Told of every call that ends. */
  readonly record: ((record: CallRecord) => void) | undefined;
  /** Told of what a method threw that is no RequestError: a fault of this server. */
  readonly fault: (error: unknown) => void;
}

/** What all calls' answers share. The lists of fields stay the same objects, by which the encoder knows them again. */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #plainHead: Fields;
  readonly #gzipHead: Fields;

  constructor(options: RepliesOptions) {
    this.#options = options;
    const head = [':status', '200', 'content-type', 'application/grpc', ...options.metadata];
    this.#plainHead = head;
    this.#gzipHead = [...head, 'grpc-encoding', 'gzip'];
  }

  get messageLimit(): number {
    return this.#options.messageLimit;
  }

  get room(): Room {
    return this.#options.room;
  }

  head(stream: Stream, compressed: boolean): void {
    stream.headers(compressed ? this.#gzipHead : this.#plainHead, undefined, false);
  }

  message(stream: Stream, message: Buffer, compressed: boolean): void {
    const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
    prefix[0] = compressed ? 1 : 0;
    prefix.writeUInt32BE(message.length, 1);
    stream.data(prefix, message, false);
  }

  success(stream: Stream): void {
    stream.headers(SUCCESS, undefined, true);
  }

  /** @param begun whether the head of the answer is out @returns the code that was sent */
  failure(stream: Stream, error: unknown, begun: boolean): Code {
    if (!(error instanceof RequestError)) this.#options.fault(error);
    const { code, message } = error instanceof RequestError ? error : FAULT;
    const status = ['grpc-status', String(NUMBER_OF[code])];
    if (message !== '') status.push('grpc-message', encodeMessage(message));
    if (code === 'UNIMPLEMENTED') status.push('grpc-accept-encoding', 'identity,gzip');
    stream.headers(begun ? NOTHING : this.#plainHead, status, true);
    return code;
  }

  record(call: Call, code: Code | 'OK', startedMs: number): void {
    const { record } = this.#options;
    if (record !== undefined) record({ call, code, milliseconds: performance.now() - startedMs });
  }
}

const SUCCESS: Fields = ['grpc-status', '0'];
const NOTHING: Fields = [];
const FAULT = new RequestError('INTERNAL', 'a fault of this server; its log says more');
