import { HttpError } from './errors.ts';
import { EMPTY, type HttpRequest, type HttpResponse } from './message.ts';

/** Stands for every origin. */
const ANY = '*';

/** What answers say in headers that a page would not be shown otherwise. */
const EXPOSED = 'x-run-id, x-model-version, traceparent, retry-after, inference-header-content-length';

/** How long a browser may keep what a preflight said, in seconds: 2 hours, the most that Chrome takes. */
const MAX_AGE = '7200';

/**
 * Lets pages of other origins ask this server, in their browsers (Fetch Standard, CORS protocol). Cookies and the like are
 * not allowed for: nothing here looks at them.
 */
export class Cors {
  /** Origin → headers of the answers to it. */
  readonly #allowed: ReadonlyMap<string, readonly string[]>;
  readonly #others: readonly string[];

  /** @param origins such as `https://app.example.com`, in lower case; or `*` for all */
  constructor(origins: readonly string[]) {
    const any = origins.includes(ANY);
    const headersFor = (origin: string) => [
      ...['access-control-allow-origin', origin],
      ...['access-control-expose-headers', EXPOSED],
      ...(any ? [] : VARY),
    ];
    this.#allowed = new Map(any ? [] : origins.map((origin) => [origin, headersFor(origin)]));
    this.#others = any ? headersFor(ANY) : VARY;
  }

  /** What an answer says, whatever it is. */
  headersFor(request: HttpRequest): readonly string[] {
    return this.#allowed.get(request.header('origin')?.toLowerCase() ?? '') ?? this.#others;
  }

  /**
   * Answers the question whether a page may send a request; undefined for any other request.
   *
   * @throws HttpError 403 for an origin that is not allowed
   */
  preflight(request: HttpRequest): HttpResponse | undefined {
    const origin = request.header('origin');
    if (request.method !== 'OPTIONS' || origin === undefined) return undefined;
    if (request.header('access-control-request-method') === undefined) return undefined;
    if (this.headersFor(request) === VARY)
      throw new HttpError(403, `pages of ${origin.slice(0, 200)} may not ask this server (CORS_ORIGINS)`);
    const headers = request.header('access-control-request-headers');
    return {
      status: 200,
      headers: [
        ...['access-control-allow-methods', 'GET, POST', 'access-control-max-age', MAX_AGE],
        ...(headers === undefined ? [] : ['access-control-allow-headers', headers]),
      ],
      body: EMPTY,
    };
  }
}

/** So that a cache gives no origin what was for another. */
const VARY: readonly string[] = ['vary', 'origin'];
