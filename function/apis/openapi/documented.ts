import type { Signature } from '../../model/signatures.ts';
import type { Deps } from '../deps.ts';
import type { Json } from './openapi-answers.ts';

/** Versions of a model that take and give the same. */
export interface Alike {
  readonly versions: readonly string[];
  readonly labels: readonly string[];
  readonly signatures: ReadonlyMap<string, Signature>;
}

/** A model that answers. */
export interface DocumentedModel {
  readonly name: string;
  /** A word of its own, for what the document names after the model. */
  readonly id: string;
  /** First those that are like the version which answers where none is asked for. */
  readonly groups: readonly [Alike, ...Alike[]];
}

/** The versions that answer now, by their identity: where it is the same list, it is the same document. */
export interface Snapshot {
  readonly models: readonly {
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
    /** The one that answers where none is asked for, then the others. */
    readonly served: readonly {
      readonly version: string;
      readonly signatures: ReadonlyMap<string, Signature>;
    }[];
  }[];
  /** Whether POST /celsius is answered. */
  readonly converts: boolean;
}

export function snapshotOf(models: Deps['models'], converts: boolean): Snapshot {
  const listed = models.list().flatMap(({ name, versions, labels }) => {
    const available = versions.filter(({ state }) => state === 'AVAILABLE');
    if (available.length === 0) return [];
    const first = models.find(name);
    const all = available.map(({ version }) => models.find(name, { version }));
    return [{ name, labels, served: [first, ...all.filter((one) => one !== first)] }];
  });
  return { models: listed, converts };
}

export function isSame(a: Snapshot, b: Snapshot): boolean {
  return (
    a.converts === b.converts &&
    a.models.length === b.models.length &&
    a.models.every(({ name, labels, served }, i) => {
      const other = b.models[i];
      return (
        other?.name === name &&
        served.length === other.served.length &&
        served.every((one, j) => one === other.served[j]) &&
        String([...labels]) === String([...other.labels])
      );
    })
  );
}

/** @param taken words that other models have; this one's is added */
export function documented(
  { name, labels, served }: Snapshot['models'][number],
  taken: Set<string>,
): DocumentedModel | undefined {
  const groups = new Map<string, { versions: string[]; labels: string[]; signatures: Alike['signatures'] }>();
  for (const { version, signatures } of served) {
    const key = JSON.stringify([...signatures.values()].map(shapeOf));
    const group = groups.get(key) ?? { versions: [], labels: [], signatures };
    groups.set(key, group);
    group.versions.push(version);
    for (const [label, of] of labels) if (of === version) group.labels.push(label);
  }
  const [first, ...others] = groups.values();
  return first === undefined ? undefined : { name, id: idOf(name, taken), groups: [first, ...others] };
}

/** What of a signature is told to callers. */
function shapeOf({ name, method, inputs, outputs, defaults, unsupported }: Signature): unknown {
  const told = (infos: Signature['inputs']) => infos.map(({ key, dtype, shape }) => [key, dtype, shape]);
  return [name, method, told(inputs), told(outputs), [...(defaults?.keys() ?? [])], unsupported];
}

function idOf(name: string, taken: Set<string>): string {
  const word = name.replace(/[^\w.-]/g, '_');
  let id = word;
  for (let i = 2; taken.has(id); i++) id = `${word}_${i}`;
  taken.add(id);
  return id;
}

/** Ways to a model by one API: as it is, and by version or label; each with the versions that answer there. */
export interface Address {
  readonly base: string;
  /** Goes on after an operation's ID. */
  readonly suffix: string;
  readonly parameters: readonly Json[];
  readonly alike: Alike;
  /** The number of those versions' schemas: 0 for the first group's. */
  readonly group: number;
}

/** @param prefix e.g. `/v1/models`, @param byLabel whether the API has labels */
export function addressesOf({ name, groups }: DocumentedModel, prefix: string, byLabel: boolean): Address[] {
  const base = `${prefix}/${encodeURIComponent(name)}`;
  const [first, ...others] = groups;
  const template = (kind: 'version' | 'label', values: readonly string[]): Address[] => {
    if (values.length === 0) return [];
    const what =
      kind === 'version' ? 'Those that answer; any other is 404.' : 'Labels of versions that answer.';
    const schema = { type: 'string', enum: values };
    const parameters = [{ name: kind, in: 'path', required: true, description: what, schema }];
    const suffix = kind === 'version' ? '.OfVersion' : '.OfLabel';
    return [{ base: `${base}/${kind}s/{${kind}}`, suffix, parameters, alike: first, group: 0 }];
  };
  const one = (kind: 'version' | 'label', value: string, alike: Alike, group: number): Address => ({
    base: `${base}/${kind}s/${encodeURIComponent(value)}`,
    suffix: `.${kind}.${value.replace(/[^\w.-]/g, '_')}`,
    parameters: [],
    alike,
    group,
  });
  return [
    { base, suffix: '', parameters: [], alike: first, group: 0 },
    ...template('version', first.versions),
    ...(byLabel ? template('label', first.labels) : []),
    ...others.flatMap((alike, i) => [
      ...alike.versions.map((version) => one('version', version, alike, i + 1)),
      ...(byLabel ? alike.labels.map((label) => one('label', label, alike, i + 1)) : []),
    ]),
  ];
}
