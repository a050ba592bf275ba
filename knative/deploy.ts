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
import { API_VERSION, type KnativeService } from './types.ts';

const flags = {
  image: { type: 'string', value: 'IMAGE', help: 'the container image; required' },
  port: { type: 'string', default: '8080', value: 'PORT', help: 'the port the container listens on' },
  env: { type: 'string', multiple: true, value: 'NAME=VALUE', help: "one of the container's variables" },
  cpu: { type: 'string', value: 'CPU', help: 'CPU request, such as 500m' },
  memory: { type: 'string', value: 'BYTES', help: 'memory request and limit, such as 512Mi' },
  'readiness-path': {
    type: 'string',
    default: '/readyz',
    value: 'PATH',
    help: 'asked until it answers 200; "tcp": only try to connect',
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
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly readinessPath: string;
  readonly minScale: number;
  readonly maxScale: number;
  readonly concurrency: number;
  readonly window?: string | undefined;
}

/** The Service as it is applied: only what this client cares for, so that all else stays Knative's. */
export function serviceObject(o: ServiceOptions): KnativeService {
  const annotations: Record<string, string> = {
    'autoscaling.knative.dev/min-scale': String(o.minScale),
    'autoscaling.knative.dev/max-scale': String(o.maxScale),
  };
  if (o.window !== undefined) annotations['autoscaling.knative.dev/window'] = o.window;
  const requests: Record<string, string> = {};
  if (o.cpu !== undefined) requests.cpu = o.cpu;
  if (o.memory !== undefined) requests.memory = o.memory;
  // No CPU limit: throttling would hit the cold start, when most CPU is wanted.
  const limits: Record<string, string> = o.memory === undefined ? {} : { memory: o.memory };
  return {
    apiVersion: API_VERSION,
    kind: 'Service',
    metadata: { name: o.name, namespace: o.namespace },
    spec: {
      template: {
        metadata: { annotations },
        spec: {
          containerConcurrency: o.concurrency,
          containers: [
            {
              image: o.image,
              ports: [{ containerPort: o.port }],
              env: o.env.map(variable),
              resources: { requests, limits },
              // Without periodSeconds the queue-proxy asks every few ms until the first success, not every 10 s.
              ...(o.readinessPath === 'tcp'
                ? {}
                : { readinessProbe: { httpGet: { path: o.readinessPath } } }),
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

function variable(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw usageError(`--env ${JSON.stringify(text)}: want NAME=VALUE`);
  return { name: text.slice(0, at), value: text.slice(at + 1) };
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
      cpu: v.cpu,
      memory: v.memory,
      readinessPath: v['readiness-path'],
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
