import Type, { type Static } from 'typebox';
import Value from 'typebox/value';
import type { Cluster } from './cluster.ts';
import { REVISION_LABEL, SERVICE_LABEL } from './types.ts';
import { type Kind, PODS } from './watch.ts';

/** Knative's name for the container that is not the queue-proxy, when the Service gives it none. */
const QUEUE_PROXY = 'queue-proxy';

const ContainerStatus = Type.Object({
  name: Type.String(),
  state: Type.Optional(
    Type.Object({
      running: Type.Optional(Type.Object({})),
      waiting: Type.Optional(
        Type.Object({ reason: Type.Optional(Type.String()), message: Type.Optional(Type.String()) }),
      ),
    }),
  ),
  lastState: Type.Optional(
    Type.Object({
      terminated: Type.Optional(
        Type.Object({
          exitCode: Type.Integer(),
          reason: Type.Optional(Type.String()),
          message: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
});

/** The parts of a Pod that this client reads. */
const Pod = Type.Object({
  metadata: Type.Object({
    name: Type.String(),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
  spec: Type.Object({ nodeName: Type.Optional(Type.String()) }),
  status: Type.Optional(
    Type.Object({
      conditions: Type.Optional(Type.Array(Type.Object({ type: Type.String(), status: Type.String() }))),
      containerStatuses: Type.Optional(Type.Array(ContainerStatus)),
    }),
  ),
});
export type Pod = Static<typeof Pod>;

export function isPod(value: unknown): value is Pod {
  return Value.Check(Pod, value);
}

/** All pods of a Knative Service, of whatever revision, those that are going included. */
export function podsOf(service: string): Kind {
  return { ...PODS, labelSelector: `${SERVICE_LABEL}=${service}` };
}

/** The status of the user's container: the one that is not Knative's own. */
export function userContainer(pod: Pod) {
  return pod.status?.containerStatuses?.find((c) => c.name !== QUEUE_PROXY);
}

export function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
}

/**
 * Why the user's container does not run, as the kubelet says: `ImagePullBackOff: …`, `exits with code 1: …`.
 * @returns undefined when it says nothing of the kind
 */
export function podTrouble(pod: Pod): string | undefined {
  const status = userContainer(pod);
  const ended = status?.lastState?.terminated;
  if (ended)
    return `the container exits with code ${ended.exitCode}: ${oneLine(ended.message ?? ended.reason)}`;
  const waiting = status?.state?.waiting;
  if (!waiting?.reason || waiting.reason === 'ContainerCreating' || waiting.reason === 'PodInitializing') {
    return undefined;
  }
  return `${waiting.reason}: ${oneLine(waiting.message)}`;
}

/** Whether the kubelet has tried more than once, so that it is no passing trouble. */
export function backsOff(pod: Pod): boolean {
  return /BackOff$|^InvalidImageName$|^ErrImageNeverPull$/.test(
    userContainer(pod)?.state?.waiting?.reason ?? '',
  );
}

export function revisionOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[REVISION_LABEL];
}

/** The first trouble of a revision's pods. */
export async function revisionTrouble(cluster: Cluster, revision: string): Promise<string | undefined> {
  const list = await cluster.objects.list(
    PODS.apiVersion,
    PODS.kind,
    cluster.namespace,
    undefined,
    undefined,
    undefined,
    undefined,
    `${REVISION_LABEL}=${revision}`,
  );
  return list.items
    .map((pod) => (isPod(pod) ? podTrouble(pod) : undefined))
    .find((text) => text !== undefined);
}

function oneLine(text: string | undefined): string {
  return text?.replace(/\s+/g, ' ').trim() || 'no message';
}
