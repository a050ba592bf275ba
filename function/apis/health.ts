import { json } from '../http/message.ts';
import type { Route } from '../http/route.ts';
import type { Deps } from './deps.ts';

/** So many reasons are told: a probe's answer is kept by who asked. */
const MOST_REASONS = 10;

/**
 * GET /healthz: 200 as long as the process answers at all, for a liveness probe.
 * GET /readyz: 200 only after the warm-up run, 503 while starting and draining, for a readiness probe; with
 * what is waited for at the start.
 */
export function healthRoutes({
  phase,
  whyNotReady,
  runId,
}: Pick<Deps, 'phase' | 'whyNotReady' | 'runId'>): Route[] {
  const readiness = () => {
    const status = phase();
    const reasons = status === 'starting' ? whyNotReady().slice(0, MOST_REASONS) : [];
    return json(
      { status, runId, ...(reasons.length > 0 && { reasons }) },
      status === 'ready' ? 'OK' : 'UNAVAILABLE',
    );
  };
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
      handle: readiness,
    },
  ];
}
