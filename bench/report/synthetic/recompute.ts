import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Computes a line of figures.csv anew from its `from` text and the CSV files, in the plainest way and with none of the
 * report's own code, so that a mistake in that code cannot hide itself. Grammar: `FILE[COLUMN=VALUE …].COLUMN`, a number,
 * or `(A ÷ B)`, `(A × B)`, `(A − B)`, done repeat by repeat.
 */
export function recompute(folder: string, from: string): number[] {
  const [value, rest] = expression(folder, from);
  if (rest !== '') throw new Error(`cannot read ${JSON.stringify(rest)} of ${from}`);
  return typeof value === 'number' ? [value] : [...value.values()];
}

/** Each file is read once: a report has hundreds of lines from one. */
const read = new Map<string, string[][]>();

function linesOf(path: string): string[][] {
  const known = read.get(path);
  if (known !== undefined) return known;
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  read.set(path, lines);
  return lines;
}

type Value = number | Map<string, number>;

function expression(folder: string, text: string): [Value, string] {
  if (!text.startsWith('(')) return term(folder, text);
  const [a, afterA] = expression(folder, text.slice(1));
  const sign = afterA.slice(1, 2);
  const [b, afterB] = expression(folder, afterA.slice(3));
  return [combine(a, b, sign), afterB.slice(1)];
}

function term(folder: string, text: string): [Value, string] {
  const number = /^-?[\d.]+(?=[ )]|$)/.exec(text);
  if (number !== null) return [Number(number[0]), text.slice(number[0].length)];
  const found = /^([\w/-]+\.csv)\[([^\]]*)\]\.(\w+)/.exec(text);
  if (found === null) throw new Error(`not a selection: ${text}`);
  const [all, file = '', where = '', column = ''] = found;
  const wanted = where.split(' ').map((part) => part.split('='));
  const lines = linesOf(join(folder, file));
  const names = lines[0] ?? [];
  const values = new Map<string, number>();
  let fitting = 0;
  for (const cells of lines.slice(1)) {
    const cell = (name: string) => cells[names.indexOf(name)] ?? '';
    const fits = wanted.every(
      ([name = '', value = '']) => cell(name) === value || Number(cell(name)) === Number(value),
    );
    // Without a column of repeats, rows that fit count by their order.
    if (fits) fitting++;
    if (fits && cell(column) !== '')
      values.set(names.includes('repeat') ? cell('repeat') : String(fitting), Number(cell(column)));
  }
  return [values, text.slice(all.length)];
}

function combine(a: Value, b: Value, sign: string): Value {
  const at = (value: Value, repeat: string) => (typeof value === 'number' ? value : value.get(repeat));
  const repeats = [a, b].flatMap((value) => (typeof value === 'number' ? [] : [...value.keys()]));
  const result = new Map<string, number>();
  for (const repeat of new Set(repeats)) {
    const [x, y] = [at(a, repeat), at(b, repeat)];
    if (x === undefined || y === undefined) continue;
    result.set(repeat, sign === '÷' ? x / y : sign === '×' ? x * y : x - y);
  }
  return result;
}

/** The middle one, or the mean of the two in the middle. */
export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
