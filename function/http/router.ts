import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { messageOf } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics, RouteMeter } from '../telemetry/metrics.ts';
import type { Trace, Tracer } from '../telemetry/tracing.ts';
import { TooMuch, unzip } from '../unzip.ts';
import type { Cors } from './cors.ts';
import { badRequest, HttpError, httpErrorOf } from './errors.ts';
import { type Answer, type HttpRequest, type HttpResponse, json, refusal, UNREAD } from './message.ts';
import type { App, PathSet, Route } from './route.ts';

const gzip = promisify(gzipCallback);

/** Answers smaller than this are sent as they are: gzip would cost more than it saves. */
const GZIP_FROM_BYTES = 1024;

export interface RouterDeps {
  readonly runId: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly logRequests: boolean;
  readonly bodyLimitBytes: number;
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** Which pages of other origins may ask; undefined: none. */
  readonly cors?: Cors | undefined;
}

/** Finds the route of a request, and does around it what all routes share: errors, gzip, run ID, metrics, logs. */
export class Router implements App {
  readonly #deps: RouterDeps;
  readonly #byText = new Map<string, Metered>();
  readonly #bySet: { paths: PathSet; metered: Metered }[] = [];
  readonly #byPattern: { pattern: RegExp; metered: Metered }[] = [];
  readonly #unknown: RouteMeter;
  readonly #runIdHeader: readonly string[];
  #inFlight = 0;

  constructor(deps: RouterDeps, routes: readonly Route[]) {
    this.#deps = deps;
    this.#runIdHeader = ['x-run-id', deps.runId];
    this.#unknown = deps.metrics.route('unknown');
    for (const route of routes) {
      const metered = { route, meter: deps.metrics.route(route.name) };
      if (typeof route.path === 'string') this.#byText.set(route.path, metered);
      else if (route.path instanceof RegExp) this.#byPattern.push({ pattern: route.path, metered });
      else this.#bySet.push({ paths: route.path, metered });
    }
  }

  /** Requests being answered now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Answers one request; never throws, never rejects. */
  handle(request: HttpRequest): Answer {
    const started = this.#begin(request);
    const path = pathOf(request);
    const metered = this.#find(path);
    let answer: Answer;
    try {
      answer = this.#dispatch(request, path, metered?.route);
    } catch (error) {
      answer = this.#failure(error);
    }
    if (!(answer instanceof Promise)) return this.#finish(request, answer, metered, started);
    return answer.then(
      (response) => this.#finish(request, response, metered, started),
      (error: unknown) => this.#finish(request, this.#failure(error), metered, started),
    );
  }

  /** Answers a request with an error that was found before its body was read. */
  refuse(request: HttpRequest, error: HttpError): HttpResponse {
    const started = this.#begin(request);
    return this.#finish(request, this.#failure(error), this.#find(pathOf(request)), started);
  }

