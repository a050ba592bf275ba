import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AppsV1Api, AutoscalingV2Api, BatchV1Api, CoreV1Api, VersionApi } from '@kubernetes/client-node';
import type { Test } from 'tap';
import { formatCsv } from '../../bench/csv.ts';
import type { Cell } from '../../bench/schema.ts';
import { type Cluster, connect } from '../../knative/cluster.ts';
import { type Kind, PODS, watchUntil } from '../../knative/watch.ts';
import { imageParts, RUN_LABEL, type Settings, settings } from './settings.ts';

const exec = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A namespace of its own in the cluster, with what tests do in it. */
export interface Kit {
  readonly settings: Settings;
  readonly cluster: Cluster;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly autoscaling: AutoscalingV2Api;
  readonly batch: BatchV1Api;
  readonly namespace: string;
  /** Runs `helm ARGS` in the namespace. @returns its output; @throws with its message */
  helm(...args: string[]): Promise<string>;
  /** Waits by watch until `decide` has an answer. @throws {TimeoutError} after `seconds` */
  until<T>(
    kind: Kind,
    decide: (objects: ReadonlyMap<string, unknown>) => T | undefined,
    seconds: number,
    namespace?: string,
  ): Promise<T>;
}

/** Makes a namespace where Pod Security's "restricted" is enforced; it goes with the test, or by main.ts. */
export async function startKit(t: Test, name: string): Promise<Kit> {
  const set = settings(process.env);
  const namespace = `celsiusify-${name}-${set.run}`;
  const cluster = connect(
    { kubeconfig: set.kubeconfig || undefined, context: set.context || undefined, namespace },
    process.env,
  );
  const core = cluster.config.makeApiClient(CoreV1Api);
  const labels = { [RUN_LABEL]: set.run, 'pod-security.kubernetes.io/enforce': 'restricted' };
  await core.createNamespace({ body: { metadata: { name: namespace, labels } } });
  t.teardown(() => core.deleteNamespace({ name: namespace }));
  const access = ['--namespace', namespace];
  if (set.kubeconfig) access.push('--kubeconfig', set.kubeconfig);
  if (set.context) access.push('--kube-context', set.context);
  return {
    settings: set,
    cluster,
    core,
    apps: cluster.config.makeApiClient(AppsV1Api),
    autoscaling: cluster.config.makeApiClient(AutoscalingV2Api),
    batch: cluster.config.makeApiClient(BatchV1Api),
    namespace,
    async helm(...args) {
      const { stdout } = await exec(set.helm, [...args, ...access], {
        cwd: root,
        maxBuffer: 1 << 24,
        timeout: 300_000,
      });
      return stdout;
    },
    until: (kind, decide, seconds, elsewhere = namespace) =>
      watchUntil({ ...cluster, namespace: elsewhere }, kind, decide, {
        timeoutMs: seconds * 1000,
        signal: new AbortController().signal,
      }),
  };
}

/** `--set` of an image in its parts; `at` is where it stands in the values. */
export function setImage(image: string, at = 'image'): string[] {
  const { repository, tag } = imageParts(image);
  return ['--set', `${at}.repository=${repository}`, '--set-string', `${at}.tag=${tag}`];
}

export function set(...pairs: string[]): string[] {
  return pairs.flatMap((pair) => ['--set', pair]);
}

export const DEPLOYMENTS = { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' } as const;

/** Pods of a Helm release's server. */
export function podsOfRelease(release: string): Kind {
  return { ...PODS, labelSelector: `app.kubernetes.io/instance=${release},app.kubernetes.io/name=celsius` };
}

/** The value at a path such as `status.readyReplicas` of an object whose type is not known. */
export function at(object: unknown, path: string): unknown {
  let value = object;
  for (const key of path.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  return value;
}

/** Whether a Deployment's last change is rolled out with `replicas` available (any number: undefined), all others gone. */
export function rolledOut(deployment: unknown, replicas?: number): boolean {
  const count = (path: string) => Number(at(deployment, path) ?? 0);
  const want = replicas ?? count('spec.replicas');
  return (
    count('status.observedGeneration') >= count('metadata.generation') &&
    want > 0 &&
    count('spec.replicas') === want &&
    count('status.updatedReplicas') === want &&
    count('status.availableReplicas') === want &&
    count('status.replicas') === want
  );
}

export function untilRolledOut(
  kit: Kit,
  release: string,
  seconds: number,
  replicas?: number,
): Promise<boolean> {
  return kit.until(DEPLOYMENTS, (all) => rolledOut(all.get(release), replicas) || undefined, seconds);
}

/** The cluster's version for `helm template`, which does not ask for it. */
export async function kubeVersion(kit: Kit): Promise<string[]> {
  const { gitVersion } = await kit.cluster.config.makeApiClient(VersionApi).getCode();
  return ['--kube-version', gitVersion];
}

/** How long `work` took, ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Number((performance.now() - began).toFixed(1));
}

/** Writes a tidy CSV file into the folder of results. */
export function writeCsv(
  kit: Kit,
  file: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, Cell>>[],
): void {
  mkdirSync(kit.settings.out, { recursive: true });
  writeFileSync(join(kit.settings.out, file), formatCsv(columns, rows));
}
