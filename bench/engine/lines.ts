import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCsv } from '../csv.ts';
import { type Interval, medianInterval, pairedRatio } from '../statistics.ts';
import type { FileName } from './schema.ts';

/** A row of a results file, cells by column. */
export type Line = Readonly<Record<string, string>>;

/** A figure of a row; null where it is not known. */
export type Of = (line: Line) => number | null;

/** The rows of a results folder's file; none when it was not measured. */
export function linesOf(folder: string, file: FileName): Line[] {
  const path = join(folder, `${file}.csv`);
  return existsSync(path) ? parseCsv(readFileSync(path, 'utf8')) : [];
}

export function figure(name: string, scale = 1): Of {
  return (line) => (line[name] ? Number(line[name]) / scale : null);
}

export function quotient(above: string, below: string): Of {
  return (line) => {
    const [a, b] = [figure(above)(line), figure(below)(line)];
    return a === null || b === null ? null : a / b;
  };
}

/** The median of a figure and its interval; null where no row has it. */
export function middleOf(of: Of, lines: readonly Line[]): Interval | null {
  const values = lines.map(of).filter((value) => value !== null);
  return values.length === 0 ? null : medianInterval(values);
}

/** How many times ours is the other's, by pairs of one repeat; null without a pair. */
export function ratioOf(of: Of, others: readonly Line[], ours: readonly Line[]): Interval | null {
  const pairs = ours.flatMap((line) => {
    const other = others.find(({ repeat }) => repeat === line.repeat);
    const [a, b] = [other === undefined ? null : of(other), of(line)];
    return a === null || b === null || a === 0 ? [] : [{ a, b }];
  });
  if (pairs.length === 0) return null;
  return pairedRatio(
    pairs.map(({ a }) => a),
    pairs.map(({ b }) => b),
  );
}

/** A ratio with its interval, where there is more than one pair. */
export function ratioText(found: Interval | null): string {
  if (found === null) return '';
  const { middle, low, high, n } = found;
  return n === 1 ? `${middle.toFixed(2)}×` : `${middle.toFixed(2)}× [${low.toFixed(2)}–${high.toFixed(2)}]`;
}

/** A median, with its interval where it is asked for and there is more than one value. */
export function middleText(found: Interval | null, interval = false): string {
  if (found === null) return '–';
  const { middle, low, high, n } = found;
  return interval && n > 1 ? `${short(middle)} [${short(low)}–${short(high)}]` : short(middle);
}

/** Three significant digits. */
function short(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
