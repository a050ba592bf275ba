import type { RequestHead } from '../http2/request-head.ts';
import type { Receiver, Stream } from '../http2/stream.ts';
import { Pieces } from '../pieces.ts';
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
  readonly #pieces: Pieces;
  #size = 0;
  #isWhole = false;
  body: Buffer = EMPTY;

  constructor(head: RequestHead, stream: Stream, app: App, limits: ExchangeLimits) {
    this.#head = head;
    this.#stream = stream;
    this.#app = app;
    this.#limits = limits;
    const { contentLength = 0 } = head;
    this.#pieces = new Pieces(contentLength <= limits.bodyLimitBytes ? contentLength : 0);
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
    this.#pieces.release();
    this.body = EMPTY;
  }

  data(bytes: Buffer, last: boolean): boolean {
    const { bodyLimitBytes, room } = this.#limits;
    if (this.#size + bytes.length > bodyLimitBytes) {
      this.#refuse(new HttpError(413, `the body is larger than ${bodyLimitBytes} bytes (BODY_LIMIT_BYTES)`));
    } else if (!room.take(bytes.length, this.#size)) {
      this.#refuse(noRoom());
    } else {
      this.#size += bytes.length;
      const isKept = bytes.length > 0 && this.#pieces.add(bytes);
      if (last) this.#answer();
      return isKept;
    }
    this.#pieces.release();
    return false;
  }

  closed(): void {
    this.#giveBack();
    if (!this.#isWhole) this.#pieces.release();
  }

  #answer(): void {
    this.#isWhole = true;
    this.body = this.#pieces.join();
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
