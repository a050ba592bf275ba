import { release } from '../buffers.ts';
import type { RequestHead } from '../http2/request-head.ts';
import type { Receiver, Stream } from '../http2/stream.ts';
import type { Room } from '../room.ts';
import { HttpError, noRoom } from './errors.ts';
import { EMPTY, type HttpRequest, type HttpResponse } from './message.ts';
import type { App } from './route.ts';

export interface ExchangeLimits {
  readonly bodyLimitBytes: number;
  readonly room: Room;
}

/**
 * A request over HTTP/2, and its answer by the same app that answers HTTP/1.1. With gRPC on the same port this is how
 * Knative sends all of them, where the port is named h2c.
 */
export class Http2Exchange implements Receiver, HttpRequest {
  readonly #head: RequestHead;
  readonly #stream: Stream;
  readonly #app: App;
  readonly #limits: ExchangeLimits;
  #parts: Buffer[] = [];
  #size = 0;
  body: Buffer = EMPTY;

  constructor(head: RequestHead, stream: Stream, app: App, limits: ExchangeLimits) {
    this.#head = head;
    this.#stream = stream;
    this.#app = app;
    this.#limits = limits;
  }

  get method(): string {
    return this.#head.method;
  }

  get url(): string {
    return this.#head.path;
  }

  header(name: string): string | undefined {
    return this.#head.headers.get(name);
  }

  gone(): boolean {
    return this.#stream.closed;
  }

  bodyRead(): void {
    this.#giveBack();
    release(this.body);
  }

  data(bytes: Buffer, last: boolean): void {
    const { bodyLimitBytes, room } = this.#limits;
    if (this.#size + bytes.length > bodyLimitBytes) {
      this.#refuse(new HttpError(413, `the body is larger than ${bodyLimitBytes} bytes (BODY_LIMIT_BYTES)`));
    } else if (!room.take(bytes.length, this.#size)) {
      this.#refuse(noRoom());
    } else {
      this.#size += bytes.length;
      if (bytes.length > 0) this.#parts.push(bytes);
      if (last) this.#answer();
    }
  }

  closed(): void {
    this.#giveBack();
  }

  #answer(): void {
    const [first = EMPTY] = this.#parts;
    this.body = this.#parts.length <= 1 ? first : Buffer.concat(this.#parts, this.#size);
    this.#parts = [];
    const answer = this.#app.handle(this);
    if (answer instanceof Promise) answer.then((late) => this.#send(late));
    else this.#send(answer);
  }

  #refuse(error: HttpError): void {
    this.#send(this.#app.refuse(this, error));
  }

  #send({ status, headers, body }: HttpResponse): void {
    this.#giveBack();
    if (this.#stream.closed) return;
    const fields = [':status', String(status)];
    for (let i = 0; i < headers.length; i += 2)
      fields.push((headers[i] ?? '').toLowerCase(), headers[i + 1] ?? '');
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    fields.push('content-length', String(bytes.length), 'date', new Date().toUTCString());
    const without = this.method === 'HEAD' || bytes.length === 0;
    this.#stream.headers(NOTHING, fields, without);
    if (!without) this.#stream.data(bytes, undefined, true);
  }

  #giveBack(): void {
    this.#limits.room.give(this.#size);
    this.#size = 0;
  }
}

const NOTHING: readonly string[] = [];
