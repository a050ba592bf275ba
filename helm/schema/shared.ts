import { choice, filled, list, matching, object, type Schema, strings, text } from './json-schema.ts';
import type { Kubernetes } from './kubernetes.ts';

export const pullPolicy = choice('Always', 'IfNotPresent', 'Never');
const imageKeys = {
  tag: { type: ['string', 'integer'] },
  digest: matching('^(sha256:[0-9a-f]{64})?$', 'sha256:… or empty'),
};
export const image = object({ repository: filled, ...imageKeys, pullPolicy }, 'repository');
/** Of `helm test`: where it has no repository, it is the chart's own image. */
export const testImage = object({ repository: text, ...imageKeys });

/** What both charts have, as most charts do. */
export const common = ({ type }: Kubernetes): Record<string, Schema> => ({
  global: { type: 'object' },
  image,
  imagePullSecrets: list(object({ name: filled }, 'name')),
  nameOverride: text,
  fullnameOverride: text,
  podSecurityContext: type('V1PodSecurityContext'),
  securityContext: type('V1SecurityContext'),
  podAnnotations: strings,
  podLabels: strings,
  nodeSelector: strings,
  tolerations: list(type('V1Toleration')),
  affinity: type('V1Affinity'),
});

/** The whole schema of a chart's values. */
export function schemaOf(
  title: string,
  values: Readonly<Record<string, Schema>>,
  kubernetes: Kubernetes,
): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title,
    ...object(values),
    definitions: kubernetes.definitions,
  };
}
