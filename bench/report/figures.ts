import { medianInterval } from '../statistics.ts';
import { numberOf, type Results, type Where } from './results.ts';

/**
 * Where a figure's observations come from: a column of the rows picked from a CSV file, or arithmetic on such, done
 * repeat by repeat, because servers measured in the same repeat had the same luck with the machine.
 */
export type Source =
  | { readonly op: 'column'; readonly file: string; readonly where: Where; readonly column: string }
  | { readonly op: 'divide' | 'multiply' | 'subtract'; readonly a: Source; readonly b: Source }
  | { readonly op: 'constant'; readonly value: number };

/** One number of the report: the median over the repeats and the interval around it, in the unit of its CSV column. */
export interface Figure {
  readonly source: Source;
  readonly unit: Unit;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How many observations stand behind it. */
  readonly n: number;
  /** How likely such an interval holds the true median, 0 to 1. */
  readonly coverage: number;
}

/** What a figure counts, in the unit that the CSV file has. How it is written is format.ts's business. */
export type Unit =
  | 'requests/s'
  | 'requests'
  | 'rows/s'
  | 'ms'
  | 's'
  | 'µs'
  | 'bytes'
  /** Bytes, written in MiB: container limits are powers of two. */
  | 'MiB'
  | '×'
  | 'share'
  | 'GB·s'
  | 'count'
  | 'µs/row';

export function column(file: string, where: Where, name: string): Source {
  return { op: 'column', file, where, column: name };
}

export function constant(value: number): Source {
  return { op: 'constant', value };
}

export function divide(a: Source, b: Source): Source {
  return { op: 'divide', a, b };
}

export function multiply(a: Source, b: Source): Source {
  return { op: 'multiply', a, b };
}

export function subtract(a: Source, b: Source): Source {
  return { op: 'subtract', a, b };
}

/** The figure, or undefined where the CSV files hold no observation for it: then it was not measured. */
export function figure(results: Results, source: Source, unit: Unit): Figure | undefined {
  const values = [...observations(results, source).values()];
  if (values.length === 0) return undefined;
  const { middle, low, high, n, coverage } = medianInterval(values);
  return { source, unit, median: middle, low, high, n, coverage };
}

/**
 * Observations by repeat. A repeat that lacks one side of a ratio has no ratio. Rows of one repeat that the selection
 * does not tell apart are a mistake of the report, and throw.
 */
export function observations(results: Results, source: Source): ReadonlyMap<string, number> {
  if (source.op === 'constant') throw new Error('a constant alone is not a measurement');
  if (source.op === 'column') {
    const found = new Map<string, number>();
    for (const [index, row] of results.rows(source.file, source.where).entries()) {
      const repeat = row.repeat ?? String(index + 1);
      const value = numberOf(row, source.column);
      if (value === undefined) continue;
      if (found.has(repeat)) throw new Error(`two rows for repeat ${repeat}: ${describe(source)}`);
      found.set(repeat, value);
    }
    return found;
  }
  const a = source.a.op === 'constant' ? source.a.value : observations(results, source.a);
  const b = source.b.op === 'constant' ? source.b.value : observations(results, source.b);
  return combine(a, b, ARITHMETIC[source.op]);
}

const ARITHMETIC = {
  divide: (x: number, y: number) => x / y,
  multiply: (x: number, y: number) => x * y,
  subtract: (x: number, y: number) => x - y,
};

type Side = number | ReadonlyMap<string, number>;

function combine(a: Side, b: Side, f: (x: number, y: number) => number): ReadonlyMap<string, number> {
  const repeats = typeof a === 'number' ? b : a;
  if (typeof repeats === 'number') throw new Error('two constants are not a measurement');
  const result = new Map<string, number>();
  for (const repeat of repeats.keys()) {
    const x = typeof a === 'number' ? a : a.get(repeat);
    const y = typeof b === 'number' ? b : b.get(repeat);
    if (x === undefined || y === undefined) continue;
    const value = f(x, y);
    if (Number.isFinite(value)) result.set(repeat, value);
  }
  return result;
}

const SIGN = { divide: '÷', multiply: '×', subtract: '−' };

/** The source in words that a reader can follow by hand with the CSV file open. */
export function describe(source: Source): string {
  if (source.op === 'constant') return String(source.value);
  if (source.op === 'column') {
    const where = Object.entries(source.where).map(([name, value]) => `${name}=${value}`);
    return `${source.file}[${where.join(' ')}].${source.column}`;
  }
  return `(${describe(source.a)} ${SIGN[source.op]} ${describe(source.b)})`;
}
