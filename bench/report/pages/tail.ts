import { divide } from '../figures.ts';
import { type Axis, curves } from '../plots/curves.ts';
import { lookOf } from '../plots/theme.ts';
import { OURS, openLoop, openLoopGroups } from '../questions.ts';
import { numberOf } from '../results.ts';
import { joined, type Markup, typst } from '../typst.ts';
import {
  type Context,
  cell,
  complete,
  get,
  labelOf,
  type PlotUse,
  plots,
  say,
  table,
  whyNot,
} from './context.ts';
import { seriesOf, valueAxis } from './curves.ts';

const FILE = 'open-loop.csv';
const PERCENTILES = [
  ['p50_ms', 'p50'],
  ['p99_ms', 'p99'],
  ['p999_ms', 'p99.9'],
] as const;

/** Latency at fixed arrival rates, counted from the moment a request was meant to start. */
export async function tailPage(context: Context): Promise<Markup> {
  const groups = openLoopGroups(context.results);
  if (groups.length === 0)
    return typst`
= celsius: tail latency under open load
${whyNot(context, 'open-loop')}
`;
  const parts: Markup[] = [];
  const [main] = groups.toSorted((a, b) => Number(a === 'fastapi') - Number(b === 'fastapi'));
  if (main !== undefined) parts.push(await panels(context, main));
  return typst`
= celsius: tail latency under open load
Users do not wait for each other. Here requests start at fixed times, whether or not earlier ones have their answer, and latency counts from the time a request was meant to start: a stall delays all that arrive during it, and shows.
${joined(parts)}
${clientLimits(context)}
`;
}

async function panels(context: Context, basis: string): Promise<Markup> {
  const { results } = context;
  const rows = results.rows(FILE, { basis_target: basis });
  const shares = [...new Set(rows.map((row) => Number(row.share_of_basis)))].sort((a, b) => a - b);
  const there = new Set(rows.map((row) => row.target ?? ''));
  // The no-op server and the second way into the same process would only hide the lines that matter.
  const targets = [OURS, 'tf-serving', 'tf-serving-tuned', 'fastapi'].filter((target) => there.has(target));
  const uses: PlotUse[] = [];
  const all = PERCENTILES.map(([name]) =>
    seriesOf(
      context,
      targets,
      shares,
      (target, share) => openLoop(target, basis, share, name),
      'ms',
      (source, found) => complete(context, source, found),
    ),
  );
  // One scale for the three, so that they can be compared.
  const y = valueAxis(all.flat(), '', 'log', 'ms');
  for (const [i, [, label]] of PERCENTILES.entries()) {
    const series = all[i] ?? [];
    const names = i === PERCENTILES.length - 1;
    const alt = `${label} latency over the arrival rate, as a share of what ${labelOf(results, basis)} can do at most.`;
    const svg = await curves({
      frame: {
        width: names ? 210 : 140,
        height: 118,
        margin: { top: 20, right: names ? 90 : 16, bottom: 30, left: 24 },
      },
      title: `${label} latency under open load`,
      description: alt,
      x: shareAxis(shares),
      y: { ...y, title: `${label}, ms (logarithmic)` },
      series,
      names,
    });
    uses.push({ path: `plots/open-loop-${label.replace('.', '')}.svg`, svg, alt });
  }
  const rate = get(context, openRate(targets[0] ?? OURS, basis, shares), 'requests/s');
  return joined([
    plots(
      context,
      typst`Latency over the arrival rate, as a share of the most that ${labelOf(results, basis)} answers to this client (${say(context, rate)} requests/s). A point is left out where so many requests had no answer at the end that the percentile fell on them.`,
      uses,
    ),
    openTable(context, basis, targets, shares),
  ]);
}

/** The same in every row of a group. */
function openRate(target: string, basis: string, shares: readonly number[]) {
  return openLoop(target, basis, shares[0] ?? 0.75, 'basis_requests_per_s');
}

function shareAxis(shares: readonly number[]): Axis {
  const [first = 0, last = 1] = [shares[0], shares.at(-1)];
  const label = (share: number) => `${Math.round(share * 100)}%`;
  return {
    title: 'share of maximum',
    scale: 'linear',
    domain: [Math.min(first, 0.25), last],
    ticks: shares.filter((share) => share !== 0.9 || shares.length < 5),
    label,
  };
}

function openTable(
  context: Context,
  basis: string,
  targets: readonly string[],
  shares: readonly number[],
): Markup {
  const lines = targets.map((target) => [
    labelOf(context.results, target),
    ...shares.map((share) => latency(context, target, basis, share, 'p99_ms')),
    ...(shares.includes(0.75)
      ? [latency(context, target, basis, 0.75, 'p999_ms'), ratioCell(context, target, basis)]
      : []),
  ]);
  return table({
    caption: typst`p99 in ms by share of the maximum.${shares.includes(0.75) ? typst` At the right: p99.9 at 75 %, and how many times Celsiusify’s p99 theirs is there.` : typst``}`,
    head: [
      '',
      ...shares.map((share) => `${Math.round(share * 100)} %`),
      ...(shares.includes(0.75) ? ['p99.9 at 75 %', 'p99, ratio'] : []),
    ],
    lines,
    strong: [0],
  });
}

function latency(context: Context, target: string, basis: string, share: number, name: string): Markup {
  const source = openLoop(target, basis, share, name);
  const found = get(context, source, 'ms');
  return complete(context, source, found) ? cell(context, found, 1) : typst`#quiet[unfinished]`;
}

function ratioCell(context: Context, target: string, basis: string): Markup {
  if (target === OURS) return typst`#quiet[–]`;
  return cell(
    context,
    get(context, divide(openLoop(target, basis, 0.75, 'p99_ms'), openLoop(OURS, basis, 0.75, 'p99_ms')), '×'),
  );
}

const NAMED = 8;

/** Where the client's own clock was late, the figure is about the client: said by name. */
function clientLimits(context: Context): Markup {
  const limited = context.results.rows(FILE, { client_limited: 'true' });
  const all = context.results.rows(FILE);
  const rule = `rows of ${FILE}`;
  const total = context.ledger.derived(all.length, 'count', `${rule}`);
  if (limited.length === 0) return typst`In all ${total} loads the client kept its own timetable.`;
  const names = [
    ...new Set(
      limited.map(
        (row) =>
          `${lookOf(row.target ?? '').name} at ${Math.round((numberOf(row, 'share_of_basis') ?? 0) * 100)} %`,
      ),
    ),
  ];
  const count = context.ledger.derived(limited.length, 'count', `${rule} with client_limited=true`);
  return typst`In ${count} of ${total} loads the client itself was late (more than 5 ms, or half of the p99, in one of a hundred), so that the figure is about the client as much as the server: ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ' and more' : ''}.`;
}