  /** handle() for the Fetch API: what tests and embedders call, without a socket. */
  async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const response = await this.handle({
      method: request.method,
      url: pathname + search,
      header: (name) => request.headers.get(name) ?? undefined,
      body: Buffer.from(await request.arrayBuffer()),
      gone: () => request.signal.aborted,
    });
    const headers: [string, string][] = [];
    for (let i = 0; i < response.headers.length; i += 2) {
      headers.push([response.headers[i] ?? '', response.headers[i + 1] ?? '']);
    }
    const body = request.method === 'HEAD' ? null : response.body;
    return new Response(typeof body === 'string' || body === null ? body : new Uint8Array(body), {
      status: response.status,
      headers,
    });
  }

  /** @returns when, on performance.now()'s clock */
  #begin(request: HttpRequest): number {
    const started = performance.now();
    this.#inFlight++;
    const { tracer } = this.#deps;
    if (tracer !== undefined && request !== UNREAD)
      request.trace = tracer.begin((name) => request.header(name), started);
    return started;
  }

  #find(path: string): Metered | undefined {
    const metered = this.#byText.get(path);
    if (metered !== undefined) return metered;
    for (const { paths, metered } of this.#bySet) if (paths.has(path)) return metered;
    return this.#byPattern.find(({ pattern }) => pattern.test(path))?.metered;
  }

  #dispatch(request: HttpRequest, path: string, route: Route | undefined): Answer {
    const preflight = this.#deps.cors?.preflight(request);
    if (preflight !== undefined) return preflight;
    if (route === undefined)
      throw new HttpError(404, `nothing at ${path.slice(0, 200)}; GET / lists what there is`);
    if (route.methods !== 'any' && !route.methods.includes(request.method)) {
      throw route.otherMethods?.(request) ?? methodNotAllowed(request, route.methods);
    }
    if (request.body.length > this.#deps.bodyLimitBytes) throw this.#tooLarge();
    const encoding = request.header('content-encoding');
    const answer =
      encoding === undefined || encoding === 'identity'
        ? route.handle(request, path)
        : this.#decompressed(request, encoding).then((plain) => route.handle(plain, path));
    const accepts = request.header('accept-encoding');
    if (accepts === undefined || !ACCEPTS_GZIP.test(accepts)) return answer;
    if (answer instanceof Promise) return answer.then(gzipped);
    return gzipped(answer);
  }

  async #decompressed(request: HttpRequest, encoding: string): Promise<HttpRequest> {
    const isGzip = /^(x-)?gzip$/i.test(encoding);
    // What tritonclient sends where it is told to; HTTP's deflate is zlib's format.
    if (!isGzip && !/^deflate$/i.test(encoding)) {
      throw new HttpError(
        415,
        `content-encoding ${JSON.stringify(encoding.slice(0, 100))} is not read; use gzip or deflate`,
      );
    }
    try {
      const pieces = await unzip(request.body, isGzip ? 'gzip' : 'deflate', this.#deps.bodyLimitBytes);
      return {
        method: request.method,
        url: request.url,
        header: (name) => request.header(name),
        body: pieces.join(),
        gone: () => request.gone(),
        bodyRead: () => {
          pieces.release();
          request.bodyRead?.();
        },
        trace: request.trace,
      };
    } catch (error) {
      if (error instanceof TooMuch) throw this.#tooLarge();
      throw badRequest(`the body is no whole ${isGzip ? 'gzip' : 'deflate'} stream: ${messageOf(error)}`);
    }
  }

  #tooLarge(): HttpError {
    return new HttpError(
      413,
      `the body is larger than ${this.#deps.bodyLimitBytes} bytes (BODY_LIMIT_BYTES)`,
    );
  }

  #failure(error: unknown): HttpResponse {
    const refused = httpErrorOf(error);
    if (refused !== undefined) return refusal(refused);
    this.#deps.logger.error({ err: error }, 'a request failed on a fault of this server');
    return json({ error: 'a fault of this server; its log says more' }, 'INTERNAL');
  }

  #finish(
    request: HttpRequest,
    response: HttpResponse,
    metered: Metered | undefined,
    started: number,
  ): HttpResponse {
    this.#inFlight--;
    const milliseconds = performance.now() - started;
    const { trace } = request;
    (metered?.meter ?? this.#unknown).record(response.status, milliseconds / 1000, trace?.traceId);
    if (this.#deps.logRequests) this.#log(request, response, metered, milliseconds);
    if (trace !== undefined) endTrace(trace, request, response.status, metered?.route.name ?? 'unknown');
    const { cors } = this.#deps;
    let headers = response.headers.concat(this.#runIdHeader);
    if (trace !== undefined) headers = headers.concat('traceparent', trace.traceparent);
    if (cors !== undefined) headers = headers.concat(cors.headersFor(request));
    return {
      status: response.status,
      headers,
      body: response.body,
    };
  }

  #log(
    request: HttpRequest,
    { status }: HttpResponse,
    metered: Metered | undefined,
    milliseconds: number,
  ): void {
    this.#deps.logger.info(
      {
        requestId: requestIdOf(request),
        traceId: request.trace?.traceId,
        method: request.method,
        path: printable(request.url, 200),
        route: metered?.route.name ?? 'unknown',
        status,
        milliseconds: Number(milliseconds.toFixed(3)),
      },
      'request',
    );
  }
}

interface Metered {
  readonly route: Route;
  readonly meter: RouteMeter;
}

/** Names as OpenTelemetry's conventions for HTTP have them. */
function endTrace(trace: Trace, { method, url }: HttpRequest, status: number, route: string): void {
  const attributes = {
    'http.request.method': method.slice(0, 20),
    'http.route': route,
    'http.response.status_code': status,
    'url.path': url.slice(0, 200),
  };
  trace.end(`${attributes['http.request.method']} ${route}`, attributes, status >= 500);
}

/** The URL without its query. */
function pathOf({ url }: HttpRequest): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** gzip among the encodings that are accepted, and not as `gzip;q=0`. */
const ACCEPTS_GZIP = /(?:^|[\s,])gzip\s*(?:$|,|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))/i;

async function gzipped(response: HttpResponse): Promise<HttpResponse> {
  const body = response.body;
  if (body.length < GZIP_FROM_BYTES) return response;
  return {
    status: response.status,
    headers: [...response.headers, 'content-encoding', 'gzip', 'vary', 'accept-encoding'],
    body: await gzip(body),
  };
}

function methodNotAllowed({ method }: HttpRequest, methods: readonly string[]): HttpError {
  const allow = methods.join(', ');
  return new HttpError(405, `${method.slice(0, 20)} is not answered here; use ${allow}`, ['allow', allow]);
}

/** The beginning of a text for a log, without DEL and the C1 controls, which pino leaves in: some terminals obey them. */
function printable(text: string, length: number): string {
  return text.slice(0, length).replace(/[\x7f-\x9f]/g, '\ufffd');
}

/** The caller's own ID of a request: `x-request-id`, or the trace ID of a W3C `traceparent`. */
function requestIdOf(request: HttpRequest): string | undefined {
  const given = request.header('x-request-id');
  if (given !== undefined) return printable(given, 128);
  return /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/.exec(request.header('traceparent') ?? '')?.[1];
}
