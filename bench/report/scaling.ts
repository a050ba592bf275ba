import { column, describe, figure, type Source } from './figures.ts';
import { closedLoop } from './questions.ts';
import type { Results } from './results.ts';

export interface Line {
  readonly intercept: number;
  readonly slope: number;
}

/** Slope of log requests/s over log connections, by ordinary least squares over the medians. */
export function growth(
  results: Results,
  target: string,
  client: string,
  connections: readonly number[],
): { readonly slope: number; readonly rule: string } | undefined {
  const at = (x: number) => closedLoop(target, client, x, 'requests_per_s');
  const points = medians(results, connections, at);
  if (points.length < 2) return undefined;
  const { slope } = fit(points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y), weight: 1 })));
  return { slope, rule: `slope of ln y over ln x by least squares; ${rule(points, 'connections', at)}` };
}

/**
 * Time of one request as a fixed part and a part for each row. Each point weighs by 1/y², that is by relative error: plain
 * least squares would hear the largest payload only.
 */
export function timePerRow(
  results: Results,
  target: string,
  sizes: readonly number[],
): { readonly fixedMs: number; readonly usPerRow: number; readonly rule: string } | undefined {
  const at = (rows: number) => column('payload-scaling.csv', { target, rows }, 'p50_ms');
  const points = medians(results, sizes, at);
  if (points.length < 3) return undefined;
  const { intercept, slope } = fit(points.map(({ x, y }) => ({ x, y, weight: 1 / (y * y) })));
  const how = `least squares of y = fixed + x · slope, weights 1/y²; ${rule(points, 'rows', at)}`;
  return { fixedMs: intercept, usPerRow: slope * 1000, rule: how };
}

/** Weighted least squares of a straight line. */
export function fit(
  points: readonly { readonly x: number; readonly y: number; readonly weight: number }[],
): Line {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
  for (const { x, y, weight } of points) {
    w += weight;
    wx += weight * x;
    wy += weight * y;
    wxx += weight * x * x;
    wxy += weight * x * y;
  }
  const slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
  return { slope, intercept: (wy - slope * wx) / w };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function medians(results: Results, xs: readonly number[], at: (x: number) => Source): Point[] {
  return xs.flatMap((x) => {
    const found = figure(results, at(x), 'count');
    return found === undefined ? [] : [{ x, y: found.median }];
  });
}

function rule(points: readonly Point[], name: string, at: (x: number) => Source): string {
  const xs = points.map(({ x }) => x).join(', ');
  return `x = ${name} ${xs}; y = median ${describe(at(points[0]?.x ?? 0))} and so on`;
}
