import { choice, integer, matching, object, port, text, texts } from './json-schema.ts';
import { Kubernetes } from './kubernetes.ts';
import { common, schemaOf } from './shared.ts';

const kubernetes = new Kubernetes();
const resources = object({ resources: kubernetes.type('V1ResourceRequirements') });

/** The schema of helm/locust/values.yaml. */
export const locustSchema = schemaOf(
  'Values of the locust chart',
  {
    ...common(kubernetes),
    mode: choice('job', 'web'),
    target: object({
      host: matching('^https?://'),
      api: choice('celsius', 'predict'),
      model: matching('^[\\w.-]{1,128}$'),
      rows: integer(1),
      body: text,
    }),
    load: object({
      users: integer(1),
      spawnRate: { type: 'number', exclusiveMinimum: 0 },
      seconds: integer(1),
      steps: integer(1),
      pace: { type: 'number', minimum: 0 },
      reconnectEvery: integer(0),
    }),
    workers: integer(1),
    extraArgs: texts,
    results: object({ existingClaim: text, keepSeconds: integer(0) }),
    service: object({ type: choice('ClusterIP', 'NodePort', 'LoadBalancer'), port }),
    master: resources,
    worker: resources,
  },
  kubernetes,
);
