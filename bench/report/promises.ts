import { type Figure, figure, type Source } from './figures.ts';
import { ENGINE } from './promised/engine.ts';
import { MODELS } from './promised/models.ts';
import { PLATFORM } from './promised/platform.ts';
import type { Must, Promised } from './promised/promise.ts';
import { PROTOCOLS } from './promised/protocols.ts';
import type { Results } from './results.ts';

/** All that issues 16 to 19 promised as a number; what they wanted beside it is tested, not measured. */
export const PROMISES: readonly Promised[] = [...ENGINE, ...MODELS, ...PROTOCOLS, ...PLATFORM];

export interface Kept {
  readonly promised: Promised;
  readonly verdict: 'met' | 'missed' | 'not measured';
  /** Undefined where nobody measured it. */
  readonly figure: Figure | undefined;
  readonly total: { readonly value: number; readonly rule: string } | undefined;
  /** Folder or file of the figure, such as `engine/load.csv`. */
  readonly from: string;
  /** The interval holds the limit, so that another run may say otherwise. */
  readonly close: boolean;
}
/** Each promise with its figure of the first source that has one. */
export function promises(results: Results): readonly Kept[] {
  return PROMISES.map((promised) => {
    const nothing = { promised, verdict: 'not measured' as const, figure: undefined, total: undefined };
    for (const make of promised.of) {
      const source = make(results);
      const found = source && figure(results, source, promised.unit);
      if (source === undefined || found === undefined) continue;
      const total = promised.sum ? sumOf(results, source) : undefined;
      const value = total?.value ?? found.median;
      return {
        ...{ promised, figure: found, total, from: fileOf(source) },
        verdict: holds(promised.must, value) ? 'met' : 'missed',
        close: total === undefined && holds(promised.must, found.low) !== holds(promised.must, found.high),
      };
    }
    return { ...nothing, from: '', close: false };
  });
}

/** How many there are of a verdict, of what issues asked for as they asked for it. */
export function counted(all: readonly Kept[], verdict: Kept['verdict']): number {
  return all.filter((kept) => kept.verdict === verdict && kept.promised.beside === undefined).length;
}

function holds(must: Must, value: number): boolean {
  return 'atLeast' in must ? value >= must.atLeast : value <= must.atMost;
}

function sumOf(results: Results, source: Source): Kept['total'] {
  if (source.op !== 'column') return undefined;
  const { file, where, column: name } = source;
  const rows = results.rows(file, where);
  const condition = Object.entries(where).map(([key, value]) => `${key}=${value}`);
  return {
    value: rows.reduce((sum, row) => sum + Number(row[name]), 0),
    rule: `sum of ${file}[${condition.join(' ')}].${name}`,
  };
}

function fileOf(source: Source): string {
  if (source.op === 'column') return source.file;
  return source.op === 'constant' ? '' : fileOf(source.a);
}

export function limitOf(must: Must): number {
  return 'atLeast' in must ? must.atLeast : must.atMost;
}

/** `≥ 1.5`, in the figure's unit. */
export function mustText({ must }: Promised): string {
  return `${'atLeast' in must ? '≥' : '≤'} ${limitOf(must)}`;
}

/** What rows of the list are that are not counted. */
export const BESIDE =
  'Rows with BATCHING=true and with the newest TensorFlow Serving stand beside the issue’s own and are not counted: the issue’s are by default settings, over the version that was there when it was written.';

/** What the list of promises does not hold. */
export const NOT_NUMBERS =
  'What these issues wanted shown without a number (recorded answers, real clients, h2spec, sanitizers, cases) is in the tests and in CHANGELOG.md, not here.';
