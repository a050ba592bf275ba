import type { Registry } from 'prom-client';
import { RequestError } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Route } from '../http/route.ts';
import type { Deps } from './deps.ts';

/** GET /metrics: Prometheus' text format; behind a bearer token where one is set. */
export function metricsRoute({ metrics, metricsToken }: Pick<Deps, 'metrics' | 'metricsToken'>): Route {
  let registry: Promise<Registry> | undefined; // prom-client is loaded by the first scrape: a cold start does without it
  return {
    name: 'metrics',
    path: '/metrics',
    methods: ['GET', 'HEAD'],
    async handle(request) {
      if (metricsToken !== '' && !(await holdsToken(request, metricsToken)))
        throw new RequestError('UNAUTHENTICATED', 'send authorization: Bearer <METRICS_TOKEN>');
      registry ??= import('../telemetry/prometheus.ts').then(({ createRegistry }) => createRegistry(metrics));
      const exposed = await registry;
      const headers = ['content-type', exposed.contentType, 'cache-control', 'no-store'];
      return { status: 200, headers, body: await exposed.metrics() };
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
