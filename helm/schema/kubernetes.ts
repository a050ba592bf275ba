import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as client from '@kubernetes/client-node';
import { choice, list, mapOf, object, type Schema, text } from './json-schema.ts';

/**
 * Kubernetes' own schemas, out of its client: its classes are generated from Kubernetes' OpenAPI, and name each field and
 * its type. What the OpenAPI does not tell, since it has quantities and enumerations as any text, is added here.
 */
const QUANTITY: Schema = {
  type: ['number', 'string'],
  minimum: 0,
  pattern: '^[0-9]+(\\.[0-9]+)?([eE][0-9]+|m|[kMGTPE]|[KMGTPE]i)?$',
  description: 'a quantity, such as 250m or 128Mi',
};
const OPERATORS = choice('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt');
const FIELDS: Readonly<Record<string, Schema>> = {
  'V1ResourceRequirements.limits': mapOf(QUANTITY),
  'V1ResourceRequirements.requests': mapOf(QUANTITY),
  'V1VolumeResourceRequirements.limits': mapOf(QUANTITY),
  'V1VolumeResourceRequirements.requests': mapOf(QUANTITY),
  'V1EmptyDirVolumeSource.sizeLimit': QUANTITY,
  'V1ResourceFieldSelector.divisor': QUANTITY,
  'V2MetricTarget.averageValue': QUANTITY,
  'V2MetricTarget.value': QUANTITY,
  'V2MetricTarget.type': choice('Utilization', 'Value', 'AverageValue'),
  'V2MetricSpec.type': choice('Resource', 'ContainerResource', 'Pods', 'Object', 'External'),
  'V2HPAScalingRules.selectPolicy': choice('Max', 'Min', 'Disabled'),
  'V2HPAScalingPolicy.type': choice('Pods', 'Percent'),
  'V1DeploymentStrategy.type': choice('RollingUpdate', 'Recreate'),
  'V1Container.imagePullPolicy': choice('Always', 'IfNotPresent', 'Never'),
  'V1ImageVolumeSource.pullPolicy': choice('Always', 'IfNotPresent', 'Never'),
  'V1HTTPGetAction.scheme': choice('HTTP', 'HTTPS'),
  'V1ContainerPort.protocol': choice('TCP', 'UDP', 'SCTP'),
  'V1NetworkPolicyPort.protocol': choice('TCP', 'UDP', 'SCTP'),
  'V1Toleration.operator': choice('Exists', 'Equal', 'Lt', 'Gt'),
  'V1Toleration.effect': choice('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  'V1TopologySpreadConstraint.whenUnsatisfiable': choice('DoNotSchedule', 'ScheduleAnyway'),
  'V1NodeSelectorRequirement.operator': OPERATORS,
  'V1LabelSelectorRequirement.operator': choice('In', 'NotIn', 'Exists', 'DoesNotExist'),
  'V1SeccompProfile.type': choice('RuntimeDefault', 'Unconfined', 'Localhost'),
};
const PLAIN: Readonly<Record<string, Schema>> = {
  string: text,
  boolean: { type: 'boolean' },
  number: { type: 'number' },
  any: {},
  object: { type: 'object' },
  Date: text,
  V1MicroTime: text,
  IntOrString: { type: ['integer', 'string'] },
};

/** Where the client's declarations lie: they say which fields a type requires, its classes do not. */
const MODELS = join(dirname(fileURLToPath(import.meta.resolve('@kubernetes/client-node'))), 'gen/models');

/** Collects the definitions that a schema refers to. */
export class Kubernetes {
  readonly definitions: Record<string, Schema> = {};

  /**
   * @param name of a type as the client calls it, such as `V1Affinity`
   * @param optional fields that need not be given, since the chart has a value for them
   * @returns a reference to its definition
   */
  readonly type = (name: string, ...optional: string[]): Schema => {
    const key = [name, ...optional].join('-without-');
    if (!(key in this.definitions)) {
      this.definitions[key] = {}; // before its fields, for a type that holds itself
      this.definitions[key] = this.#define(name, optional);
    }
    return { $ref: `#/definitions/${key}` };
  };

  #define(name: string, optional: readonly string[]): Schema {
    const type: unknown = Reflect.get(client, name);
    const attributes = typeof type === 'function' ? attributesOf(Reflect.get(type, 'attributeTypeMap')) : [];
    if (attributes.length === 0) throw new Error(`@kubernetes/client-node has no type ${name}`);
    const declared = readFileSync(join(MODELS, `${name}.d.ts`), 'utf8');
    const properties = Object.fromEntries(
      attributes.map(({ baseName, type, format }) => [
        baseName,
        FIELDS[`${name}.${baseName}`] ?? this.#ofType(type, format),
      ]),
    );
    const required = attributes
      .filter((one) => declared.includes(`    '${one.name}': `) && !optional.includes(one.baseName))
      .map((one) => one.baseName);
    return object(properties, ...required);
  }

  #ofType(type: string, format: string): Schema {
    const items = /^(?:Array|Set)<(.*)>$/.exec(type)?.[1];
    if (items !== undefined) return list(this.#ofType(items, format));
    const values = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
    if (values !== undefined) return mapOf(this.#ofType(values, format));
    if (type === 'number' && /^int/.test(format)) return { type: 'integer' };
    return PLAIN[type] ?? this.type(type);
  }
}

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

function attributesOf(map: unknown): Attribute[] {
  const of = (one: unknown, key: string) =>
    String(typeof one === 'object' && one !== null ? Reflect.get(one, key) : '');
  return (Array.isArray(map) ? map : []).map((one) => ({
    name: of(one, 'name'),
    baseName: of(one, 'baseName'),
    type: of(one, 'type'),
    format: of(one, 'format'),
  }));
}
