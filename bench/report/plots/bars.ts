import type { Figure } from '../figures.ts';
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
