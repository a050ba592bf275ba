import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { run } from './cli.ts';
import { type ApiObject, type FakeCluster, fakeCluster, type Script } from './fake-cluster.ts';
import { API_VERSION, type Condition, REVISION_LABEL, SERVICE_LABEL } from './types.ts';

/** What one run of the client did. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with a kubeconfig for the fake cluster, and the client run in it. */
export function workspace(server: string) {
  const folder = mkdtempSync(join(tmpdir(), 'knative-'));
  const kubeconfig = join(folder, 'config');
  writeFileSync(kubeconfig, kubeconfigFor(server));
  return {
    folder,
    kubeconfig,
    remove: () => rmSync(folder, { recursive: true }),
    async run(args: readonly string[], signal = new AbortController().signal): Promise<Outcome> {
      let out = '';
      let err = '';
      const code = await run(args, {
        env: { KUBECONFIG: kubeconfig, HOME: folder },
        out: (text) => {
          out += `${text}\n`;
        },
        err: (text) => {
          err += text;
        },
        tty: false,
        signal,
      });
      return { code, out, err };
    },
  };
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'someone', user: {} }],
    contexts: [{ name: 'here', context: { cluster: 'fake', user: 'someone', namespace: 'space' } }],
    'current-context': 'here',
  });
}

export function ready(status: 'True' | 'False' | 'Unknown', reason?: string, message?: string): Condition {
  return { type: 'Ready', status, ...(reason && { reason }), ...(message && { message }) };
}

interface ServiceState {
  readonly conditions?: readonly Condition[];
  readonly spec?: unknown;
  readonly generation?: number;
  readonly traffic?: readonly object[];
}

export function service(name: string, state: ServiceState = {}): ApiObject & Record<string, unknown> {
  const generation = state.generation ?? 1;
  return {
    apiVersion: API_VERSION,
    kind: 'Service',
    metadata: { name, namespace: 'space', generation },
    spec: state.spec ?? { template: { spec: { containers: [{ image: 'dev.local/celsius:1' }] } } },
    status: {
      observedGeneration: generation,
      url: `http://${name}.space.example.com`,
      latestCreatedRevisionName: `${name}-00001`,
      latestReadyRevisionName: `${name}-00001`,
      conditions: state.conditions ?? [ready('True')],
      traffic: state.traffic ?? [{ revisionName: `${name}-00001`, latestRevision: true, percent: 100 }],
    },
  };
}

export function route(name: string, traffic: readonly object[]): ApiObject & Record<string, unknown> {
  const metadata = { name, namespace: 'space' };
  return { apiVersion: API_VERSION, kind: 'Route', metadata, status: { traffic } };
}

export function revision(
  of: string,
  number: number,
  condition = ready('True'),
): ApiObject & Record<string, unknown> {
  return {
    apiVersion: API_VERSION,
    kind: 'Revision',
    metadata: {
      name: `${of}-0000${number}`,
      namespace: 'space',
      labels: { [SERVICE_LABEL]: of, 'serving.knative.dev/configurationGeneration': String(number) },
    },
    spec: { containers: [{ image: `dev.local/celsius:${number}` }] },
    status: { conditions: [condition] },
  };
}

interface PodState {
  readonly node?: string;
  readonly ready?: boolean;
  readonly container?: object;
}

export function pod(of: string, name: string, state: PodState = {}): ApiObject & Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'space',
      labels: { [SERVICE_LABEL]: of, [REVISION_LABEL]: `${of}-00001` },
    },
    spec: state.node === undefined ? {} : { nodeName: state.node },
    status: {
      conditions: [{ type: 'Ready', status: state.ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'queue-proxy' }, { name: 'user-container', ...state.container }],
    },
  };
}

/** Puts a Service with one ready revision, all traffic to it. */
export function putReady(cluster: FakeCluster, name: string): void {
  cluster.put(service(name));
  cluster.put(revision(name, 1));
  cluster.put(route(name, [{ revisionName: `${name}-00001`, percent: 100 }]));
}

/** A fake cluster and a workspace for it, until the test's end. */
export async function start(t: Test, script?: Script) {
  const cluster = await fakeCluster(script);
  const space = workspace(cluster.url);
  t.teardown(async () => {
    space.remove();
    await cluster.close();
  });
  return { cluster, space };
}

/**
 * What Knative's controllers do: the applied Service has the first condition at once, and goes on to the next each
 * time a watch is opened, so that every one of them is seen.
 */
export function become(first: Condition, ...later: readonly Condition[]): Script {
  const left = [...later];
  const put = (cluster: FakeCluster, object: ApiObject, condition: Condition) => {
    const { name, generation = 1 } = object.metadata;
    cluster.put({ ...object, ...{ status: service(name, { generation, conditions: [condition] }).status } });
  };
  return {
    react: (object, cluster) => put(cluster, object, first),
    answer: ({ query }, cluster) => {
      const object = cluster.get('Service', 'celsius');
      const next = query.has('watch') ? left.shift() : undefined;
      if (object && next) put(cluster, object, next);
      return undefined;
    },
  };
}

export function sentObject(cluster: FakeCluster, method: string): unknown {
  return JSON.parse(cluster.seen.find((r) => r.method === method)?.body ?? 'null');
}
