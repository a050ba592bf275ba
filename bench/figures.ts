import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCsv } from './csv.ts';
import type { FileName } from './schema.ts';

/** One figure of a results folder with all its repeats. */
export interface Figure {
  readonly file: FileName;
  readonly target: string;
  /** What it was measured at, such as `connections=32 client=wrk`. */
  readonly condition: string;
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  readonly values: readonly number[];
}

interface Kind {
  readonly file: FileName;
  readonly conditions: readonly string[];
  readonly higher: readonly string[];
  readonly lower: readonly string[];
}

/** Which columns tell rows apart, and which are figures. */
const kinds: readonly Kind[] = [
  {
    file: 'closed-loop',
    conditions: ['client', 'connections'],
    higher: ['requests_per_s'],
    lower: ['p50_ms', 'p99_ms', 'p999_ms', 'cpu_us_per_request'],
  },
  {
    file: 'cross-check',
    conditions: ['client', 'connections'],
    higher: ['requests_per_s'],
    lower: ['p50_ms', 'p99_ms'],
  },
  {
    file: 'open-loop',
    conditions: ['basis_target', 'share_of_basis'],
    higher: [],
    lower: ['p50_ms', 'p99_ms', 'p999_ms', 'cpu_us_per_request'],
  },
  { file: 'cold-start', conditions: ['cache', 'phase'], higher: [], lower: ['ms'] },
  { file: 'memory', conditions: ['state'], higher: [], lower: ['rss_bytes', 'anonymous_bytes'] },
  { file: 'batch-rows', conditions: ['rows'], higher: ['rows_per_s'], lower: ['p99_ms', 'cpu_us_per_row'] },
  { file: 'payload-scaling', conditions: ['rows'], higher: [], lower: ['p50_ms', 'p99_ms'] },
  { file: 'large-tensor', conditions: [], higher: [], lower: ['p50_ms', 'p99_ms', 'cpu_ms_per_request'] },
  { file: 'locust', conditions: ['users'], higher: ['requests_per_s'], lower: ['p50_ms', 'p99_ms'] },
  {
    file: 'idle-connections',
    conditions: ['connections'],
    higher: [],
    lower: ['bytes_per_connection', 'p99_with_ms'],
  },
  { file: 'image-size', conditions: ['compression'], higher: [], lower: ['compressed_bytes'] },
];

/** All figures of a results folder; a question that was not asked has none. @throws {Error} for a file that is not CSV */
export function readFigures(folder: string): Figure[] {
  return kinds.flatMap((kind) => figuresOf(kind, rowsOf(join(folder, `${kind.file}.csv`))));
}

function figuresOf(
  { file, conditions, higher, lower }: Kind,
  rows: readonly Record<string, string>[],
): Figure[] {
  const conditionOf = (row: Record<string, string>) =>
    conditions.map((name) => `${name}=${row[name]}`).join(' ');
  const groups = Map.groupBy(rows, (row) => `${row.target} ${conditionOf(row)}`);
  return [...groups.values()].flatMap((group) => {
    const [first = {}] = group;
    const figure = (better: 'higher' | 'lower') => (metric: string) => ({
      file,
      target: first.target ?? '',
      condition: conditionOf(first),
      metric,
      better,
      values: group.flatMap((row) => (row[metric] ? [Number(row[metric])] : [])),
    });
    return [...higher.map(figure('higher')), ...lower.map(figure('lower'))];
  });
}

function rowsOf(path: string): Record<string, string>[] {
  return existsSync(path) ? parseCsv(readFileSync(path, 'utf8')) : [];
}
