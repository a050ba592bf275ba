import { describe, type Figure, figure, type Source } from './figures.ts';
import type { Results } from './results.ts';
import { fit } from './scaling.ts';

export interface Slope {
  readonly fixed: number;
  readonly each: number;
  /** Without: how exactly is in the rule. */
  readonly points: number;
  readonly rule: string;
}

/**
 * A straight line through medians, each weighing by its relative error.
 *
 * @param x what grows: a number, or a figure of the same rows
 * @param y what it costs
 */
export function slopeOf(
  results: Results,
  values: readonly number[],
  x: (value: number) => number | Source,
  y: (value: number) => Source,
): Slope | undefined {
  const points = values.flatMap((value) => {
    const at = x(value);
    const across = typeof at === 'number' ? at : figure(results, at, 'count')?.median;
    const up: Figure | undefined = figure(results, y(value), 'count');
    return across === undefined || up === undefined || up.median <= 0
      ? []
      : [{ x: across, y: up.median, weight: 1 / (up.median * up.median) }];
  });
  const [first] = values;
  if (points.length < 2 || first === undefined) return undefined;
  const { intercept, slope } = fit(points);
  const xs = points.map((point) => point.x).join(', ');
  const rule = `least squares of y = fixed + x · slope, weights 1/y²; x = ${xs}; y = median ${describe(y(first))} and so on`;
  return { fixed: intercept, each: slope, points: points.length, rule };
}
