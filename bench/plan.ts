import type { LoadClient } from './clients/client.ts';
import type { Known as KnownModels, Bench as ModelBench } from './engine/plan.ts';
import type { ModelFile } from './model-files.ts';
import type { SavedModel } from './models/saved.ts';
import type { FileName, StoredRow } from './schema.ts';
import type { Settings } from './settings.ts';
import type { StepOf } from './steps.ts';
import type { Store } from './store.ts';
import type { Found, Target } from './targets/target.ts';

/** A target that can be measured here. */
export interface Ready {
  readonly target: Target;
  readonly found: Found;
}

/** Programs that are no part of the project. */
export interface Tools {
  /** wrk, when it is on PATH. */
  readonly wrk: string | null;
  /** Locust of its own Python environment; a text in `missing` says why not. */
  readonly locust: string | null;
}

export interface Pinning {
  readonly server: string | null;
  readonly client: string | null;
  readonly reason: string;
}

/** What steps have at hand while they run. */
export interface Bench {
  readonly root: string;
  readonly settings: Settings;
  readonly ready: ReadonlyMap<string, Ready>;
  readonly tools: Tools;
  readonly pinning: Pinning;
  readonly client: LoadClient;
  readonly store: Store;
  readonly signal: AbortSignal;
  /** JSON of image/sizes.ts, if given. */
  readonly imageSizes: string | null;
  /** The same for real models. */
  readonly models: ModelBench;
}

export type Step = StepOf<Bench, string>;

export interface Known {
  readonly settings: Settings;
  readonly tools: Tools;
  /** Ids of the targets that can be measured, in the table's order. */
  readonly targets: readonly string[];
  /** Real models, and the targets that serve them. */
  readonly models: KnownModels;
}

export interface Question {
  readonly name: FileName | ModelFile;
  readonly title: string;
  /** Targets it is asked of, if they are there. */
  readonly targets: readonly string[];
  /** Asked only when named by --only. */
  readonly onlyWhenNamed?: boolean;
  /** Questions whose results it builds on. */
  readonly needs?: readonly Question['name'][];
  /** Set for those about real models, whose targets are bench/engine's. */
  readonly ofModels?: true;
  /** Real models it needs, of those that were chosen. */
  models?(chosen: readonly SavedModel[]): readonly SavedModel[];
  steps(known: Known): Step[];
}

/** Seconds from the start of a server to its first answers, roughly; for estimates only. */
export function startSeconds(target: string): number {
  return target.startsWith('fastapi') ? 3.5 : 0.8;
}

/** Repeats and targets in the order ABBA: odd repeats forwards, even ones backwards. */
export function rounds(repeats: number, targets: readonly string[]): { repeat: number; target: string }[] {
  return Array.from({ length: repeats }, (_, i) =>
    (i % 2 === 0 ? targets : targets.toReversed()).map((target) => ({ repeat: i + 1, target })),
  ).flat();
}

/** The targets of a question that can be measured. */
export function present(known: Known, wanted: readonly string[]): string[] {
  return known.targets.filter((id) => wanted.includes(id));
}

/** A row of not-measured.csv. */
export function notMeasured(
  question: Question['name'],
  target: string,
  condition: string,
  reason: string,
): StoredRow {
  return { file: 'not-measured', cells: { question, target, condition, reason } };
}
