import { celsiusRoute } from './apis/celsius/celsius.ts';
import { healthRoutes } from './apis/health.ts';
import { metricsRoute } from './apis/metrics.ts';
import { openapiRoute } from './apis/openapi/openapi.ts';
import { pageRoute } from './apis/page/page.ts';
import { tensorflowServingRoutes } from './apis/tensorflow-serving/tensorflow-serving.ts';
import type { HttpError } from './errors.ts';
import type { Answer, HttpRequest, HttpResponse } from './http/message.ts';
import { Router } from './http/router.ts';
import type { Batcher } from './model/batcher.ts';
import type { Model } from './model/saved-model.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** Where the process stands. Requests are answered while `ready` and `draining`; /readyz says 200 in `ready` only. */
export type Phase = 'starting' | 'ready' | 'draining';

/** The model that is served, with its batcher. */
export interface Served {
  readonly model: Model;
  readonly batcher: Batcher;
}

/** All that routes need, made in main.ts and handed down; two apps can live in one process. */
export interface Deps {
  readonly runId: string;
  readonly version: string;
  readonly revision: string;
  readonly modelName: string;
  readonly metrics: Metrics;
  readonly metricsToken: string;
  /** Whether this app answers /metrics, or another one on a port of its own. */
  readonly metricsHere: boolean;
  readonly logger: Logger;
  readonly logRequests: boolean;
  readonly bodyLimitBytes: number;
  /** Phase → seconds, as far as the cold start has come. */
  readonly coldStart: ReadonlyMap<string, number>;
  readonly phase: () => Phase;
  /** @throws HttpError 503 while the model is being loaded */
  readonly served: () => Served;
}

/** One route: a path by its exact text or by a pattern, and what answers it. */
export interface Route {
  /** Its name in metrics and logs. */
  readonly name: string;
  readonly path: string | RegExp;
  /** Methods that it answers; others get 405, or what `otherMethods` says. */
  readonly methods: readonly string[] | 'any';
  /** @param path the URL without its query */
  readonly handle: (request: HttpRequest, path: string) => Answer;
  readonly otherMethods?: (request: HttpRequest) => HttpError;
}

/** Answers requests: those of node:http by handle(), those of the Fetch API by fetch(). */
export interface App {
  /** Never throws, never rejects. */
  handle(request: HttpRequest): Answer;
  /** Answers with an error that was found before the body was read. */
  refuse(request: HttpRequest, error: HttpError): HttpResponse;
  fetch(request: Request): Promise<Response>;
  readonly inFlight: number;
}

export function createApp(deps: Deps): App {
  return new Router(deps, [
    celsiusRoute(deps),
    ...tensorflowServingRoutes(deps),
    ...healthRoutes(deps),
    ...(deps.metricsHere ? [metricsRoute(deps)] : []),
    openapiRoute(deps),
    pageRoute(deps),
  ]);
}

/** The app of METRICS_PORT: /metrics and nothing else. */
export function createMetricsApp(deps: Deps): App {
  return new Router(deps, [metricsRoute(deps)]);
}
