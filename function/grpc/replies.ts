import { type Code, RequestError } from '../errors.ts';
import type { Fields } from '../http2/hpack-encoder.ts';
import type { Stream } from '../http2/stream.ts';
import type { Room } from '../room.ts';
import type { Trace, Tracer } from '../telemetry/tracing.ts';
import type { Call, CallRecord } from './call.ts';
import type { CallHead } from './call-head.ts';
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
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
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

  /** @param startedMs on performance.now()'s clock @returns undefined where the call is not to be traced */
  begin({ headers }: CallHead, startedMs: number): Trace | undefined {
    return this.#options.tracer?.begin((name) => headers.get(name), startedMs);
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
    if (call.trace !== undefined) endTrace(call.trace, call.method, code);
    if (record !== undefined) record({ call, code, milliseconds: performance.now() - startedMs });
  }
}

/** Names as OpenTelemetry's conventions for gRPC have them. */
function endTrace(trace: Trace, path: string, code: Code | 'OK'): void {
  const [, service = '', method = ''] = path.split('/', 3).map((part) => part.slice(0, 100));
  const attributes = {
    'rpc.system': 'grpc',
    'rpc.service': service,
    'rpc.method': method,
    'rpc.grpc.status_code': code === 'OK' ? 0 : NUMBER_OF[code],
  };
  trace.end(`${service}/${method}`, attributes, SERVER_FAULTS.has(code));
}

/** Codes by which OpenTelemetry's conventions say that a server failed. */
const SERVER_FAULTS: ReadonlySet<Code | 'OK'> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

const SUCCESS: Fields = ['grpc-status', '0'];
const NOTHING: Fields = [];
const FAULT = new RequestError('INTERNAL', 'a fault of this server; its log says more');
