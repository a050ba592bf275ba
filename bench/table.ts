import type { Figure } from './figures.ts';
import { medianInterval } from './statistics.ts';
import type { Target } from './targets/target.ts';

/** Rows of text as columns, the first row underlined. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [lines[0], widths.map((width) => '─'.repeat(width)).join('  '), ...lines.slice(1)].join('\n');
}

interface Column {
  readonly title: string;
  readonly file: Figure['file'];
  readonly metric: string;
  readonly condition: string;
  readonly scale?: number;
}

const at32 = { file: 'closed-loop', condition: 'client=autocannon connections=32' } as const;
const columns: readonly Column[] = [
  { title: 'requests/s', ...at32, metric: 'requests_per_s' },
  { title: 'by wrk', ...at32, condition: 'client=wrk connections=32', metric: 'requests_per_s' },
  { title: 'p50 ms', ...at32, metric: 'p50_ms' },
  { title: 'p99 ms', ...at32, metric: 'p99_ms' },
  { title: 'p99.9 ms', ...at32, metric: 'p999_ms' },
  { title: 'CPU µs/req', ...at32, metric: 'cpu_us_per_request' },
  { title: 'RSS MB', file: 'memory', condition: 'state=loaded', metric: 'rss_bytes', scale: 1e6 },
  { title: 'cold start ms', file: 'cold-start', condition: 'cache=warm phase=first_answer', metric: 'ms' },
];

/** Medians with their intervals, targets down, and below each how many times TensorFlow Serving's that is. */
export function formatSummary(
  figures: readonly Figure[],
  targets: readonly Pick<Target, 'id' | 'label'>[],
): string {
  const find = (id: string, column: Column) =>
    figures.find(
      ({ target, file, condition, metric, values }) =>
        target === id &&
        values.length > 0 &&
        file === column.file &&
        condition === column.condition &&
        metric === column.metric,
    );
  const cell = (id: string, column: Column) => {
    const figure = find(id, column);
    if (!figure) return '–';
    const { middle, low, high } = medianInterval(figure.values.map((value) => value / (column.scale ?? 1)));
    return `${short(middle)} [${short(low)}–${short(high)}]`;
  };
  const ratio = (id: string, column: Column) => {
    const [figure, base] = [find(id, column), find('tf-serving', column)];
    if (!figure || !base) return '';
    return `${(medianInterval(figure.values).middle / medianInterval(base.values).middle).toFixed(2)}×`;
  };
  const rows = targets
    .filter(({ id }) => columns.some((column) => find(id, column)))
    .flatMap(({ id, label }) => {
      const values = [label, ...columns.map((column) => cell(id, column))];
      const ratios = columns.map((column) => ratio(id, column));
      return id === 'tf-serving' || ratios.every((text) => text === '')
        ? [values]
        : [values, ["  to TensorFlow Serving's", ...ratios]];
    });
  return formatTable([['32 connections', ...columns.map(({ title }) => title)], ...rows]);
}

/** Three significant digits, as people write them. */
function short(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)}k`;
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
