import type { KubernetesObject } from '@kubernetes/client-node';
import { connect } from './cluster.ts';
import { commonFlags, outputFormat, parse, type Verb } from './flags.ts';
import { podsOf } from './pods.ts';
import { asking, listRevisions, readRoute, readService } from './serving.ts';
import { condition, type KnativeRevision, type KnativeRoute, REVISION_LABEL, reasonOf } from './types.ts';

export interface RevisionStatus {
  readonly name: string;
  readonly ready: string;
  /** Why it is not ready; empty when it is. */
  readonly reason: string;
  /** Percent of the requests to the Service's own URL. */
  readonly percent: number;
  readonly tags: readonly string[];
  readonly pods: number;
  readonly image: string;
}

export const status: Verb = {
  summary: 'show the Service, its revisions, their traffic, pods and troubles',
  flags: commonFlags,
  async run(argv, io) {
    const { values: v } = parse(argv, commonFlags);
    const output = outputFormat(v.output);
    const cluster = connect(v, io.env);
    const service = await readService(cluster, v.name);
    const route = await readRoute(cluster, v.name);
    const revisions = await listRevisions(cluster, v.name);
    const { apiVersion, kind, labelSelector } = podsOf(v.name);
    const pods = await asking(cluster, v.name, () =>
      cluster.objects.list(
        apiVersion,
        kind,
        cluster.namespace,
        undefined,
        undefined,
        undefined,
        undefined,
        labelSelector,
      ),
    );
    const ready = condition(service.status?.conditions, 'Ready');
    const result = {
      name: v.name,
      namespace: cluster.namespace,
      url: service.status?.url ?? '',
      ready: ready?.status ?? 'Unknown',
      reason: ready?.status === 'True' ? '' : reasonOf(ready),
      revisions: revisions.map((r) => revisionStatus(r, route, pods.items)),
    };
    if (output === 'json') {
      io.out(JSON.stringify(result));
      return;
    }
    io.out(`${result.name} in ${result.namespace}: ready ${result.ready}, ${result.url || 'no URL yet'}`);
    if (result.reason) io.out(`  ${result.reason}`);
    io.out(
      table([
        ['REVISION', 'READY', 'TRAFFIC', 'TAGS', 'PODS', 'IMAGE'],
        ...result.revisions.map((r) => [
          r.name,
          r.ready,
          `${r.percent} %`,
          r.tags.join(',') || '-',
          String(r.pods),
          r.image,
        ]),
      ]),
    );
    for (const r of result.revisions) if (r.reason) io.out(`  ${r.name}: ${r.reason}`);
  },
};

function revisionStatus(
  revision: KnativeRevision,
  route: KnativeRoute,
  pods: readonly KubernetesObject[],
): RevisionStatus {
  const { name } = revision.metadata;
  const ready = condition(revision.status?.conditions, 'Ready');
  const targets = route.status?.traffic?.filter((t) => t.revisionName === name) ?? [];
  return {
    name,
    ready: ready?.status ?? 'Unknown',
    reason: ready?.status === 'True' ? '' : reasonOf(ready),
    percent: targets.reduce((sum, t) => sum + (t.percent ?? 0), 0),
    tags: targets.flatMap((t) => t.tag ?? []),
    pods: pods.filter((p) => p.metadata?.labels?.[REVISION_LABEL] === name).length,
    image: revision.spec.containers[0]?.image ?? '',
  };
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
