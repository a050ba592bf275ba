import type { Code } from '../errors.ts';

/** TensorFlow Serving's words for where a version stands. */
export type State = 'START' | 'LOADING' | 'AVAILABLE' | 'UNLOADING' | 'END';

/** What is told of a version. A version that failed is END with its error, one that was unloaded is END with OK. */
export interface VersionStatus {
  /** A decimal int64. */
  readonly version: string;
  readonly state: State;
  readonly code: Code | 'OK';
  readonly message: string;
}

/** Whether a version has ended as it should, and not because it failed. */
export function isUnloaded({ state, code }: Pick<VersionStatus, 'state' | 'code'>): boolean {
  return state === 'END' && code === 'OK';
}

/** Why a try to load a version failed. */
export interface Failure {
  readonly code: Code;
  readonly message: string;
}

/** A version's new state, for logs and metrics. */
export interface VersionChange extends VersionStatus {
  readonly model: string;
  /** How long it took to load, in seconds; with AVAILABLE only. */
  readonly seconds?: number;
  /** A try that failed and is made again: the state stays LOADING. */
  readonly retry?: Failure & { readonly inSeconds: number };
}

/** What a person should know who looks after the server, and what no version's state says. */
export interface Notice {
  readonly level: 'info' | 'warn';
  readonly message: string;
}

/** Why no version of a model is there, where nothing speaks against it yet. */
export const BEING_LOADED = 'it is being loaded';

/** A model as it is listed. */
export interface ModelStatus {
  readonly name: string;
  /** Newest first. */
  readonly versions: readonly VersionStatus[];
  /** Label → the version that answers for it now, or, where there is none yet, the one that it waits for. */
  readonly labels: ReadonlyMap<string, string>;
  /** Why no version is there, where there is none: e.g. the folder that is missing. */
  readonly reason: string;
}

/** Newest first, as numbers. */
export function newestFirst(a: string, b: string): number {
  return a.length === b.length ? (a < b ? 1 : a > b ? -1 : 0) : b.length - a.length;
}
