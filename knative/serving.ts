import { type KubernetesObject, PatchStrategy } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';
import { explain } from './errors.ts';
import {
  API_VERSION,
  KnativeRevision,
  type KnativeRoute,
  KnativeService,
  parseObject,
  KnativeRoute as RouteSchema,
  SERVICE_LABEL,
} from './types.ts';
import { type Kind, TimeoutError } from './watch.ts';

export const SERVICES = {
  apiVersion: API_VERSION,
  kind: 'Service',
  plural: 'services',
} as const satisfies Kind;

/**
 * Who owns which fields in server-side apply. Two names, because a second apply by the same one would take back the
 * fields it leaves out: deploying must not undo a traffic split, nor the other way round.
 */
export const DEPLOY_MANAGER = 'celsiusify-deploy';
export const TRAFFIC_MANAGER = 'celsiusify-traffic';

/**
 * Runs one conversation with the API server; what it throws becomes one line.
 * @throws {TimeoutError} as it is: only the caller knows what was waited for
 */
export async function asking<T>(
  cluster: Cluster,
  name: string | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TimeoutError) throw error;
    const { server, namespace } = cluster;
    throw explain(error, name === undefined ? { server, namespace } : { server, namespace, name });
  }
}

function header(cluster: Cluster, kind: string, name: string) {
  return { apiVersion: API_VERSION, kind, metadata: { name, namespace: cluster.namespace } };
}

/** @throws {FatalError} also when there is none */
export async function readService(cluster: Cluster, name: string): Promise<KnativeService> {
  return asking(cluster, name, async () =>
    parseObject(KnativeService, await cluster.objects.read(header(cluster, 'Service', name))),
  );
}

export async function readRoute(cluster: Cluster, name: string): Promise<KnativeRoute> {
  return asking(cluster, name, async () =>
    parseObject(RouteSchema, await cluster.objects.read(header(cluster, 'Route', name))),
  );
}

/** @returns the Service's revisions, newest first by Knative's own counting */
export async function listRevisions(cluster: Cluster, name: string): Promise<KnativeRevision[]> {
  const list = await asking(cluster, name, () =>
    cluster.objects.list<KubernetesObject>(
      API_VERSION,
      'Revision',
      cluster.namespace,
      undefined,
      undefined,
      undefined,
      undefined,
      `${SERVICE_LABEL}=${name}`,
    ),
  );
  const generation = (r: KnativeRevision) =>
    Number(r.metadata.labels?.['serving.knative.dev/configurationGeneration'] ?? 0);
  return list.items
    .map((item) => parseObject(KnativeRevision, item))
    .sort((a, b) => generation(b) - generation(a));
}

export interface ApplyOptions {
  readonly manager: string;
  /** Take fields over from other managers instead of failing. */
  readonly force: boolean;
}

/** Server-side apply. @returns the Service as the API server has it after that */
export async function applyService(
  cluster: Cluster,
  service: KnativeService,
  { manager, force }: ApplyOptions,
): Promise<KnativeService> {
  const strategy = PatchStrategy.ServerSideApply;
  return asking(cluster, service.metadata.name, async () =>
    parseObject(
      KnativeService,
      await cluster.objects.patch(service, undefined, undefined, manager, force, strategy),
    ),
  );
}

/** Deletes the Service. @param propagation Foreground: what belongs to it (revisions, pods) goes first, else after it */
export async function deleteService(
  cluster: Cluster,
  name: string,
  propagation: 'Foreground' | 'Background',
): Promise<void> {
  await asking(cluster, name, () =>
    cluster.objects.delete(
      header(cluster, 'Service', name),
      undefined,
      undefined,
      undefined,
      undefined,
      propagation,
    ),
  );
}
