import type { Deps, Route } from '../app.ts';
import { HttpError } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';

/** GET /metrics: Prometheus' text format; behind a bearer token where one is set. */
export function metricsRoute({ metrics, metricsToken }: Pick<Deps, 'metrics' | 'metricsToken'>): Route {
  return {
    name: 'metrics',
    path: '/metrics',
    methods: ['GET', 'HEAD'],
    async handle(request) {
      if (metricsToken !== '' && !(await holdsToken(request, metricsToken))) {
        throw new HttpError(401, 'send authorization: Bearer <METRICS_TOKEN>', [
          'www-authenticate',
          'Bearer',
        ]);
      }
      const { contentType, body } = await metrics.text();
      return { status: 200, headers: ['content-type', contentType, 'cache-control', 'no-store'], body };
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
