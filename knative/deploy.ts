import { connect } from './cluster.ts';
import {
  commonFlags,
  type Flags,
  integer,
  number,
  outputFormat,
  parse,
  timeoutFlag,
  usageError,
  type Verb,
} from './flags.ts';
import { waitReady } from './ready.ts';
import { applyService, DEPLOY_MANAGER } from './serving.ts';
import { API_VERSION, type KnativeService, type Volume } from './types.ts';

const flags = {
  image: { type: 'string', value: 'IMAGE', help: 'the container image; required' },
  port: { type: 'string', default: '8080', value: 'PORT', help: 'the port the container listens on' },
  env: { type: 'string', multiple: true, value: 'NAME=VALUE', help: "one of the container's variables" },
  protocol: {
    type: 'string',
    default: 'http1',
    value: 'http1|h2c',
    help: 'what the ingress speaks with the container; h2c: gRPC comes through, too, beside HTTP',
  },
  cpu: { type: 'string', default: '250m', value: 'CPU', help: 'CPU request; there is no limit' },
  memory: { type: 'string', default: '256Mi', value: 'BYTES', help: 'memory request and limit' },
  pvc: { type: 'string', multiple: true, value: 'CLAIM=PATH', help: 'a volume claim to mount, read-only' },
  'config-map': { type: 'string', multiple: true, value: 'NAME=PATH', help: 'a ConfigMap to mount as files' },
  secret: { type: 'string', multiple: true, value: 'NAME=PATH', help: 'a Secret to mount as files' },
  'readiness-path': {
    type: 'string',
    default: '/readyz',
    value: 'PATH',
    help: 'asked until it answers 200; "tcp": only try to connect',
  },
  'liveness-path': {
    type: 'string',
    default: '/healthz',
    value: 'PATH',
    help: 'asked every 10 s; the container is started anew where it fails three times; "none": never',
  },
  'min-scale': { type: 'string', default: '0', value: 'N', help: 'pods that are always kept' },
  'max-scale': { type: 'string', default: '0', value: 'N', help: 'pods at most; 0: no limit' },
  concurrency: { type: 'string', default: '0', value: 'N', help: 'requests at a time in a pod; 0: no limit' },
  window: { type: 'string', value: 'DURATION', help: "the autoscaler's window, 6s to 1h" },
  force: { type: 'boolean', help: 'take over fields that another field manager owns' },
  'wait-window': {
    type: 'string',
    default: '3',
    value: 'SECONDS',
    help: 'how long the revision may say that it fails before that is believed',
  },
  ...timeoutFlag,
  ...commonFlags,
} as const satisfies Flags;

export interface ServiceOptions {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly port: number;
  /** `NAME=VALUE` each. */
  readonly env: readonly string[];
  readonly protocol: 'http1' | 'h2c';
  readonly cpu: string;
  readonly memory: string;
  /** `NAME=PATH` each. */
  readonly mounts: Readonly<Record<MountKind, readonly string[]>>;
  readonly readinessPath: string;
  readonly livenessPath: string;
  readonly minScale: number;
  readonly maxScale: number;
  readonly concurrency: number;
  readonly window?: string | undefined;
}

/** The Service as it is applied: only what this client cares for, so that all else stays Knative's. */
function serviceObject(o: ServiceOptions): KnativeService {
  const annotations: Record<string, string> = {
    'autoscaling.knative.dev/min-scale': String(o.minScale),
    'autoscaling.knative.dev/max-scale': String(o.maxScale),
  };
  if (o.window !== undefined) annotations['autoscaling.knative.dev/window'] = o.window;
  const mounted = mountAll(o.mounts);
  return {
    apiVersion: API_VERSION,
    kind: 'Service',
    metadata: { name: o.name, namespace: o.namespace },
    spec: {
      template: {
        metadata: { annotations },
        spec: {
          // The server asks nothing of the API server, and nothing of other Services.
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          containerConcurrency: o.concurrency,
          ...(mounted.length === 0 ? {} : { volumes: mounted.map(({ volume }) => volume) }),
          containers: [
            {
              image: o.image,
              ports: [{ ...(o.protocol === 'h2c' && { name: 'h2c' }), containerPort: o.port }],
              env: o.env.map(variable),
              // No CPU limit: throttling would hit the cold start, when most CPU is wanted.
              resources: { requests: { cpu: o.cpu, memory: o.memory }, limits: { memory: o.memory } },
              // Without periodSeconds the queue-proxy asks every few ms until the first success, not every 10 s.
              ...(o.readinessPath === 'tcp'
                ? {}
                : { readinessProbe: { httpGet: { path: o.readinessPath } } }),
              ...(o.livenessPath === 'none' ? {} : { livenessProbe: liveness(o.livenessPath) }),
              ...(mounted.length === 0 ? {} : { volumeMounts: mounted.map(({ mount }) => mount) }),
              securityContext: {
                runAsNonRoot: true,
                readOnlyRootFilesystem: true,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                seccompProfile: { type: 'RuntimeDefault' },
              },
            },
          ],
        },
      },
    },
  };
}

