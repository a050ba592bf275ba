import type { Cluster } from './cluster.ts';
import { hasCondition, isPod, podsOf, userContainer } from './pods.ts';
import { TimeoutError, watchUntil } from './watch.ts';

/**
 * When a pod was first seen to have come so far, as `performance.now()` at this end of a watch. The API's own
 * timestamps are whole seconds, too coarse for a cold start; these are later than the fact by the watch's latency,
 * and "running" and "ready" by the kubelet's reporting too.
 */
export interface PodTimes {
  readonly created: number;
  scheduled?: number;
  running?: number;
  ready?: number;
}

export interface PodFollower {
  /** The pods that are there now, those that are going included. */
  readonly pods: ReadonlyMap<string, PodTimes>;
  /**
   * Waits until `test` holds for the pods.
   * @throws {TimeoutError}; what broke the watch
   */
  until(test: (pods: ReadonlyMap<string, PodTimes>) => boolean, timeoutMs: number): Promise<void>;
  stop(): void;
}

/** One watch of all of a Service's pods, up until `stop`, so that no event waits for a watch to be opened. */
export function followPods(cluster: Cluster, service: string, signal: AbortSignal): PodFollower {
  const pods = new Map<string, PodTimes>();
  const waiting = new Set<() => void>();
  const stopping = new AbortController();
  let listed = false;

  const watching = watchUntil(
    cluster,
    podsOf(service),
    (objects) => {
      update(pods, objects, performance.now());
      listed = true;
      for (const check of waiting) check();
      return undefined;
    },
    // Longer than any measurement; a timer takes no more than 2^31 - 1 ms.
    { timeoutMs: 2_000_000_000, signal: AbortSignal.any([signal, stopping.signal]) },
  );
  watching.catch(() => {});

  return {
    pods,
    async until(test, timeoutMs) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const check = () => {
        if (listed && test(pods)) resolve();
      };
      const timer = setTimeout(() => reject(new TimeoutError()), timeoutMs);
      waiting.add(check);
      check();
      try {
        await Promise.race([promise, watching]);
      } finally {
        clearTimeout(timer);
        waiting.delete(check);
      }
    },
    stop: () => stopping.abort(),
  };
}

function update(pods: Map<string, PodTimes>, objects: ReadonlyMap<string, unknown>, now: number): void {
  for (const name of pods.keys()) if (!objects.has(name)) pods.delete(name);
  for (const [name, pod] of objects) {
    if (!isPod(pod)) continue;
    const times = pods.get(name) ?? { created: now };
    if (pod.spec.nodeName) times.scheduled ??= now;
    if (userContainer(pod)?.state?.running) times.running ??= now;
    if (hasCondition(pod, 'Ready')) times.ready ??= now;
    pods.set(name, times);
  }
}
