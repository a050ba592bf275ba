import { type Frame, type Layers, render, tickText } from './svg.ts';
import { lookOf } from './theme.ts';
import { linearTicks } from './ticks.ts';

/** One quantity over the seconds of a test, as it was observed: a single run has no interval. */
export interface Timeline {
  readonly frame: Frame;
  readonly title: string;
  readonly description: string;
  readonly points: readonly { readonly t: number; readonly value: number }[];
  /** Steps for what changes at once, such as replicas. */
  readonly step: boolean;
  readonly target: string;
}

export function timeline({ frame, title, description, points, step, target }: Timeline): Promise<string> {
  const xTicks = linearTicks(Math.max(1, ...points.map(({ t }) => t)), 6);
  const most = Math.max(1, ...points.map(({ value }) => value));
  const yTicks = step ? Array.from({ length: most + 1 }, (_, i) => i) : linearTicks(most, 4);
  const { color } = lookOf(target);
  const axis = (ticks: readonly number[]) => ({
    values: [...ticks],
    labelExpr: tickText(ticks, (value) => value.toLocaleString('en-GB')),
    labelFlush: false,
    labelOverlap: false,
  });
  const layers: Layers = [
    {
      data: { values: [...points] },
      mark: {
        type: 'area',
        interpolate: step ? 'step-after' : 'linear',
        color,
        opacity: 0.18,
        line: { color, strokeWidth: 1.3 },
      },
      encoding: {
        x: {
          field: 't',
          type: 'quantitative',
          scale: { domain: [0, points.at(-1)?.t ?? 1], nice: false },
          axis: { ...axis(xTicks), grid: false, title: 's since the load’s start', titlePadding: 4 },
        },
        y: {
          field: 'value',
          type: 'quantitative',
          scale: { domain: [0, yTicks.at(-1) ?? 1], nice: false },
          axis: {
            ...axis(yTicks),
            grid: true,
            domain: false,
            ticks: false,
            title,
            titleAngle: 0,
            titleAlign: 'left',
            titleAnchor: 'end',
            titleX: 0,
            titleY: -9,
            titleBaseline: 'bottom',
          },
        },
      },
    },
  ];
  return render(frame, title, description, layers);
}
