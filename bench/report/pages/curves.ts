import type { Figure, Source, Unit } from '../figures.ts';
import { type Axis, curves, type Series } from '../plots/curves.ts';
import { linearTicks, logTicks } from '../plots/ticks.ts';
import { closedLoop, OURS } from '../questions.ts';
import { growth } from '../scaling.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, get, labelOf, type PlotUse, plots, say, targetsIn } from './context.ts';

/** Curves are drawn from one client, which asks at every number of connections. */
const CLIENT = 'autocannon';

interface Panel {
  readonly path: string;
  readonly column: string;
  readonly unit: Unit;
  readonly title: string;
  readonly scale: Axis['scale'];
  readonly names: boolean;
}

const PANELS: readonly Panel[] = [
  {
    path: 'throughput',
    column: 'requests_per_s',
    unit: 'requests/s',
    title: 'requests/s',
    scale: 'linear',
    names: true,
  },
  {
    path: 'cpu',
    column: 'cpu_us_per_request',
    unit: 'µs',
    title: 'CPU time per request, µs (logarithmic)',
    scale: 'log',
    names: true,
  },
  {
    path: 'latency-p50',
    column: 'p50_ms',
    unit: 'ms',
    title: 'p50 latency, ms (logarithmic)',
    scale: 'log',
    names: true,
  },
  {
    path: 'latency-p99',
    column: 'p99_ms',
    unit: 'ms',
    title: 'p99 latency, ms (logarithmic)',
    scale: 'log',
    names: true,
  },
];

export async function curvesPage(context: Context): Promise<Markup> {
  const { results } = context;
  const targets = targetsIn(results, 'closed-loop.csv');
  const connections = [
    ...new Set(results.rows('closed-loop.csv', { client: CLIENT }).map((row) => Number(row.connections))),
  ].sort((a, b) => a - b);
  if (connections.length < 2) return typst``;
  const uses: PlotUse[] = [];
  for (const panel of PANELS) {
    const series = seriesOf(
      context,
      targets,
      connections,
      (target, x) => closedLoop(target, CLIENT, x, panel.column),
      panel.unit,
    );
    if (series.length > 0) uses.push(await draw(panel, series, connections));
  }
  return typst`
= celsius: throughput and latency over connections
One request in flight on each connection, which asks again as soon as it has its answer (closed loop, ${CLIENT}). ${scalingText(context, connections)}
${joined([plots(context, typst``, uses.slice(0, 2)), plots(context, typst`Medians over the repeats; the bands are their intervals. Scales of latency and CPU time are logarithmic, of throughput linear from zero.`, uses.slice(2))])}
${floorText(context)}
`;
}

export function seriesOf(
  context: Context,
  targets: readonly string[],
  xs: readonly number[],
  source: (target: string, x: number) => Source,
  unit: Unit,
  keep: (source: Source, figure: Figure) => boolean = () => true,
): Series[] {
  return targets.flatMap((target) => {
    const points = xs.flatMap((x) => {
      const found = get(context, source(target, x), unit);
      return found === undefined || !keep(source(target, x), found) ? [] : [{ x, figure: found }];
    });
    return points.length === 0 ? [] : [{ target, points }];
  });
}

/** An axis that holds all of the series, from zero when it is linear. */
export function valueAxis(series: readonly Series[], title: string, scale: Axis['scale'], unit: Unit): Axis {
  const values = series.flatMap(({ points }) => points.flatMap(({ figure }) => [figure.low, figure.high]));
  const ticks = scale === 'log' ? logTicks(values, 10) : linearTicks(Math.max(...values));
  return { title, scale, domain: [ticks[0] ?? 0, ticks.at(-1) ?? 1], ticks, label: tickLabel(unit) };
}

/** Ticks are round: `20k`, `0.1`, never more digits than it takes. */
function tickLabel(unit: Unit): (value: number) => string {
  return (value) => {
    if (unit === 'requests/s' || unit === 'rows/s') {
      return value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${value / 1000}k` : String(value);
    }
    return value.toLocaleString('en-GB', { maximumSignificantDigits: 3 });
  };
}

async function draw(
  panel: Panel,
  series: readonly Series[],
  connections: readonly number[],
): Promise<PlotUse> {
  const alt = `${panel.title} over connections, one line for each server.`;
  const svg = await curves({
    frame: { width: 243, height: 124, margin: { top: 20, right: 93, bottom: 30, left: 27 } },
    title: panel.title,
    description: alt,
    x: connectionsAxis(connections),
    y: valueAxis(series, panel.title, panel.scale, panel.unit),
    series,
    names: panel.names,
  });
  return { path: `plots/${panel.path}.svg`, svg, alt };
}

function connectionsAxis(connections: readonly number[]): Axis {
  const [first = 1, last = 2] = [connections[0], connections.at(-1)];
  return {
    title: 'connections (logarithmic)',
    scale: 'log',
    domain: [first, last],
    ticks: connections,
    label: String,
  };
}

function scalingText(context: Context, connections: readonly number[]): Markup {
  const { results, ledger } = context;
  const [first = 1, last = 128] = [connections[0], connections.at(-1)];
  const parts = ['tf-serving', 'fastapi', OURS].flatMap((target) => {
    const found = growth(
      results,
      target,
      CLIENT,
      connections.filter((c) => c <= 8),
    );
    const whole = get(context, growthSource(target, first, last), '×');
    if (found === undefined || whole === undefined) return [];
    const slope = ledger.derived(found.slope, 'count', found.rule, found.slope.toFixed(2));
    return [typst`${labelOf(results, target)} ${say(context, whole)} (slope ${slope})`];
  });
  if (parts.length === 0) return typst``;
  return typst`From ${String(first)} to ${String(last)} connections throughput grows: ${joined(parts.toReversed(), ', ')}. The slope is that of log requests/s over log connections up to 8: 1 would be a server that never waits for another request.`;
}

function growthSource(target: string, first: number, last: number): Source {
  return {
    op: 'divide',
    a: closedLoop(target, CLIENT, last, 'requests_per_s'),
    b: closedLoop(target, CLIENT, first, 'requests_per_s'),
  };
}

/** A target near the no-op server is a target that the client limits: then the plot shows the client. */
function floorText(context: Context): Markup {
  const near = [32, 128].map((connections) => {
    const [ours, floor] = [OURS, 'floor'].map((target) =>
      closedLoop(target, CLIENT, connections, 'requests_per_s'),
    );
    const found = ours && floor && get(context, { op: 'divide', a: ours, b: floor }, '×');
    return { connections, found };
  });
  const said = near.flatMap(({ connections, found }) =>
    found === undefined ? [] : [typst`${say(context, found)} at ${String(connections)} connections`],
  );
  if (said.length === 0) return typst``;
  const limited = near.some(({ found }) => found !== undefined && found.median > 0.85);
  return typst`The no-op server is a plain node:http server without a model: what the client and Node’s HTTP do here. Celsiusify answers plain requests without node:http, and can pass it. Celsiusify reaches of it ${joined(said, ' and ')}. ${limited ? typst`So near to it the client is part of the limit.` : typst``}`;
}
