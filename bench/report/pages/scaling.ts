import { column } from '../figures.ts';
import { curves, type Series } from '../plots/curves.ts';
import { OURS } from '../questions.ts';
import { timePerRow } from '../scaling.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, cell, get, labelOf, plots, say, table, targetsIn, whyNot } from './context.ts';
import { seriesOf, valueAxis } from './curves.ts';

/** Time and throughput over the number of rows in a request, and one large tensor. */
export async function scalingPage(context: Context): Promise<Markup> {
  const { results } = context;
  const targets = targetsIn(results, 'payload-scaling.csv');
  if (targets.length === 0)
    return typst`
= celsius: scaling over the payload
${whyNot(context, 'payload-scaling')}
`;
  const one = series(context, 'payload-scaling.csv', 'p50_ms', 'ms', targets);
  const many = series(
    context,
    'batch-rows.csv',
    'rows_per_s',
    'rows/s',
    targetsIn(results, 'batch-rows.csv'),
  );
  const uses = [];
  for (const [path, title, found, unit] of [
    ['rows-time', 'p50 of one request, ms (logarithmic)', one, 'ms'],
    ['rows-throughput', 'rows/s over 8 connections (logarithmic)', many, 'rows/s'],
  ] as const) {
    if (found.length === 0) continue;
    const xs = [...new Set(found.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
    const alt = `${title} over the rows in a request, one line for each server.`;
    const svg = await curves({
      frame: { width: 243, height: 125, margin: { top: 20, right: 93, bottom: 30, left: 27 } },
      title,
      description: alt,
      x: {
        title: 'rows in a request (logarithmic)',
        scale: 'log',
        domain: [xs[0] ?? 1, xs.at(-1) ?? 2],
        ticks: xs,
        label: (x) => x.toLocaleString('en-GB'),
      },
      y: valueAxis(found, title, 'log', unit),
      series: found,
      names: true,
    });
    uses.push({ path: `plots/${path}.svg`, svg, alt });
  }
  return typst`
= celsius: scaling over the payload
${plots(context, typst`Left: one request at a time. Right: rows a second over 8 connections. Medians, with intervals as bands.`, uses)}
${slopes(context, targets)}
${largeTensor(context)}
`;
}

function series(
  context: Context,
  file: string,
  name: string,
  unit: 'ms' | 'rows/s',
  targets: readonly string[],
): Series[] {
  const sizes = [...new Set(context.results.rows(file).map((row) => Number(row.rows)))].sort((a, b) => a - b);
  return seriesOf(context, targets, sizes, (target, rows) => column(file, { target, rows }, name), unit);
}

function slopes(context: Context, targets: readonly string[]): Markup {
  const { results, ledger } = context;
  const sizes = [...new Set(results.rows('payload-scaling.csv').map((row) => Number(row.rows)))].sort(
    (a, b) => a - b,
  );
  const largest = sizes.at(-1) ?? 1;
  const lines = targets.flatMap((target) => {
    const found = timePerRow(results, target, sizes);
    if (found === undefined) return [];
    return [
      [
        labelOf(results, target),
        ledger.derived(found.fixedMs, 'ms', found.rule),
        ledger.derived(found.usPerRow, 'µs/row', found.rule),
        cell(
          context,
          get(context, column('payload-scaling.csv', { target, rows: largest }, 'cpu_us_per_row'), 'µs/row'),
        ),
        ...[256, 4096].map((rows) =>
          cell(context, get(context, column('batch-rows.csv', { target, rows }, 'rows_per_s'), 'rows/s')),
        ),
      ],
    ];
  });
  return table({
    caption: typst`A request takes a fixed time and a time for each row: a straight line fitted to the p50 of one request at a time, each point weighed by its relative error. CPU: measured at ${largest.toLocaleString('en-GB')} rows. Rows/s: over 8 connections.`,
    head: ['', 'fixed', 'slope, each row', 'CPU, each row', 'rows/s at 256', 'rows/s at 4,096'],
    lines,
    strong: targets.flatMap((target, index) => (target === OURS ? [index] : [])),
  });
}

function largeTensor(context: Context): Markup {
  const { results } = context;
  const [row] = results.rows('large-tensor.csv');
  if (row === undefined) return typst`*One large tensor.* ${whyNot(context, 'large-tensor')}`;
  const number = (text: string | undefined) => Number(text).toLocaleString('en-GB');
  const times = targetsIn(results, 'large-tensor.csv').map((target) => {
    const of = (name: string) => get(context, column('large-tensor.csv', { target }, name), 'ms');
    return typst`${labelOf(results, target)} ${say(context, of('p50_ms'))} (CPU ${say(context, of('cpu_ms_per_request'))})`;
  });
  return typst`*One large tensor.* A model with convolutions, ${number(row.numbers_in)} numbers in and ${number(row.numbers_out)} out, one request at a time, p50: ${joined(times, '; ')}.`;
}
