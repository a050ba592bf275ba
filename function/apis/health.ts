import { json } from '../http/message.ts';
import type { Route } from '../http/route.ts';
import type { Deps } from './deps.ts';

/**
 * GET /healthz: 200 as long as the process answers at all, for a liveness probe.
 * GET /readyz: 200 only after the warm-up run, 503 while starting and draining, for a readiness probe.
 */
export function healthRoutes({ phase, runId }: Pick<Deps, 'phase' | 'runId'>): Route[] {
  return [
    {
      name: 'healthz',
      path: '/healthz',
      methods: ['GET', 'HEAD'],
      handle: () => json({ status: 'ok', runId }),
    },
    {
      name: 'readyz',
      path: '/readyz',
      methods: ['GET', 'HEAD'],
      handle: () => json({ status: phase(), runId }, phase() === 'ready' ? 'OK' : 'UNAVAILABLE'),
    },
  ];
}
