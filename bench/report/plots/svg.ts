import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { FONT_STACK, GRID, MUTED, TEXT } from './theme.ts';

/** Room around the rectangle of the data, in points: given, never guessed, so that no browser is needed to measure text. */
export interface Margin {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export interface Frame {
  /** Of the whole picture, in points (1/72 inch): what the report prints at its true size. */
  readonly width: number;
  readonly height: number;
  readonly margin: Margin;
}

/** Layers of a Vega-Lite chart; data inline, sizes from the frame. */
export type Layers = Extract<TopLevelSpec, { layer: unknown }>['layer'];

/** Draws layers as a stand-alone SVG of exactly the frame's size, with `title` and `description` for those who cannot see it. */
export async function render(
  frame: Frame,
  title: string,
  description: string,
  layer: Layers,
): Promise<string> {
  const { width, height, margin } = frame;
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: width - margin.left - margin.right,
    height: height - margin.top - margin.bottom,
    padding: margin,
    autosize: { type: 'none' },
    description,
    config: CONFIG,
    layer,
  };
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  const named = `<title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc>`;
  return `${svg.replace(/(<svg[^>]*>)/, `$1${named}`)}\n`;
}

/** A Vega expression that writes just these ticks, each as `label` has it, whatever Vega's own formats would do. */
export function tickText(ticks: readonly number[], label: (value: number) => string): string {
  return `${ticks.map((tick) => `datum.value === ${tick} ? '${label(tick)}' : `).join('')}''`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const CONFIG: NonNullable<TopLevelSpec['config']> = {
  font: FONT_STACK,
  background: 'white',
  view: { stroke: null },
  axis: {
    domainColor: MUTED,
    domainWidth: 0.6,
    gridColor: GRID,
    gridWidth: 0.6,
    labelColor: TEXT,
    labelFontSize: 8,
    labelPadding: 3,
    tickColor: MUTED,
    tickSize: 3,
    tickWidth: 0.6,
    titleColor: TEXT,
    titleFontSize: 8,
    titleFontWeight: 'normal',
  },
};
