import {
  boolean,
  choice,
  filled,
  integer,
  list,
  mapOf,
  matching,
  object,
  orNull,
  port,
  type Schema,
  strings,
  text,
  texts,
} from './json-schema.ts';
import { Kubernetes } from './kubernetes.ts';
import { config } from './options.ts';
import { common, image, pullPolicy, schemaOf, testImage } from './shared.ts';

const kubernetes = new Kubernetes();
const { type } = kubernetes;
const probe = orNull(type('V1Probe'));
/** Helm's --set knows whole numbers only: others come as text. */
const positive = (maximum?: number): Schema => ({
  type: ['number', 'string', 'null'],
  exclusiveMinimum: 0,
  ...(maximum === undefined ? {} : { maximum }),
  pattern: '^0?\\.[0-9]+$|^[1-9][0-9]*\\.[0-9]+$',
});
const percentage = orNull(integer(1));
/** As Go writes durations, and Prometheus and Knative read them. */
const duration = matching('^([0-9]+(ms|s|m|h))+$', 'such as 30s');
const MODEL_NAME = '^[\\w.-]{1,128}$';
const version = integer(0);

/** Where a model comes from, and which of its versions are served; _rules.tpl sees to it that there is one source. */
const model = object({
  path: filled,
  image: object({ reference: filled, pullPolicy, subPath: text }, 'reference'),
  persistentVolumeClaim: object({ claimName: filled, subPath: text }, 'claimName'),
  configMap: object(
    { name: filled, version: integer(1), items: list(object({ key: filled, path: filled }, 'key', 'path')) },
    'name',
  ),
  storageUri: filled,
  versions: object({ latest: integer(1), all: { const: true }, specific: list(version) }),
  labels: mapOf(version),
});

const fetch = object({
  image,
  command: texts,
  args: texts,
  env: list(type('V1EnvVar')),
  envFrom: list(type('V1EnvFromSource')),
  resources: type('V1ResourceRequirements'),
  sizeLimit: text,
});

const parentRef = object(
  { group: text, kind: text, namespace: text, name: filled, sectionName: text, port },
  'name',
);
const headerMatch = object(
  { type: choice('Exact', 'RegularExpression'), name: filled, value: text },
  'name',
  'value',
);
const route = (match: Schema) =>
  object({
    enabled: boolean,
    annotations: strings,
    labels: strings,
    parentRefs: list(parentRef),
    hostnames: texts,
    matches: list(match),
  });
const httpMatch = object({
  path: object({ type: choice('Exact', 'PathPrefix', 'RegularExpression'), value: text }),
  headers: list(headerMatch),
  queryParams: list(headerMatch),
  method: choice('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'),
});
const grpcMatch = object({
  method: object({ type: choice('Exact', 'RegularExpression'), service: text, method: text }),
  headers: list(headerMatch),
});

const autoscaling = object({
  enabled: boolean,
  minReplicas: integer(1),
  maxReplicas: integer(1),
  targetCPUUtilizationPercentage: percentage,
  targetMemoryUtilizationPercentage: percentage,
  perPod: object({
    requestsUnderWay: positive(),
    queueSeconds: positive(),
    eventLoopUse: positive(1),
  }),
  metrics: list(type('V2MetricSpec')),
  behavior: type('V2HorizontalPodAutoscalerBehavior'),
  keda: object({
    enabled: boolean,
    serverAddress: text,
    pollingInterval: integer(1),
    cooldownPeriod: integer(0),
    triggers: list({ type: 'object', required: ['type', 'metadata'] }),
  }),
});

/** The schema of helm/celsius/values.yaml. */
export const celsiusSchema = schemaOf(
  'Values of the celsius chart',
  {
    ...common(kubernetes),
    server: choice('celsius', 'tensorflow-serving'),
    replicaCount: integer(0),
    commonLabels: strings,
    command: texts,
    args: texts,
    models: mapOf(model, MODEL_NAME),
    modelConfig: object({ configMap: text, key: filled }),
    fetch,
    config,
    extraEnv: list(type('V1EnvVar')),
    envFrom: list(type('V1EnvFromSource')),
    extraVolumes: list(type('V1Volume')),
    extraVolumeMounts: list(type('V1VolumeMount')),
    initContainers: list(type('V1Container')),
    extraContainers: list(type('V1Container')),
    extraObjects: list({ type: 'object', required: ['apiVersion', 'kind'] }),
    grpc: object({ port: integer(0, 65535) }),
    tls: object({ secretName: text, ports: choice('all', 'http', 'grpc'), clientCa: boolean }),
    metrics: object({
      port: integer(0, 65535),
      token: matching('^[!-~]{0,256}$'),
      existingSecret: text,
    }),
    containerPort: port,
    service: object({
      type: choice('ClusterIP', 'NodePort', 'LoadBalancer'),
      port,
      nodePort: orNull(port),
      grpcNodePort: orNull(port),
      labels: strings,
      annotations: strings,
      trafficDistribution: choice('', 'PreferClose', 'PreferSameZone', 'PreferSameNode'),
    }),
    startupProbe: probe,
    livenessProbe: probe,
    readinessProbe: probe,
    lifecycle: type('V1Lifecycle'),
    terminationGracePeriodSeconds: integer(1),
    minReadySeconds: integer(0),
    revisionHistoryLimit: integer(0),
    resources: type('V1ResourceRequirements'),
    autoscaling,
    strategy: type('V1DeploymentStrategy'),
    podDisruptionBudget: object({
      enabled: boolean,
      maxUnavailable: { type: ['integer', 'string'], minimum: 1, pattern: '^[1-9][0-9]?%$|^100%$' },
    }),
    serviceAccount: object({ create: boolean, name: text, annotations: strings }),
    topologySpreadConstraints: list(type('V1TopologySpreadConstraint')),
    priorityClassName: text,
    runtimeClassName: text,
    networkPolicy: object({
      enabled: boolean,
      from: list(type('V1NetworkPolicyPeer')),
      metricsFrom: list(type('V1NetworkPolicyPeer')),
      egress: list(type('V1NetworkPolicyEgressRule')),
    }),
    ingress: object({
      enabled: boolean,
      className: text,
      annotations: strings,
      hosts: list(
        object(
          {
            host: text,
            paths: list(
              object(
                { path: matching('^/'), pathType: choice('Exact', 'Prefix', 'ImplementationSpecific') },
                'path',
                'pathType',
              ),
            ),
          },
          'host',
          'paths',
        ),
      ),
      tls: list(type('V1IngressTLS')),
    }),
    httpRoute: route(httpMatch),
    grpcRoute: route(grpcMatch),
    serviceMonitor: object({
      enabled: boolean,
      labels: strings,
      interval: duration,
      scrapeTimeout: matching('^(([0-9]+(ms|s|m|h))+)?$'),
      path: matching('^/'),
      tlsConfig: { type: 'object' },
    }),
    knative: object({
      enabled: boolean,
      minScale: integer(0),
      maxScale: integer(0),
      targetConcurrency: { type: 'number', exclusiveMinimum: 0 },
      containerConcurrency: integer(0, 1000),
      window: duration,
      scaleToZeroRetention: duration,
      timeoutSeconds: integer(1),
      drainDelayMs: integer(0, 600_000),
      h2c: boolean,
      clusterLocal: boolean,
      annotations: strings,
      revisionAnnotations: strings,
    }),
    test: object({ image: testImage }),
  },
  kubernetes,
);
