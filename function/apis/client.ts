import type { Client } from '../engine/client.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Trace } from '../telemetry/tracing.ts';

/** How long a caller waits, in ms from the request's arrival: a header of the caller's own, for less than the server allows. */
const TIMEOUT_HEADER = 'x-request-timeout-ms';

/** Who sent a request, as the engine sees it. */
export class HttpClient implements Client {
  readonly #request: HttpRequest;
  readonly #limit_ms: number;
  #deadline_ms: number | undefined;

  /** @param limit_ms longest that any request may wait */
  constructor(request: HttpRequest, limit_ms: number) {
    this.#request = request;
    this.#limit_ms = limit_ms;
  }

  get trace(): Trace | undefined {
    return this.#request.trace;
  }

  gone(): boolean {
    return this.#request.gone();
  }

  bodyRead(): void {
    this.#request.bodyRead?.();
  }

  deadline(): number {
    this.#deadline_ms ??= this.#deadlineFrom(performance.now());
    return this.#deadline_ms;
  }

  #deadlineFrom(now_ms: number): number {
    const asked = this.#request.header(TIMEOUT_HEADER);
    const asked_ms =
      asked !== undefined && /^\d{1,9}$/.test(asked) ? Number(asked) : Number.POSITIVE_INFINITY;
    return now_ms + Math.min(asked_ms, this.#limit_ms);
  }
}
