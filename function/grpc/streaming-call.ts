import { RequestError } from '../errors.ts';
import type { Receiver, Stream } from '../http2/stream.ts';
import type { StreamCall, StreamHandler, StreamMethod } from './call.ts';
import type { CallHead } from './call-head.ts';
import { gunzipNow } from './compression.ts';
import { MessageReader } from './message-reader.ts';
import type { Replies } from './replies.ts';

/** A call of any number of requests and answers. */
export class StreamingCall implements StreamCall, Receiver {
  readonly #head: CallHead;
  readonly #stream: Stream;
  readonly #replies: Replies;
  readonly #reader: MessageReader;
  readonly #startedMs = performance.now();
  #handler: StreamHandler | undefined;
  #begun = false;
  #over = false;
  readonly message = EMPTY;

  constructor(head: CallHead, method: StreamMethod, stream: Stream, replies: Replies) {
    this.#head = head;
    this.#stream = stream;
    this.#replies = replies;
    stream.patient = true;
    this.#reader = new MessageReader(replies.messageLimit, replies.room, (message, compressed) => {
      if (compressed && !head.gzip)
        throw new RequestError('INTERNAL', 'a compressed message without a grpc-encoding');
      if (!this.#over)
        this.#handler?.message(compressed ? gunzipNow(message, replies.messageLimit) : message);
    });
    this.#guarded(() => {
      this.#handler = method.open(this);
    });
  }

  get method(): string {
    return this.#head.path;
  }

  get deadlineMs(): number | undefined {
    const { timeoutMs } = this.#head;
    return timeoutMs === undefined ? undefined : this.#startedMs + timeoutMs;
  }

  metadata(name: string): string | undefined {
    return this.#head.headers.get(name);
  }

  gone(): boolean {
    const { deadlineMs } = this;
    return this.#stream.closed || (deadlineMs !== undefined && performance.now() >= deadlineMs);
  }

  send(message: Buffer): void {
    if (this.#over) return;
    if (!this.#begun) this.#replies.head(this.#stream, false);
    this.#begun = true;
    this.#replies.message(this.#stream, message, false);
  }

  end(error?: RequestError): void {
    if (error !== undefined) this.#fail(error);
    else if (!this.#over) {
      this.#over = true;
      if (!this.#begun) this.#replies.head(this.#stream, false);
      this.#replies.success(this.#stream);
      this.#replies.record(this, 'OK', this.#startedMs);
      this.#handler?.closed();
    }
  }

  data(bytes: Buffer, last: boolean): boolean {
    this.#guarded(() => {
      this.#reader.push(bytes);
      if (!last || this.#over) return;
      if (this.#reader.midway)
        throw new RequestError('INTERNAL', 'the request ended before a whole message had come');
      this.#handler?.ended();
    });
    return true;
  }

  closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader.giveBack();
    this.#replies.record(this, 'CANCELLED', this.#startedMs);
    this.#handler?.closed();
  }

  leave(): void {
    this.#fail(new RequestError('UNAVAILABLE', 'this server is about to stop'));
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader.giveBack();
    this.#replies.record(this, this.#replies.failure(this.#stream, error, this.#begun), this.#startedMs);
    this.#handler?.closed();
  }
}

const EMPTY = Buffer.alloc(0);
