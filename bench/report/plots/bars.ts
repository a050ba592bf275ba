import type { Figure } from '../figures.ts';
import { spread } from './labels.ts';
import { type Frame, type Layers, render, tickText } from './svg.ts';
import { lookOf, MUTED, TEXT, tint } from './theme.ts';
import { linearTicks } from './ticks.ts';

/** One bar: parts stacked from zero, `shade` 1 in the target's full colour and less nearer to white; the whisker and the text belong to the whole. */
export interface Bar {
  readonly target: string;
  /** Left of the first bar of a group. */
  readonly group: string;
  /** Left of the bar, inside its group. */
  readonly label: string;
  readonly parts: readonly { readonly value: number; readonly shade: number }[];
  readonly whole: Figure;
  /** Behind the bar, such as `251 MB`. */
  readonly text: string;
}

export interface Bars {
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly axis: string;
  /** Divides values to the axis's unit. */
  readonly divisor: number;
  readonly bars: readonly Bar[];
  /** Room for the names at the left and for the text at the right, in points. */
  readonly left: number;
  readonly right: number;
}

const BAR = 9.5;
const GAP = 4;
const BOTTOM = 25;

/** Horizontal bars from zero with the interval of each whole as a whisker. */
export function bars(plot: Bars): Promise<string> {
  const places = placesOf(plot.bars);
  const height = (places.at(-1) ?? 0) + BAR;
  const frame: Frame = {
    width: plot.width,
    height: height + 3 + BOTTOM,
    margin: { top: 3, right: plot.right, bottom: BOTTOM, left: plot.left },
  };
  const ticks = linearTicks(Math.max(...plot.bars.map(({ whole }) => whole.high / plot.divisor)), 5);
  const scale = { type: 'linear' as const, domain: [0, ticks.at(-1) ?? 1], nice: false };
  const x = { type: 'quantitative' as const, scale };
  const axis = {
    values: ticks,
    grid: true,
    domain: false,
    ticks: false,
    title: plot.axis,
    labelExpr: tickText(ticks, (value) => value.toLocaleString('en-GB')),
    labelFlush: false,
    labelOverlap: false,
  };
  const layers: Layers = plot.bars.flatMap((bar, i): Layers => {
    const { color } = lookOf(bar.target);
    const top = places[i] ?? 0;
    let from = 0;
    const parts = bar.parts.map(({ value, shade }): Layers[number] => {
      const segment = { from: from / plot.divisor, to: (from + value) / plot.divisor };
      from += value;
      return {
        data: { values: [segment] },
        mark: { type: 'rect', color: tint(color, shade) },
        encoding: {
          x: { ...x, field: 'from', axis },
          x2: { field: 'to' },
          y: { value: top },
          y2: { value: top + BAR - 1 },
        },
      };
    });
    const interval = { low: bar.whole.low / plot.divisor, high: bar.whole.high / plot.divisor };
    const whisker: Layers[number] = {
      data: { values: [interval] },
      mark: { type: 'rule', color: TEXT, strokeWidth: 0.9 },
      encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y: { value: top + (BAR - 1) / 2 } },
    };
    const behind: Layers[number] = {
      data: { values: [interval] },
      mark: { type: 'text', align: 'left', baseline: 'middle', dx: 4, fontSize: 8, color: TEXT },
      encoding: { x: { ...x, field: 'high' }, y: { value: top + (BAR - 1) / 2 }, text: { value: bar.text } },
    };
    const first = plot.bars[i - 1]?.group !== bar.group;
    return [
      ...parts,
      whisker,
      behind,
      ...(first ? [label(bar.group, -plot.left + 2, top, 'left', lookOf(bar.target).ink, 600)] : []),
      label(bar.label, -5, top, 'right', MUTED, 400),
    ];
  });
  return render(frame, plot.title, plot.description, layers);
}

function placesOf(list: readonly Bar[]): number[] {
  let place = -BAR;
  return list.map((bar, i) => {
    const previous = list[i - 1];
    place += BAR + (previous !== undefined && previous.group !== bar.group ? GAP : 0);
    return place;
  });
}

function label(
  value: string,
  x: number,
  top: number,
  align: 'left' | 'right',
  color: string,
  fontWeight: 400 | 600,
): Layers[number] {
  return {
    data: { values: [{}] },
    mark: { type: 'text', align, baseline: 'middle', fontSize: 8, color, fontWeight },
    encoding: { x: { value: x }, y: { value: top + (BAR - 1) / 2 }, text: { value } },
  };
}

/** A part of one long bar, such as a phase of a start. */
export interface Phase {
  readonly name: string;
  readonly text: string;
  readonly value: number;
}

const SHADES = [1, 0.6, 0.85, 0.45, 0.7, 0.3];

/** One long bar of phases, one after another, each named above and with its time below; names keep apart. */
export function phasesPlot(
  phases: readonly Phase[],
  target: string,
  width: number,
  title: string,
  description: string,
): Promise<string> {
  const frame: Frame = { width, height: 52, margin: { top: 20, right: 4, bottom: 18, left: 4 } };
  const inner = width - 8;
  const total = phases.reduce((sum, { value }) => sum + value, 0);
  let from = 0;
  const spans = phases.map(({ value }) => {
    const start = from;
    from += (value / total) * inner;
    return { start, end: from };
  });
  const middles = spread(
    spans.map(({ start, end }) => (start + end) / 2),
    52,
    24,
    inner - 24,
  );
  const layers: Layers = phases.flatMap(({ name, text }, i): Layers => {
    const { start, end } = spans[i] ?? { start: 0, end: 0 };
    const middle = middles[i] ?? 0;
    const write = (value: string, y: number, weight: 400 | 600, color: string): Layers[number] => ({
      data: { values: [{}] },
      mark: { type: 'text', align: 'center', baseline: 'middle', fontSize: 8, fontWeight: weight, color },
      encoding: { x: { value: middle }, y: { value: y }, text: { value } },
    });
    const leader: Layers[number] = {
      data: { values: [{}] },
      mark: { type: 'rule', color: MUTED, strokeWidth: 0.5 },
      encoding: {
        x: { value: middle },
        x2: { value: (start + end) / 2 },
        y: { value: -5 },
        y2: { value: 0 },
      },
    };
    return [
      {
        data: { values: [{}] },
        mark: {
          type: 'rect',
          color: tint(lookOf(target).color, SHADES[i % SHADES.length] ?? 1),
          stroke: 'white',
          strokeWidth: 0.7,
        },
        encoding: { x: { value: start }, x2: { value: end }, y: { value: 0 }, y2: { value: 14 } },
      },
      leader,
      write(name, -11, 400, TEXT),
      write(text, 23, 600, lookOf(target).ink),
    ];
  });
  return render(frame, title, description, layers);
}
