import { type FileName as ModelFileName, columns as modelColumns } from './engine/schema.ts';

/** The columns of every CSV file of a results folder, in order. README.md says what each one means; a test compares the two. */
export const columns = {
  'closed-loop': [
    'target',
    'connections',
    'repeat',
    'order',
    'duration_s',
    'requests',
    'errors',
    'wrong_answers',
    'requests_per_s',
    'p50_ms',
    'p90_ms',
    'p99_ms',
    'p999_ms',
    'max_ms',
    'cpu_us_per_request',
    'client_cpu_us_per_request',
    'rss_bytes',
    'anonymous_bytes',
    'client',
    'mode',
  ],
  'cross-check': [
    'target',
    'client',
    'connections',
    'repeat',
    'order',
    'duration_s',
    'requests',
    'errors',
    'requests_per_s',
    'p50_ms',
    'p99_ms',
    'mode',
  ],
  'open-loop': [
    'target',
    'basis_target',
    'basis_requests_per_s',
    'share_of_basis',
    'rate_per_s',
    'repeat',
    'order',
    'duration_s',
    'intended',
    'requests',
    'errors',
    'wrong_answers',
    'unfinished',
    'requests_per_s',
    'p50_ms',
    'p90_ms',
    'p99_ms',
    'p999_ms',
    'max_ms',
    'service_p50_ms',
    'service_p99_ms',
    'late_p50_ms',
    'late_p99_ms',
    'client_limited',
    'cpu_us_per_request',
    'mode',
  ],
  'cold-start': ['target', 'cache', 'repeat', 'order', 'phase', 'ms', 'mode'],
  memory: [
    'target',
    'state',
    'repeat',
    'order',
    'requests_before',
    'processes',
    'threads',
    'rss_bytes',
    'pss_bytes',
    'anonymous_bytes',
    'file_bytes',
    'mode',
  ],
  'batch-rows': [
    'target',
    'rows',
    'connections',
    'repeat',
    'order',
    'duration_s',
    'requests',
    'errors',
    'wrong_answers',
    'requests_per_s',
    'rows_per_s',
    'p50_ms',
    'p99_ms',
    'max_ms',
    'cpu_us_per_request',
    'cpu_us_per_row',
    'request_bytes',
    'response_bytes',
    'mode',
  ],
  'payload-scaling': [
    'target',
    'rows',
    'connections',
    'repeat',
    'order',
    'duration_s',
    'requests',
    'errors',
    'wrong_answers',
    'requests_per_s',
    'rows_per_s',
    'p50_ms',
    'p99_ms',
    'max_ms',
    'cpu_us_per_request',
    'cpu_us_per_row',
    'request_bytes',
    'response_bytes',
    'mode',
  ],
  'large-tensor': [
    'target',
    'numbers_in',
    'numbers_out',
    'connections',
    'repeat',
    'order',
    'duration_s',
    'requests',
    'errors',
    'wrong_answers',
    'requests_per_s',
    'p50_ms',
    'p90_ms',
    'p99_ms',
    'max_ms',
    'cpu_ms_per_request',
    'request_bytes',
    'response_bytes',
    'mode',
  ],
  locust: [
    'target',
    'users',
    'workers',
    'repeat',
    'order',
    'duration_s',
    'requests',
    'failures',
    'requests_per_s',
    'p50_ms',
    'p90_ms',
    'p99_ms',
    'p999_ms',
    'max_ms',
    'cpu_us_per_request',
    'client_limited',
    'mode',
  ],
  'memory-limit': [
    'target',
    'limit_bytes',
    'repeat',
    'order',
    'outcome',
    'requests',
    'errors',
    'requests_per_s',
    'share_of_unlimited',
    'p99_ms',
    'mode',
  ],
  'idle-connections': [
    'target',
    'connections',
    'repeat',
    'order',
    'errors',
    'rss_before_bytes',
    'rss_after_bytes',
    'anonymous_before_bytes',
    'anonymous_after_bytes',
    'bytes_per_connection',
    'p50_without_ms',
    'p99_without_ms',
    'p50_with_ms',
    'p99_with_ms',
    'mode',
  ],
  soak: [
    'target',
    'rate_per_s',
    'minute',
    'requests',
    'errors',
    'wrong_answers',
    'unfinished',
    'p50_ms',
    'p99_ms',
    'max_ms',
    'rss_bytes',
    'anonymous_bytes',
    'mode',
  ],
  'image-size': [
    'target',
    'image',
    'digest',
    'compression',
    'layers',
    'compressed_bytes',
    'uncompressed_bytes',
    'mode',
  ],
  'not-measured': ['question', 'target', 'condition', 'reason', 'mode'],
} as const;

/** A file about real models, whose columns are bench/engine's. */
export type ModelFile = `models/${ModelFileName}`;

export function modelFile(name: ModelFileName): ModelFile {
  return `models/${name}`;
}

/** Columns of all files that a whole run may write. */
export const allColumns: Readonly<Record<string, readonly string[]>> = {
  ...columns,
  ...Object.fromEntries(
    Object.entries(modelColumns)
      .filter(([name]) => name !== 'not-measured')
      .map(([name, names]) => [`models/${name}`, names]),
  ),
};

/** A CSV file's name without `.csv`. */
export type FileName = keyof typeof columns;

/** One observation: a cell for every column; `mode` and `order` are filled in when it is stored. */
export type Row<F extends FileName> = Readonly<
  Record<Exclude<(typeof columns)[F][number], 'mode' | 'order'>, Cell>
>;

/** null is an empty cell: not known. */
export type Cell = string | number | boolean | null;

/** A row whose file is known at run time only. */
export interface StoredRow<F extends string = FileName> {
  readonly file: F;
  readonly cells: Readonly<Record<string, Cell>>;
}

export function row<F extends FileName>(file: F, cells: Row<F>): StoredRow {
  return { file, cells };
}
