import type { LoadClient } from '../clients/client.ts';
import type { SavedModel } from '../models/saved.ts';
import type { StepOf } from '../steps.ts';
import type { Measured as AnyMeasured } from '../store.ts';
import type { FileName, StoredRow } from './schema.ts';
import type { Settings } from './settings.ts';
import type { Program, PythonTarget, ServerTarget, Target } from './target.ts';

export type Measured = AnyMeasured<FileName>;

/** A question and its right answer, as bodies. */
export interface Example {
  readonly body: string;
  readonly answer: string;
  /** null for an input that is no list of rows. */
  readonly rows: number | null;
}

/** What steps have at hand while they run. */
export interface Bench {
  readonly root: string;
  readonly settings: Settings;
  readonly client: LoadClient;
  readonly signal: AbortSignal;
  readonly wrk: string | null;
  readonly h2load: string | null;
  /** Where servers and clients may run, as taskset takes it; null: anywhere. */
  readonly cpus: { readonly server: string | null; readonly client: string | null };
  /** What this run has measured so far. */
  rows(file: FileName): readonly StoredRow['cells'][];
  /** Whether servers go before everything else on this machine. */
  readonly first: boolean;
  /** Python with TensorFlow; '' where no target needs it. */
  readonly python: string;
  /** Questions and right answers of a model. */
  examples(model: SavedModel): readonly Example[];
  /** A model's only input. */
  inputOf(model: SavedModel): { readonly name: string; readonly dtype: string };
}

export type Step = StepOf<Bench, FileName>;

/** A server target that can be measured here. */
export interface ReadyServer {
  readonly target: ServerTarget;
  readonly program: Program;
}

export type Ready = ReadyServer | { readonly target: PythonTarget; readonly program: null };

export interface Known {
  readonly settings: Settings;
  readonly models: readonly SavedModel[];
  /** In the table's order. */
  readonly ready: readonly Ready[];
}

/** One group of figures. */
export interface Part {
  readonly name: string;
  readonly title: string;
  /** Measured only where it is named: it takes long. */
  readonly onlyWhenNamed?: boolean;
  /** Parts whose figures it builds on. */
  readonly needs?: readonly string[];
  /** Models it needs, of those that were chosen or others. */
  models(chosen: readonly SavedModel[]): readonly SavedModel[];
  steps(known: Known): Step[];
}

/** The servers among the targets, of one kind or of both. */
export function servers({ ready }: Known, kind?: ServerTarget['kind']): ReadyServer[] {
  return ready.flatMap((item) =>
    item.program === null || (kind !== undefined && item.target.kind !== kind) ? [] : [item],
  );
}

/** Whom questions that take long are asked of. */
export const PAIR: readonly string[] = ['celsiusify', 'tf-serving'];

/** The servers of these among the targets. */
export function serversOf(known: Known, ids: readonly string[]): ReadyServer[] {
  return servers(known).filter(({ target }) => ids.includes(target.id));
}

/** Repeats and targets in the order ABBA: odd repeats forwards, even ones backwards. */
export function rounds<T>(repeats: number, items: readonly T[]): { repeat: number; item: T }[] {
  return Array.from({ length: repeats }, (_, i) =>
    (i % 2 === 0 ? items : items.toReversed()).map((item) => ({ repeat: i + 1, item })),
  ).flat();
}

/** A row of not-measured.csv. */
export function notMeasured(cells: {
  part: string;
  model: string;
  target: Target['id'];
  condition: string;
  reason: string;
}): StoredRow {
  return { file: 'not-measured', cells };
}
