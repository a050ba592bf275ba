import { column, divide, type Figure, figure, type Source, type Unit } from './figures.ts';
import type { Results } from './results.ts';

/** One thing that servers are compared by. */
export interface Question {
  readonly id: string;
  /** As a plot's or table's line names it. */
  readonly label: string;
  readonly better: 'higher' | 'lower';
  readonly unit: Unit;
  readonly of: (target: string) => Source;
  /** Celsiusify's figure beside a rival's, where it is another for each. */
  readonly ours?: (rival: string) => Source;
}

export const OURS = 'celsiusify-predict';

/**
 * The client of the closed loop whose figures stand first: wrk where it was there, because autocannon takes about as much
 * CPU time as a fast server and, on shared cores, shows less of it. A ratio never mixes the two.
 */
export function headlineClient(results: Results): string {
  const has = (client: string) =>
    [OURS, 'tf-serving'].every(
      (target) => results.rows('closed-loop.csv', { target, client, connections: 32 }).length > 0,
    );
  return has('wrk') ? 'wrk' : 'autocannon';
}

/**
 * Latency is always by autocannon: it keeps a histogram, compares every answer, and has warmed up at each load of every
 * run so far; servers that compile as they run are slow in the first moments of a load.
 */
export const LATENCY_CLIENT = 'autocannon';

/** The client whose closed loop tells figures of this unit. @param headline what headlineClient() said */
export function clientFor(unit: Unit, headline: string): string {
  return unit === 'ms' ? LATENCY_CLIENT : headline;
}

export function closedLoop(target: string, client: string, connections: number, name: string): Source {
  return column('closed-loop.csv', { target, client, connections }, name);
}

/** Arrival rates that are compared, as shares of what the slower server can do: all below its maximum. */
const OPEN_SHARES = [0.25, 0.5, 0.75];

/** Everything that page 1 compares, in its order. */
export function questions(results: Results): readonly Question[] {
  const client = headlineClient(results);
  const closed = (
    id: string,
    label: string,
    better: Question['better'],
    unit: Unit,
    connections: number,
    name: string,
  ): Question => ({
    id,
    label,
    better,
    unit,
    of: (target) => closedLoop(target, clientFor(unit, client), connections, name),
  });
  const memory = (id: string, label: string, name: string): Question => ({
    id,
    label,
    better: 'lower',
    unit: 'bytes',
    of: (target) => column('memory.csv', { target, state: 'thousand' }, name),
  });
  const rows = (count: number): Question => ({
    id: `rows-${count}`,
    label: `rows/s at ${count.toLocaleString('en-GB')} rows a request`,
    better: 'higher',
    unit: 'rows/s',
    of: (target) => column('batch-rows.csv', { target, rows: count }, 'rows_per_s'),
  });
  const openAt = (share: number): Question => ({
    id: `open-p99-${share}`,
    label: `p99 latency, open loop at ${100 * share} % of the slower`,
    better: 'lower',
    unit: 'ms',
    of: (target) => openLoop(target, groupOf(results, target), share, 'p99_ms'),
    ours: (rival) => openLoop(OURS, groupOf(results, rival), share, 'p99_ms'),
  });
  return [
    closed('rps-1', 'requests/s, 1 connection', 'higher', 'requests/s', 1, 'requests_per_s'),
    closed('rps-32', 'requests/s, 32 connections', 'higher', 'requests/s', 32, 'requests_per_s'),
    closed('rps-128', 'requests/s, 128 connections', 'higher', 'requests/s', 128, 'requests_per_s'),
    closed('p50-32', 'p50 latency, 32 connections', 'lower', 'ms', 32, 'p50_ms'),
    closed('p99-1', 'p99 latency, 1 connection', 'lower', 'ms', 1, 'p99_ms'),
    closed('p99-32', 'p99 latency, 32 connections', 'lower', 'ms', 32, 'p99_ms'),
    closed('p999-32', 'p99.9 latency, 32 connections', 'lower', 'ms', 32, 'p999_ms'),
    ...OPEN_SHARES.map(openAt),
    closed('cpu-32', 'CPU time per request, 32 connections', 'lower', 'µs', 32, 'cpu_us_per_request'),
    rows(256),
    rows(4096),
    {
      id: 'large',
      label: '50,000 numbers in, 100,000 out',
      better: 'lower',
      unit: 'ms',
      of: (target) => column('large-tensor.csv', { target }, 'p50_ms'),
    },
    {
      id: 'cold',
      label: 'process start to first right answer',
      better: 'lower',
      unit: 'ms',
      of: (target) => coldStart(target, 'warm', 'first_answer'),
    },
    memory('rss', 'memory after 1,000 requests, resident', 'rss_bytes'),
    memory('anonymous', '… its anonymous part', 'anonymous_bytes'),
  ];
}

export function openLoop(target: string, basis: string, share: number, name: string): Source {
  return column('open-loop.csv', { target, basis_target: basis, share_of_basis: share }, name);
}

/** The open-loop group that a rival stands in: FastAPI's own, far slower one, or the one with TensorFlow Serving. */
function groupOf(results: Results, target: string): string {
  const groups = openLoopGroups(results);
  return groups.find((basis) => (basis === 'fastapi') === target.startsWith('fastapi')) ?? '';
}

/** The targets whose maximum set the arrival rates, in the order of the file. */
export function openLoopGroups(results: Results): readonly string[] {
  return [...new Set(results.rows('open-loop.csv').map((row) => row.basis_target ?? ''))];
}

export function coldStart(target: string, cache: string, phase: string): Source {
  return column('cold-start.csv', { target, cache, phase }, 'ms');
}

/** A rival's and Celsiusify's own figure for a question. */
export function sidesOf(question: Question, rival: string): readonly [Source, Source] {
  return [question.of(rival), question.ours?.(rival) ?? question.of(OURS)];
}

/**
 * How many times better Celsiusify is than a rival, repeat by repeat: above 1 it is better, whichever way the figure
 * counts.
 */
export function advantage(results: Results, question: Question, rival: string): Figure | undefined {
  const [theirs, ours] = sidesOf(question, rival);
  const source = question.better === 'higher' ? divide(ours, theirs) : divide(theirs, ours);
  return figure(results, source, '×');
}

export type Verdict = 'better' | 'worse' | 'even';

/** Even where the interval holds 1, and where a single observation has no interval to speak of. */
export function verdict({ low, high, n }: Figure): Verdict {
  if (n < 2) return 'even';
  return low > 1 ? 'better' : high < 1 ? 'worse' : 'even';
}
