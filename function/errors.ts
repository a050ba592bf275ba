/** A request that cannot be answered: becomes `{"error": message}` with this status. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: readonly string[];

  /** @param headers name, value, … to send along, e.g. `['retry-after', '1']` */
  constructor(status: number, message: string, headers: readonly string[] = []) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.headers = headers;
  }
}

/** 400: the request itself is at fault. */
export function badRequest(message: string): HttpError {
  return new HttpError(400, message);
}

/** 408: a request that did not come whole in time. */
export function tooSlow(): HttpError {
  return new HttpError(408, 'the request did not come in time (HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS)');
}

/** The process cannot go on: one line on stderr that says what to do, then the exit code (1, or 2 for bad usage). */
export class FatalError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.name = 'FatalError';
    this.exitCode = exitCode;
  }
}

/** What an unknown thrown value says of itself, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
