import Type, { type Static, type TSchema } from 'typebox';
import Value from 'typebox/value';
import { FatalError } from '../function/errors.ts';

/**
 * The parts of Knative's objects that this client reads or writes, as schemas: the API server's answers are
 * checked against them, and the TypeScript types follow from them. Fields that are not named are let through.
 * Source: Knative Serving's API, serving.knative.dev/v1.
 */
export const API_VERSION = 'serving.knative.dev/v1';

/** Labels that Knative puts on what belongs to a Service or a Revision (pods too). */
export const SERVICE_LABEL = 'serving.knative.dev/service';
export const REVISION_LABEL = 'serving.knative.dev/revision';

const Strings = Type.Record(Type.String(), Type.String());

const Metadata = Type.Object({
  name: Type.String(),
  namespace: Type.Optional(Type.String()),
  generation: Type.Optional(Type.Integer()),
  resourceVersion: Type.Optional(Type.String()),
  labels: Type.Optional(Strings),
  annotations: Type.Optional(Strings),
});

/** `status` is "True", "False" or "Unknown"; `reason` is one CamelCase word, `message` a sentence. */
const Condition = Type.Object({
  type: Type.String(),
  status: Type.String(),
  reason: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  severity: Type.Optional(Type.String()),
});

/** Where requests go: `percent` is whole percent, all of a Service's add up to 100; a tag has a URL of its own. */
const TrafficTarget = Type.Object({
  revisionName: Type.Optional(Type.String()),
  latestRevision: Type.Optional(Type.Boolean()),
  percent: Type.Optional(Type.Integer()),
  tag: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
});

const Probe = Type.Object({
  httpGet: Type.Optional(Type.Object({ path: Type.Optional(Type.String()) })),
  periodSeconds: Type.Optional(Type.Integer()),
  timeoutSeconds: Type.Optional(Type.Integer()),
  failureThreshold: Type.Optional(Type.Integer()),
});

const Volume = Type.Object({
  name: Type.String(),
  persistentVolumeClaim: Type.Optional(
    Type.Object({ claimName: Type.String(), readOnly: Type.Optional(Type.Boolean()) }),
  ),
  configMap: Type.Optional(Type.Object({ name: Type.Optional(Type.String()) })),
  secret: Type.Optional(Type.Object({ secretName: Type.Optional(Type.String()) })),
});

const Container = Type.Object({
  name: Type.Optional(Type.String()),
  image: Type.String(),
  env: Type.Optional(Type.Array(Type.Object({ name: Type.String(), value: Type.Optional(Type.String()) }))),
  ports: Type.Optional(
    Type.Array(Type.Object({ name: Type.Optional(Type.String()), containerPort: Type.Integer() })),
  ),
  resources: Type.Optional(Type.Object({ requests: Type.Optional(Strings), limits: Type.Optional(Strings) })),
  readinessProbe: Type.Optional(Probe),
  livenessProbe: Type.Optional(Probe),
  volumeMounts: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        mountPath: Type.String(),
        readOnly: Type.Optional(Type.Boolean()),
      }),
    ),
  ),
  securityContext: Type.Optional(Type.Object({})),
});

const RevisionSpec = Type.Object({
  containerConcurrency: Type.Optional(Type.Integer()),
  timeoutSeconds: Type.Optional(Type.Integer()),
  automountServiceAccountToken: Type.Optional(Type.Boolean()),
  enableServiceLinks: Type.Optional(Type.Boolean()),
  volumes: Type.Optional(Type.Array(Volume)),
  containers: Type.Array(Container),
});

const Conditions = Type.Optional(Type.Array(Condition));

export const KnativeService = Type.Object({
  apiVersion: Type.Literal(API_VERSION),
  kind: Type.Literal('Service'),
  metadata: Metadata,
  spec: Type.Object({
    template: Type.Optional(
      Type.Object({
        metadata: Type.Optional(Type.Object({ annotations: Type.Optional(Strings) })),
        spec: RevisionSpec,
      }),
    ),
    traffic: Type.Optional(Type.Array(TrafficTarget)),
  }),
  status: Type.Optional(
    Type.Object({
      observedGeneration: Type.Optional(Type.Integer()),
      url: Type.Optional(Type.String()),
      latestCreatedRevisionName: Type.Optional(Type.String()),
      latestReadyRevisionName: Type.Optional(Type.String()),
      conditions: Conditions,
      traffic: Type.Optional(Type.Array(TrafficTarget)),
    }),
  ),
});

export const KnativeRevision = Type.Object({
  apiVersion: Type.Literal(API_VERSION),
  kind: Type.Literal('Revision'),
  metadata: Metadata,
  spec: RevisionSpec,
  status: Type.Optional(
    Type.Object({
      conditions: Conditions,
      actualReplicas: Type.Optional(Type.Integer()),
      containerStatuses: Type.Optional(
        Type.Array(Type.Object({ imageDigest: Type.Optional(Type.String()) })),
      ),
    }),
  ),
});

export const KnativeRoute = Type.Object({
  apiVersion: Type.Literal(API_VERSION),
  kind: Type.Literal('Route'),
  metadata: Metadata,
  status: Type.Optional(
    Type.Object({
      observedGeneration: Type.Optional(Type.Integer()),
      url: Type.Optional(Type.String()),
      conditions: Conditions,
      traffic: Type.Optional(Type.Array(TrafficTarget)),
    }),
  ),
});

export type Condition = Static<typeof Condition>;
export type Volume = Static<typeof Volume>;
export type TrafficTarget = Static<typeof TrafficTarget>;
export type KnativeService = Static<typeof KnativeService>;
export type KnativeRevision = Static<typeof KnativeRevision>;
export type KnativeRoute = Static<typeof KnativeRoute>;

/** @throws {FatalError} naming the first field that is not as Knative's v1 API has it */
export function parseObject<T extends TSchema>(schema: T, value: unknown): Static<T> {
  if (Value.Check(schema, value)) return value;
  const first = Value.Errors(schema, value)[0];
  throw new FatalError(
    `the API server's answer is not a ${API_VERSION} object: ${first?.instancePath || '/'} ${first?.message ?? ''}; ` +
      'this client knows Knative Serving 1.0 and later',
  );
}

export function condition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((c) => c.type === type);
}

/** "Reason: message" with whatever of the two there is. */
export function reasonOf(c: Condition | undefined): string {
  return [c?.reason, c?.message?.replace(/\s+/g, ' ').trim()].filter(Boolean).join(': ') || 'no reason given';
}
