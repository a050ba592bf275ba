import { type KubernetesObject, Watch } from '@kubernetes/client-node';
import Type from 'typebox';
import Value from 'typebox/value';
import { FatalError } from '../function/errors.ts';
import type { Cluster } from './cluster.ts';
import { statusOf } from './errors.ts';

/** What to look at: all objects of a kind in the cluster's namespace that match a selector. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Lower-case plural, as it stands in the API's paths. */
  readonly plural: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export const PODS = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' } as const satisfies Kind;

const Named = Type.Object({ metadata: Type.Object({ name: Type.String() }) });

export interface WatchOptions {
  /** How long to wait, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The wait ended without what was waited for. */
export class TimeoutError extends Error {}

/**
 * Lists the objects, then watches them, and calls `decide` with all that are there (by name, as JSON) at first and
 * after every change, until it returns something else than undefined. Watches that the server ends are begun again.
 * @throws {TimeoutError} after `timeoutMs`; what `decide` throws; errors of the API client; {FatalError} when aborted
 */
export async function watchUntil<T>(
  cluster: Cluster,
  kind: Kind,
  decide: (objects: ReadonlyMap<string, unknown>) => T | undefined,
  { timeoutMs, signal }: WatchOptions,
): Promise<T> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const ends = AbortSignal.any([deadline, signal]);
  for (;;) {
    if (signal.aborted) throw new FatalError('interrupted');
    if (deadline.aborted) throw new TimeoutError();
    const result = await listAndWatch(cluster, kind, decide, ends);
    if (result !== undefined) return result;
  }
}

/** One list and one watch. @returns undefined when the watch has ended before `decide` had an answer */
async function listAndWatch<T>(
  cluster: Cluster,
  kind: Kind,
  decide: (objects: ReadonlyMap<string, unknown>) => T | undefined,
  ends: AbortSignal,
): Promise<T | undefined> {
  const { apiVersion, labelSelector, fieldSelector } = kind;
  const list = await cluster.objects.list<KubernetesObject>(
    apiVersion,
    kind.kind,
    cluster.namespace,
    undefined,
    undefined,
    undefined,
    fieldSelector,
    labelSelector,
  );
  const objects = new Map<string, unknown>(list.items.map((item) => [item.metadata?.name ?? '', item]));
  const first = decide(objects);
  if (first !== undefined) return first;

  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const path = `${root}/namespaces/${encodeURIComponent(cluster.namespace)}/${kind.plural}`;
  const query = { labelSelector, fieldSelector, resourceVersion: list.metadata?.resourceVersion };
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const stop = () => resolve(undefined);
  // It may have come while the list was fetched, and then the event is over.
  if (ends.aborted) return undefined;
  ends.addEventListener('abort', stop, { once: true });
  let watching: AbortController | undefined;
  try {
    watching = await new Watch(cluster.config).watch(
      path,
      query,
      (event: string, object: unknown) => {
        // "ERROR" holds a Status, mostly 410 Gone: the list is too old, so list again.
        if (event === 'ERROR' || !Value.Check(Named, object)) return resolve(undefined);
        if (event === 'DELETED') objects.delete(object.metadata.name);
        else objects.set(object.metadata.name, object);
        try {
          const result = decide(objects);
          if (result !== undefined) resolve(result);
        } catch (error) {
          reject(error);
        }
      },
      (error: unknown) => {
        // A status means that watching is refused; a broken or idle connection is no more than that.
        if (statusOf(error) !== undefined && statusOf(error) !== 410) reject(error);
        else resolve(undefined);
      },
    );
    return await promise;
  } finally {
    ends.removeEventListener('abort', stop);
    watching?.abort();
  }
}
