import { formatTable } from '../table.ts';
import { formatGlance } from './glance.ts';
import {
  figure,
  type Line,
  linesOf,
  middleOf,
  middleText,
  type Of,
  quotient,
  ratioOf,
  ratioText,
} from './lines.ts';
import { formatProtocols } from './protocol-figures.ts';
import type { FileName } from './schema.ts';

/** A column of a table: a figure of each row, and whether its interval and its ratios to other targets are shown. */
interface Shown {
  readonly title: string;
  readonly of: Of;
  readonly ratio?: boolean;
}

interface TableOf {
  readonly file: FileName;
  /** Columns that tell one table from the next, and one group of lines from the next. */
  readonly by: readonly string[];
  /** A column that tells lines of one target apart within a group. */
  readonly within?: string;
  readonly shown: readonly Shown[];
}

const MB = 1e6;
const tables: readonly TableOf[] = [
  {
    file: 'load',
    by: ['model', 'clients'],
    shown: [
      { title: 'requests/s', of: figure('requests_per_s'), ratio: true },
      { title: 'p50 ms', of: figure('p50_ms'), ratio: true },
      { title: 'p99 ms', of: figure('p99_ms'), ratio: true },
      { title: 'p99/p50', of: quotient('p99_ms', 'p50_ms') },
      { title: 'max ms', of: figure('max_ms') },
      { title: 'cores', of: figure('server_cores') },
      { title: 'client', of: figure('client_cores') },
      { title: 'others', of: figure('other_cores') },
      { title: 'main thread ms', of: figure('main_thread_ms_per_request') },
      { title: 'loop delay max ms', of: figure('loop_delay_max_ms') },
      { title: 'RSS MB', of: figure('rss_bytes', MB), ratio: true },
      { title: 'peak MB', of: figure('peak_rss_bytes', MB) },
      { title: 'errors', of: figure('errors') },
    ],
  },
  {
    file: 'probes',
    by: ['during', 'model', 'clients'],
    within: 'path',
    shown: [
      { title: 'p50 ms', of: figure('p50_ms') },
      { title: 'p99 ms', of: figure('p99_ms'), ratio: true },
      { title: 'max ms', of: figure('max_ms'), ratio: true },
      { title: 'answered', of: figure('answered') },
      { title: 'refused', of: figure('refused') },
      { title: 'errors', of: figure('errors') },
      { title: 'prober late p99 ms', of: figure('late_p99_ms') },
    ],
  },
  {
    file: 'celsius',
    by: ['connections'],
    shown: [
      { title: 'requests/s', of: figure('requests_per_s'), ratio: true },
      { title: 'p50 ms', of: figure('p50_ms'), ratio: true },
      { title: 'p99 ms', of: figure('p99_ms'), ratio: true },
      { title: 'CPU µs/request', of: figure('cpu_us_per_request'), ratio: true },
      { title: 'errors', of: figure('errors') },
    ],
  },
  {
    file: 'start',
    by: ['model'],
    shown: [
      { title: 'first answer ms', of: figure('first_answer_ms'), ratio: true },
      { title: 'RSS MB', of: figure('rss_bytes', MB), ratio: true },
      { title: 'anonymous MB', of: figure('anonymous_bytes', MB), ratio: true },
      { title: 'peak MB', of: figure('peak_rss_bytes', MB) },
    ],
  },
  {
    file: 'drain',
    by: [],
    shown: [
      { title: 'run ms', of: figure('run_ms') },
      { title: 'sent', of: figure('sent') },
      { title: 'answered', of: figure('answered') },
      { title: 'lost', of: figure('lost') },
      { title: 'listener closed ms', of: figure('listener_closed_ms') },
      { title: 'ended ms', of: figure('ended_ms') },
      { title: 'exit code', of: figure('exit_code') },
    ],
  },
  {
    file: 'memory',
    by: ['model', 'state', 'minutes'],
    shown: [
      { title: 'RSS MB', of: figure('rss_bytes', MB), ratio: true },
      { title: 'anonymous MB', of: figure('anonymous_bytes', MB), ratio: true },
      { title: 'peak MB', of: figure('peak_rss_bytes', MB), ratio: true },
    ],
  },
  {
    file: 'uploads',
    by: ['model'],
    shown: [
      { title: 'requests', of: figure('requests') },
      { title: '408s', of: figure('status_408') },
      { title: 'errors', of: figure('errors') },
      { title: 'requests/s', of: figure('requests_per_s') },
      { title: 'p99 ms', of: figure('p99_ms') },
      { title: 'max ms', of: figure('max_ms') },
    ],
  },
  {
    file: 'protocols',
    by: ['model', 'rows', 'connections', 'streams'],
    within: 'protocol',
    shown: [
      { title: 'requests/s', of: figure('requests_per_s'), ratio: true },
      { title: 'mean ms', of: figure('mean_ms'), ratio: true },
      { title: 'CPU µs/request', of: figure('cpu_us_per_request'), ratio: true },
      { title: 'client µs/request', of: figure('client_cpu_us_per_request') },
      { title: 'errors', of: figure('errors') },
    ],
  },
];

