import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HttpMethod, RequestContext } from '@kubernetes/client-node';
import { build } from 'esbuild';
import { fetch } from 'undici';
import { PODS } from '../../knative/watch.ts';
import { at, type Kit } from './kit.ts';
import type { Ask, Asked, Load, Report } from './pod/client.ts';
import type { GrpcLoad, GrpcReport } from './pod/grpc-client.ts';

/** The pod of pod/client.ts, which asks Services from inside the cluster. */
export interface Client {
  ask(ask: Ask): Promise<Asked>;
  start(load: Load): Promise<void>;
  report(): Promise<Report>;
  /** Waits until `least` requests are sent and answered. */
  stop(): Promise<Report>;
}

export async function startClient(kit: Kit): Promise<Client> {
  const script = readFileSync(new URL('pod/client.ts', import.meta.url), 'utf8');
  const tell = await startPod(kit, 'client', 'client.ts', script);
  return {
    ask: (ask) => tell('/ask', ask),
    start: (load) => tell('/start', load),
    report: () => tell('/report', {}),
    stop: () => tell('/stop', {}),
  };
}

/** The pod of pod/grpc-client.ts, with @grpc/grpc-js in the same file. */
export interface GrpcClient {
  start(load: GrpcLoad): Promise<GrpcReport>;
  report(): Promise<GrpcReport>;
  /** Waits until what was sent is answered. */
  stop(): Promise<GrpcReport>;
}

export async function startGrpcClient(kit: Kit): Promise<GrpcClient> {
  const bundled = await build({
    entryPoints: [fileURLToPath(new URL('pod/grpc-client.ts', import.meta.url))],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  });
  const tell = await startPod(kit, 'grpc-client', 'client.cjs', bundled.outputFiles[0]?.text ?? '');
  return {
    start: (load) => tell('/start', load),
    report: () => tell('/report', {}),
    stop: () => tell('/stop', {}),
  };
}

/** A pod that runs `script` with Node. @returns what tells it things over HTTP on port 8090 */
async function startPod(kit: Kit, name: string, file: string, script: string) {
  const { core, namespace } = kit;
  await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name }, data: { [file]: script } },
  });
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name, labels: { app: name } },
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name,
            image: kit.settings.image,
            command: ['node', `/client/${file}`],
            ports: [{ containerPort: 8090 }],
            readinessProbe: { httpGet: { path: '/', port: 8090 }, periodSeconds: 1 },
            resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '512Mi' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            volumeMounts: [{ name, mountPath: '/client' }],
          },
        ],
        volumes: [{ name, configMap: { name } }],
      },
    },
  });
  const isReady = (pod: unknown) =>
    [at(pod, 'status.conditions')]
      .flat()
      .some((c) => at(c, 'type') === 'Ready' && at(c, 'status') === 'True');
  await kit.until(
    { ...PODS, fieldSelector: `metadata.name=${name}` },
    (p) => isReady(p.get(name)) || undefined,
    60,
  );

  /** Through the API server's proxy: the pod needs no way out, and nobody else a way in. */
  async function tell<T>(path: string, body: unknown): Promise<T> {
    const url = `${kit.cluster.server}/api/v1/namespaces/${namespace}/pods/${name}:8090/proxy${path}`;
    const context = new RequestContext(url, HttpMethod.POST);
    await kit.cluster.config.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...context.getHeaders(), 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(600_000),
      ...(dispatcher && { dispatcher }),
    });
    const received = await answer.text();
    if (answer.status !== 200) throw new Error(`the client pod answers ${answer.status}: ${received}`);
    return JSON.parse(received);
  }
  return tell;
}
