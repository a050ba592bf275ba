import { RequestError } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Route } from '../http/route.ts';
import { scrapesOf } from '../telemetry/scrapes.ts';
import type { Deps } from './deps.ts';

/** Asked for by Prometheus itself; a q of 0, which nobody sends, is not looked at. */
const OPENMETRICS = /(?:^|[\s,])application\/openmetrics-text\b/i;

/** GET /metrics: Prometheus' text format, or OpenMetrics, which has exemplars of traced requests; behind a bearer token where one is set. */
export function metricsRoute({
  metrics,
  metricsToken,
  takeScrape = scrapesOf(metrics),
}: Pick<Deps, 'metrics' | 'metricsToken' | 'takeScrape'>): Route {
  return {
    name: 'metrics',
    path: '/metrics',
    methods: ['GET', 'HEAD'],
    async handle(request) {
      if (metricsToken !== '' && !(await holdsToken(request, metricsToken)))
        throw new RequestError('UNAUTHENTICATED', 'send authorization: Bearer <METRICS_TOKEN>');
      const exposition = OPENMETRICS.test(request.header('accept') ?? '') ? 'openmetrics' : 'text';
      const { contentType, text } = await takeScrape(exposition);
      return { status: 200, headers: ['content-type', contentType, 'cache-control', 'no-store'], body: text };
    },
  };
}

/** Compared in constant time, so that the answer's delay tells nothing about the token. */
async function holdsToken(request: HttpRequest, token: string): Promise<boolean> {
  const { timingSafeEqual } = await import('node:crypto'); // 5 ms to load, which a cold start does without
  const given = Buffer.from(request.header('authorization') ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
