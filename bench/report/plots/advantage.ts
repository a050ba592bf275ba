import type { Figure } from '../figures.ts';
import { format } from '../format.ts';
import { type Frame, type Layers, render, tickText } from './svg.ts';
import { lookOf, MUTED, TEXT } from './theme.ts';
import { logTicks } from './ticks.ts';

/** One line of the plot: how many times better Celsiusify is than each rival in one question. */
export interface AdvantageLine {
  /** Left of the first line of a group, such as a model's name. */
  readonly group?: string;
  /** Below it, in small letters: what is special about the group. */
  readonly note?: string;
  readonly label: string;
  readonly rivals: readonly { readonly target: string; readonly figure: Figure }[];
}

/** Of a plot without groups, and of one with them, which has many lines. */
const PLAIN = { line: 16, left: 172, apart: 4 };
const GROUPED = { line: 7.9, left: 190, apart: 3 };
const GROUP = 62;
const COLUMN = 43;
const TOP = 42;
const BOTTOM = 26;
const WIDTH = 493;

/** A rival's name on two lines, at the head of its column. */
const HEADS: Readonly<Record<string, readonly [string, string]>> = {
  'tf-serving': ['TF Serving', 'default'],
  'tf-serving-tuned': ['TF Serving', 'tuned'],
  fastapi: ['FastAPI', '1 worker'],
  'fastapi-2-workers': ['FastAPI', '2 workers'],
};

/**
 * Dots on a logarithmic axis of ratios, with their intervals, and the numbers in a column for each rival: plot and table
 * in one. Right of 1 Celsiusify is better, left of it the rival is.
 */
export function advantagePlot(
  lines: readonly AdvantageLine[],
  rivals: readonly string[],
  description: string,
  heads: Readonly<Record<string, readonly [string, string]>> = HEADS,
): Promise<string> {
  const grouped = lines.some(({ group }) => group !== undefined);
  const { line: LINE, left: LEFT, apart } = grouped ? GROUPED : PLAIN;
  const centre = (line: number) => line * LINE + LINE / 2;
  const size = grouped ? 7.8 : 8.4;
  const right = COLUMN * rivals.length + 14;
  const frame: Frame = {
    width: WIDTH,
    height: TOP + LINE * lines.length + BOTTOM,
    margin: { top: TOP, right, bottom: BOTTOM, left: LEFT },
  };
  const width = WIDTH - LEFT - right;
  const height = LINE * lines.length;
  const marks = lines.flatMap(({ rivals: all }, line) =>
    all.map(({ target, figure }, i) => ({
      target,
      y: centre(line) + (i - (all.length - 1) / 2) * apart,
      x: figure.median,
      low: figure.low,
      high: figure.high,
    })),
  );
  const ticks = logTicks([0.5, 1, ...marks.flatMap(({ low, high }) => [low, high])], 2);
  const domain = [ticks[0] ?? 0.5, ticks.at(-1) ?? 2];
  const x = { type: 'quantitative' as const, scale: { type: 'log' as const, domain, nice: false } };
  // Every second power of two, when there are many, but always 1.
  const one = ticks.indexOf(1);
  const written = ticks.filter((_, i) => ticks.length < 9 || (i - one) % 2 === 0);
  const y = { field: 'y', type: 'quantitative' as const, scale: null, axis: null };
  const place = Math.log(1 / (domain[0] ?? 1)) / Math.log((domain[1] ?? 2) / (domain[0] ?? 1));
  const layers: Layers = [
    ...lines.flatMap((_, line) =>
      line % 2 === 0 ? [box(-LEFT, WIDTH - LEFT, line * LINE, (line + 1) * LINE, '#F5F7F9')] : [],
    ),
    {
      data: { values: ticks.map((tick) => ({ tick })) },
      mark: { type: 'rule', strokeWidth: 0.5, color: '#DDE1E6' },
      encoding: {
        x: {
          ...x,
          field: 'tick',
          axis: {
            values: written,
            labelExpr: tickText(written, (tick) => `${tick}×`),
            labelOverlap: false,
            labelFlush: false,
            grid: false,
            domain: false,
            title: 'times better (logarithmic)',
          },
        },
        y: { value: 0 },
        y2: { value: height },
      },
    },
    {
      data: { values: [{ one: 1 }] },
      mark: { type: 'rule', strokeWidth: 1, color: TEXT },
      encoding: { x: { ...x, field: 'one' }, y: { value: -12 }, y2: { value: height } },
    },
    ...rivals.flatMap((target): Layers => {
      const values = marks.filter((mark) => mark.target === target);
      const { color, shape } = lookOf(target);
      return [
        {
          data: { values },
          mark: { type: 'rule', strokeWidth: 1.1, color },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
        },
        {
          data: { values },
          mark: { type: 'point', filled: true, opacity: 1, size: 26, shape, color },
          encoding: { x: { ...x, field: 'x' }, y },
        },
      ];
    }),
    ...lines.map(({ label }, line) =>
      text(label, -LEFT + 3 + (grouped ? GROUP : 0), centre(line), 'left', TEXT, 400, size),
    ),
    ...lines.flatMap(({ group }, line) =>
      group === undefined || lines[line - 1]?.group === group
        ? []
        : [
            text(group, -LEFT + 3, centre(line), 'left', TEXT, 600, size),
            box(-LEFT, WIDTH - LEFT, line * LINE - 0.3, line * LINE + 0.3, MUTED),
          ],
    ),
    ...lines.flatMap(({ group, note }, line) =>
      note === undefined || lines[line - 1]?.group === group
        ? []
        : [text(note, -LEFT + 3, centre(line + 1), 'left', MUTED, 400, 6.6)],
    ),
    text('← they are better', width * place - 4, -8, 'right', MUTED, 400, 7.5),
    text('Celsiusify is better →', width * place + 4, -8, 'left', MUTED, 400, 7.5),
    ...rivals.flatMap((target, i): Layers => {
      const at = width + COLUMN * (i + 1) + 10;
      const [first, second] = heads[target] ?? [lookOf(target).name, ''];
      const { color, shape } = lookOf(target);
      return [
        {
          data: { values: [{}] },
          mark: { type: 'point', filled: true, opacity: 1, size: 26, shape, color },
          encoding: { x: { value: at - 4 }, y: { value: -29 } },
        },
        text(first, at, -18, 'right', lookOf(target).ink, 600, 7.5),
        text(second, at, -8, 'right', lookOf(target).ink, 600, 7.5),
        ...lines.map(({ rivals: all }, line) => {
          const found = all.find((rival) => rival.target === target);
          const value = found === undefined ? '–' : format(found.figure.median, '×');
          return text(value, at, centre(line), 'right', lookOf(target).ink, 600, size);
        }),
      ];
    }),
  ];
  return render(frame, 'How many times better Celsiusify is', description, layers);
}

function text(
  value: string,
  x: number,
  y: number,
  align: 'left' | 'right',
  color: string,
  fontWeight: 400 | 600,
  fontSize: number,
): Layers[number] {
  return {
    data: { values: [{}] },
    mark: { type: 'text', align, baseline: 'middle', color, fontWeight, fontSize },
    encoding: { x: { value: x }, y: { value: y }, text: { value } },
  };
}

function box(x: number, x2: number, y: number, y2: number, color: string): Layers[number] {
  return {
    data: { values: [{}] },
    mark: { type: 'rect', color },
    encoding: { x: { value: x }, x2: { value: x2 }, y: { value: y }, y2: { value: y2 } },
  };
}
