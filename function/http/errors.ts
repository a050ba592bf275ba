import { maxHeaderSize } from 'node:http';
import { type Code, RequestError } from '../errors.ts';

/** The status of each canonical code, as TensorFlow Serving 2.17.1 maps them. */
export const STATUS_OF: Readonly<Record<Code | 'OK', number>> = {
  OK: 200,
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

/** A refusal of HTTP's own, which no canonical code says: becomes `{"error": message}` with this status. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: readonly string[];

  /** @param headers name, value, … to send along, e.g. `['allow', 'POST']` */
  constructor(status: number, message: string, headers: readonly string[] = []) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.headers = headers;
  }
}

/** A refusal as HTTP says it; undefined for what was not thrown as one: a fault of this server. */
export function httpErrorOf(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (!(error instanceof RequestError)) return undefined;
  const { code, message, retryAfterSeconds, modelVersion } = error;
  const headers = retryAfterSeconds === undefined ? [] : ['retry-after', String(retryAfterSeconds)];
  if (modelVersion !== undefined) headers.push('x-model-version', modelVersion);
  if (code === 'UNAUTHENTICATED') headers.push('www-authenticate', 'Bearer');
  return new HttpError(STATUS_OF[code], message, headers);
}

/** 400: what came is no proper request. */
export function badRequest(message: string): HttpError {
  return new HttpError(400, message);
}

/** 408: a request that did not come whole in time. */
export function tooSlow(): HttpError {
  return new HttpError(408, 'the request did not come in time (HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS)');
}

/** What node:http found in a request that it could not read. */
export function unreadable({ code, message }: NodeJS.ErrnoException): HttpError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return tooSlow();
    case 'HPE_HEADER_OVERFLOW':
      return new HttpError(431, `the headers are larger than ${maxHeaderSize} bytes`);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new HttpError(413, "the chunks' extensions are too large");
    default:
      return badRequest(`not a request in HTTP/1.1 (${message})`);
  }
}

/** 503: the bodies of all requests have no room for more. */
export function noRoom(): HttpError {
  return new HttpError(503, 'too many bodies are under way (BODIES_LIMIT_BYTES); try again', [
    'retry-after',
    '1',
  ]);
}
