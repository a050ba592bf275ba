import type { Figure } from '../figures.ts';
import { spread } from './labels.ts';
import { type Frame, type Layers, render, tickText } from './svg.ts';
import { lookOf } from './theme.ts';

/** A target's figures over x, such as requests/s over connections. */
export interface Series {
  readonly target: string;
  readonly points: readonly { readonly x: number; readonly figure: Figure }[];
}

export interface Axis {
  readonly title: string;
  readonly scale: 'linear' | 'log';
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  /** How a tick is written; the report's text test reads these from the SVG again. */
  readonly label: (value: number) => string;
}

export interface Curves {
  readonly frame: Frame;
  readonly title: string;
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Names at the lines' ends; off for the inner ones of a row of plots that share them. */
  readonly names: boolean;
}

const NAME_GAP = 9.5;
/** Of the points, in square points. */
const MARK = 18;
/** A piece of each line before its name, right of the plot: without colour a name's place alone does not tell which it is. */
const KEY = { from: 8, to: 20 };

/** Lines with the interval of each point as a band, and each line's name with a piece of it at its end instead of a legend. */
export function curves(plot: Curves): Promise<string> {
  const { frame, x, y } = plot;
  const height = frame.height - frame.margin.top - frame.margin.bottom;
  const points = plot.series.flatMap(({ target, points }) =>
    points.map(({ x, figure }) => ({ target, x, y: figure.median, low: figure.low, high: figure.high })),
  );
  const targets = plot.series.map(({ target }) => target);
  const color = {
    field: 'target',
    type: 'nominal' as const,
    scale: { domain: targets, range: targets.map((target) => lookOf(target).color) },
    legend: null,
  };
  const xScale = { type: x.scale, domain: [...x.domain], nice: false };
  const yScale = { type: y.scale, domain: [...y.domain], nice: false, clamp: true };
  const xField = { field: 'x', type: 'quantitative' as const, scale: xScale, axis: axisOf(x, false) };
  const yField = { field: 'y', type: 'quantitative' as const, scale: yScale, axis: axisOf(y, true) };
  const layers: Layers = [
    {
      data: { values: points },
      mark: { type: 'area', opacity: 0.2 },
      encoding: {
        x: xField,
        y: { ...yField, field: 'low' },
        y2: { field: 'high' },
        color,
      },
    },
    ...targets.map((target) => ({
      data: { values: points.filter((point) => point.target === target) },
      mark: {
        type: 'line' as const,
        strokeWidth: 1.4,
        strokeDash: [...lookOf(target).dash],
        color: lookOf(target).color,
      },
      encoding: { x: xField, y: yField },
    })),
    ...targets.map((target) => ({
      data: { values: points.filter((point) => point.target === target) },
      mark: {
        type: 'point' as const,
        filled: true,
        opacity: 1,
        size: MARK,
        shape: lookOf(target).shape,
        color: lookOf(target).color,
      },
      encoding: { x: xField, y: yField },
    })),
  ];
  if (plot.names)
    layers.push(...names(plot.series, y, height, frame.width - frame.margin.left - frame.margin.right));
  return render(frame, plot.title, plot.description, layers);
}

function axisOf(axis: Axis, isY: boolean) {
  return {
    values: [...axis.ticks],
    labelExpr: tickText(axis.ticks, axis.label),
    labelOverlap: false,
    labelFlush: false,
    grid: isY,
    domain: !isY,
    ticks: !isY,
    title: axis.title,
    // The y axis's title lies flat above the plot: nobody should have to turn the head.
    ...(isY
      ? {
          titleAngle: 0,
          titleAlign: 'left' as const,
          titleAnchor: 'end' as const,
          titleX: 0,
          titleY: -9,
          titleBaseline: 'bottom' as const,
        }
      : { titlePadding: 4 }),
  };
}

function names(series: readonly Series[], y: Axis, height: number, width: number): Layers {
  const ends = series.flatMap(({ target, points }) => {
    const last = points.at(-1);
    return last === undefined ? [] : [{ target, place: pixel(y, last.figure.median, height) }];
  });
  const places = spread(
    ends.map(({ place }) => place),
    NAME_GAP,
    0,
    height,
  );
  return ends.flatMap(({ target }, i): Layers => {
    const { color, ink, shape, dash, name } = lookOf(target);
    const [data, y] = [{ values: [{}] }, { value: places[i] ?? 0 }];
    return [
      {
        data,
        mark: { type: 'rule', strokeWidth: 1.4, strokeDash: [...dash], color },
        encoding: { x: { value: width + KEY.from }, x2: { value: width + KEY.to }, y },
      },
      {
        data,
        mark: { type: 'point', filled: true, opacity: 1, size: MARK, shape, color },
        encoding: { x: { value: width + (KEY.from + KEY.to) / 2 }, y },
      },
      {
        data,
        mark: { type: 'text', align: 'left', baseline: 'middle', fontSize: 8, fontWeight: 600, color: ink },
        encoding: { x: { value: width + KEY.to + 3 }, y, text: { value: name } },
      },
    ];
  });
}

/** Distance of a value from the top of the plot, as Vega's own scales have it. */
function pixel({ scale, domain: [low, high] }: Axis, value: number, height: number): number {
  const f = scale === 'log' ? Math.log : (v: number) => v;
  const share = (f(Math.min(high, Math.max(low, value))) - f(low)) / (f(high) - f(low));
  return height * (1 - share);
}