/** All tables of a results folder: medians with their intervals, and this checkout's ratios to the other targets. */
export function formatSummary(folder: string): string {
  const shown = tables.flatMap((table) => {
    const lines = linesOf(folder, table.file);
    const groups = Map.groupBy(lines.flatMap(inAllGroups(lines)), (line) =>
      table.by.map((name) => `${name} ${line[name] || '–'}`).join(', '),
    );
    return [...groups].map(([group, own]) => formatGroup(table, group, own));
  });
  const lost = linesOf(folder, 'drain');
  if (lost.length > 0) shown.push(formatLost(lost));
  const first = [formatGlance(folder), formatProtocols(folder)].filter((table) => table !== null);
  return [...first, ...shown].join('\n\n');
}

/** Python has no clients: its one thread is what any number of them is compared with. */
function inAllGroups(lines: readonly Line[]) {
  return (line: Line): Line[] => {
    if (line.target !== 'python') return [line];
    const clients = new Set(lines.flatMap((other) => (other.model === line.model ? [other.clients] : [])));
    return [...clients].map((count = '') => ({ ...line, clients: count }));
  };
}

function formatGroup({ file, shown, within }: TableOf, group: string, lines: readonly Line[]): string {
  const nameOf = (target = '', line: Line) => [target, ...(within ? [line[within]] : [])].join(' ');
  const byName = Map.groupBy(lines, (line) => nameOf(line.target, line));
  const rows = [...byName].map(([name, own]) => [
    name,
    ...shown.map(({ of, ratio }) => middleText(middleOf(of, own), ratio)),
  ]);
  const ratios = [...byName].flatMap(([name, other]) => {
    const ours = other[0]?.target?.startsWith('celsiusify')
      ? undefined
      : byName.get(nameOf('celsiusify', other[0] ?? {}));
    if (ours === undefined) return [];
    const cells = shown.map((column) => (column.ratio ? ratioText(ratioOf(column.of, other, ours)) : ''));
    return cells.some((text) => text !== '') ? [[`celsiusify ÷ ${name}`, ...cells]] : [];
  });
  const head = [`${file}${group ? `: ${group}` : ''}`, ...shown.map(({ title }) => title)];
  return formatTable([head, ...rows, ...ratios]);
}

function formatLost(lines: readonly Line[]): string {
  const sum = (own: readonly Line[], name: string) =>
    own.reduce((total, line) => total + Number(line[name]), 0);
  return [...Map.groupBy(lines, ({ target = '' }) => target)]
    .map(([target, own]) => `drain, all repeats: ${target} lost ${sum(own, 'lost')} of ${sum(own, 'sent')}`)
    .join('\n');
}