/** As the chart's: slow to judge, since a full node is no dead process. */
function liveness(path: string) {
  return { httpGet: { path }, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3 };
}

/** What can be mounted, by the flag that says so. */
const VOLUMES = {
  pvc: (claimName: string): Omit<Volume, 'name'> => ({
    persistentVolumeClaim: { claimName, readOnly: true },
  }),
  'config-map': (name: string): Omit<Volume, 'name'> => ({ configMap: { name } }),
  secret: (secretName: string): Omit<Volume, 'name'> => ({ secret: { secretName } }),
} as const;

export type MountKind = keyof typeof VOLUMES;

function mountAll(mounts: ServiceOptions['mounts']) {
  const kinds: readonly MountKind[] = ['pvc', 'config-map', 'secret'];
  return kinds
    .flatMap((kind) => mounts[kind].map((text) => ({ kind, ...nameAndPath(kind, text) })))
    .map(({ kind, source, mountPath }, i) => {
      const name = `volume-${i + 1}`;
      return {
        volume: { name, ...VOLUMES[kind](source) },
        mount: { name, mountPath, readOnly: true },
      };
    });
}

function nameAndPath(flag: MountKind, text: string): { source: string; mountPath: string } {
  const [, source = '', mountPath = ''] = /^([a-z\d][a-z\d.-]*)=(\/.+)$/.exec(text) ?? [];
  if (source === '') throw usageError(`--${flag} ${JSON.stringify(text)}: want NAME=/PATH`);
  return { source, mountPath };
}

function variable(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw usageError(`--env ${JSON.stringify(text)}: want NAME=VALUE`);
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

function protocol(text: string): 'http1' | 'h2c' {
  if (text === 'http1' || text === 'h2c') return text;
  throw usageError(`--protocol ${JSON.stringify(text)}: want http1 or h2c`);
}

export const deploy: Verb = {
  summary: 'apply a Knative Service of an image and wait until it is ready',
  flags,
  async run(argv, io) {
    const { values: v } = parse(argv, flags);
    const output = outputFormat(v.output);
    if (v.image === undefined) throw usageError('deploy needs --image IMAGE');
    const window = { timeoutMs: number('timeout', v.timeout, 1) * 1000 };
    const failureWindowMs = number('wait-window', v['wait-window'], 0) * 1000;
    const options = {
      name: v.name,
      image: v.image,
      port: integer('port', v.port, 1, 65535),
      env: v.env ?? [],
      protocol: protocol(v.protocol),
      cpu: v.cpu,
      memory: v.memory,
      mounts: { pvc: v.pvc ?? [], 'config-map': v['config-map'] ?? [], secret: v.secret ?? [] },
      readinessPath: v['readiness-path'],
      livenessPath: v['liveness-path'],
      minScale: integer('min-scale', v['min-scale'], 0),
      maxScale: integer('max-scale', v['max-scale'], 0),
      concurrency: integer('concurrency', v.concurrency, 0, 1000),
      window: v.window,
    };
    const cluster = connect(v, io.env);
    const began = performance.now();
    const service = serviceObject({ ...options, namespace: cluster.namespace });
    await applyService(cluster, service, { manager: DEPLOY_MANAGER, force: v.force ?? false });
    const ready = await waitReady(cluster, v.name, { ...window, failureWindowMs }, io);
    const result = {
      name: v.name,
      namespace: cluster.namespace,
      revision: ready.status?.latestReadyRevisionName ?? '',
      url: ready.status?.url ?? '',
      ready_ms: Math.round(performance.now() - began),
    };
    io.out(
      output === 'json'
        ? JSON.stringify(result)
        : `${result.name} is ready at ${result.url} (revision ${result.revision}, ${result.ready_ms} ms)`,
    );
  },
};
