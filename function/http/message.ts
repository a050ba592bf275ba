import { STATUS_CODES } from 'node:http';
import type { Code } from '../errors.ts';
import type { Trace } from '../telemetry/tracing.ts';
import { type HttpError, STATUS_OF } from './errors.ts';

/**
 * The two shapes that every route works with. They are plain objects, so that the hot path costs no Fetch
 * Request, Response, Headers or stream; app.fetch() turns them from and to the Fetch API.
 */

export interface HttpRequest {
  readonly method: string;
  /** Path and query, e.g. `/v1/models/celsius:predict?x=1`; where it was sent as a whole URL, without scheme and host. */
  readonly url: string;
  /** A header's value by its lower-case name; several of one name are joined by node:http's rules. */
  header(name: string): string | undefined;
  /** The body as sent, at most BODY_LIMIT_BYTES; empty where there is none. */
  readonly body: Buffer;
  /** True once the client has gone: nobody waits for an answer. */
  gone(): boolean;
  /** Told, where there is something to tell, that nobody will look at the body any more: its memory can go. */
  readonly bodyRead?: (() => void) | undefined;
  /** Set by the router where this request is traced. */
  trace?: Trace | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Name, value, name, value …, the cheapest form that node:http takes. */
  readonly headers: readonly string[];
  readonly body: string | Buffer;
}

/** The body of what has none. */
export const EMPTY = Buffer.alloc(0);

/** Stands for a request that could not be read. */
export const UNREAD: HttpRequest = {
  method: '',
  url: '',
  header: () => undefined,
  body: EMPTY,
  gone: () => false,
};

export type Answer = HttpResponse | Promise<HttpResponse>;

/** Goes on at once with what is there already: a promise would cost a turn of the microtask queue. */
export function after<T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/**
 * The head of an answer as it goes over the wire, for what is written without node:http.
 *
 * @param bytes of the body
 * @param date of the Date header
 * @param connection one or more whole header lines that say what becomes of the connection
 */
export function headText(
  { status, headers }: HttpResponse,
  bytes: number,
  date: string,
  connection: string,
): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${head}content-length: ${bytes}\r\nDate: ${date}\r\n${connection}\r\n`;
}

/** The headers of an answer in JSON. */
export const JSON_TYPE = ['content-type', 'application/json'] as const;

/** An answer whose body is JSON text already. */
export function jsonText(body: string | Buffer, headers: readonly string[] = JSON_TYPE): HttpResponse {
  return { status: 200, headers, body };
}

/** An answer of any JSON value. @param code why it is no success, where it is none */
export function json(value: unknown, code: Code | 'OK' = 'OK'): HttpResponse {
  return { status: STATUS_OF[code], headers: JSON_TYPE, body: JSON.stringify(value) };
}

/** `{"error": …}`: how every refusal is said. */
export function refusal({ status, message, headers }: HttpError): HttpResponse {
  return { status, headers: [...JSON_TYPE, ...headers], body: JSON.stringify({ error: message }) };
}
