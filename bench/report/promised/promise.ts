import { column, divide, type Source, type Unit } from '../figures.ts';
import { bestOf, SERVING, type Side } from '../models.ts';
import type { Results } from '../results.ts';

/** A comparison that an issue promised before it was measured. */
export interface Promised {
  readonly issue: number;
  readonly what: string;
  readonly must: Must;
  /** As the figure is written. */
  readonly unit: Unit;
  /** Where the figure may be from, the best first. */
  readonly of: readonly ((results: Results) => Source | undefined)[];
  /** Of several rows rather than of their median. */
  readonly sum?: boolean;
  /** The same figure in a setting, or against a server, that the issue did not name: told, and not counted. */
  readonly beside?: 'setting' | 'newest';
}

/** What it has to be at least or at most. */
export type Must = { readonly atLeast: number } | { readonly atMost: number };

export const OURS = 'celsiusify';
export const REAL = [
  ['encoder', 'encoder'],
  ['mobilenet_v2', 'MobileNetV2'],
  ['resnet50', 'ResNet-50'],
] as const;

type Where = Readonly<Record<string, string | number>>;

const FOLDERS = ['engine', 'models'];

/** A column of a file in one folder or another: the benchmark of models that take milliseconds asks more often, and is run after each change of the engine. */
export function either(file: string, where: Where, name: string): Promised['of'] {
  return FOLDERS.map((folder) => () => column(`${folder}/${file}.csv`, where, name));
}

/** A column over another one, both of one folder. */
export function over(
  file: string,
  where: Where,
  name: string,
  below: Where,
  belowName = name,
): Promised['of'] {
  return FOLDERS.map((folder) => () => {
    const path = `${folder}/${file}.csv`;
    return divide(column(path, where, name), column(path, below, belowName));
  });
}

/** Over TensorFlow Serving's best setting: that with the best median. */
export function overBest(
  model: string,
  clients: number,
  name: string,
  better: 'higher' | 'lower',
): Promised['of'] {
  return FOLDERS.map((folder) => overBestIn(`${folder}/load.csv`, model, clients, name, better));
}

export function overBestIn(
  path: string,
  model: string,
  clients: number,
  name: string,
  better: 'higher' | 'lower',
  ours = OURS,
  theirs: readonly string[] = SERVING,
) {
  return (results: Results): Source | undefined => {
    const sides: Side[] = theirs.map((target) => ({
      target,
      source: column(path, { model, target, clients }, name),
    }));
    const best = bestOf(results, sides, better);
    return best && divide(column(path, { model, target: ours, clients }, name), best.source);
  };
}

interface Shape {
  readonly rows: number;
  readonly connections: number;
  readonly streams: number;
}

export const GRPC = ['tf-serving-grpc', 'grpc'] as const;

/** The same question in this run's file and in the two of the version before. @param target ours */
export function protocols(
  model: string,
  shape: Shape,
  name: string,
  ours: string,
  theirs: readonly [string, string] = GRPC,
  target = OURS,
): Promised['of'] {
  const { rows, connections, streams } = shape;
  const now = (target: string, protocol: string) =>
    column('models/protocols.csv', { model, target, protocol, ...shape }, name);
  const before = (target: string, protocol: string) =>
    model === 'celsius'
      ? column('protocols/grpc.csv', { target, protocol, connections, streams }, name)
      : column('protocols/pictures.csv', { target, protocol, pictures: rows }, name);
  return [now, before].map((of) => () => divide(of(target, ours), of(...theirs)));
}

export function promise(
  issue: number,
  what: string,
  must: Must,
  unit: Unit,
  of: Promised['of'],
  sum = false,
): Promised {
  return { issue, what, must, unit, of, sum };
}

/** @see Promised.beside */
export function beside(of: NonNullable<Promised['beside']>, promised: Promised): Promised {
  return { ...promised, beside: of };
}

export const atMost = (value: number): Must => ({ atMost: value });
export const atLeast = (value: number): Must => ({ atLeast: value });
export const load = (model: string, clients: number, target = OURS): Where => ({ model, target, clients });
export const probe = { target: OURS, path: '/healthz' };
export const celsius = (target: string, connections: number) => ({ target, connections });
export const one = (connections: number, streams = 1, rows = 1): Shape => ({ rows, connections, streams });
