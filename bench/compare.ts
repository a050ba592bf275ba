import { type Figure, readFigures } from './figures.ts';
import type { CompareOptions } from './options.ts';
import { median, unpairedRatio } from './statistics.ts';
import { formatTable } from './table.ts';

export interface Compared {
  readonly figure: Figure;
  /** After divided by before, with its interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly verdict: 'better' | 'worse' | 'within noise' | 'too few repeats';
}

/** Intervals with less than this are nothing to judge by: there are three repeats or fewer on a side. */
const LEAST_COVERAGE = 0.93;

/**
 * Compares every figure that two results folders share. A figure is better or worse when the exact interval of the ratio
 * (Hodges-Lehmann, Mann-Whitney) leaves out 1 and the ratio is further from 1 than the threshold.
 */
export function compareFolders(options: CompareOptions): Compared[] {
  const { before, after, against, threshold } = options;
  const old = new Map(relativeTo(readFigures(before), against).map((figure) => [keyOf(figure), figure]));
  return relativeTo(readFigures(after), against).flatMap((figure) => {
    const other = old.get(keyOf(figure));
    return other && other.values.length > 0 && figure.values.length > 0
      ? [compare(other, figure, threshold)]
      : [];
  });
}

export function compare(before: Figure, after: Figure, threshold: number): Compared {
  const { middle, low, high, coverage } = unpairedRatio(before.values, after.values);
  const compared = { figure: after, ratio: middle, low, high };
  // a figure that cannot vary, such as an image's size, needs no repeats
  const exact = after.file === 'image-size';
  if (coverage < LEAST_COVERAGE && !exact) return { ...compared, verdict: 'too few repeats' };
  const differs = (low > 1 || high < 1) && Math.abs(middle - 1) > threshold;
  if (!differs) return { ...compared, verdict: 'within noise' };
  return { ...compared, verdict: middle > 1 === (after.better === 'higher') ? 'better' : 'worse' };
}

/** Each figure divided by the median of the same figure of another target in the same run. */
function relativeTo(figures: readonly Figure[], target: string | null): readonly Figure[] {
  if (target === null) return figures;
  const bases = new Map(
    figures.filter((figure) => figure.target === target).map((base) => [keyOf(base), base]),
  );
  return figures.flatMap((figure) => {
    const base = bases.get(keyOf({ ...figure, target }));
    if (!base || base.values.length === 0 || figure.target === target) return [];
    const unit = median(base.values);
    return [{ ...figure, values: figure.values.map((value) => value / unit) }];
  });
}

function keyOf({ file, target, condition, metric }: Figure): string {
  return [file, target, condition, metric].join('|');
}

/** The comparison as text, the changes first told in a line. */
export function formatComparison(compared: readonly Compared[], options: CompareOptions): string {
  const count = (verdict: Compared['verdict']) => compared.filter((item) => item.verdict === verdict).length;
  const listed = compared.filter(({ verdict }) => options.all || verdict === 'better' || verdict === 'worse');
  const rows = listed.map(({ figure, ratio, low, high, verdict }) => [
    figure.file,
    figure.target,
    figure.condition,
    figure.metric,
    `${ratio.toFixed(3)}×`,
    `${low.toFixed(3)}–${high.toFixed(3)}`,
    verdict,
  ]);
  const chance = Math.round(compared.length * (1 - 0.95) * 10) / 10;
  return [
    `${compared.length} figures: ${count('better')} better, ${count('worse')} worse, ${count('within noise')} within noise, ` +
      `${count('too few repeats')} with too few repeats to tell. About ${chance} would leave their interval by chance alone.`,
    ...(rows.length > 0
      ? [
          formatTable([
            ['file', 'target', 'condition', 'figure', 'after/before', '95 % interval', 'verdict'],
            ...rows,
          ]),
        ]
      : []),
    '',
  ].join('\n');
}
