import { parse } from 'csv-parse/sync';
import type { Cell } from './schema.ts';

/** Rows as RFC 4180 CSV with `\n` and a header line; null and numbers that are not finite are empty cells. */
export function formatCsv(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, Cell>>[],
): string {
  const lines = rows.map((row) => columns.map((column) => formatCell(row[column] ?? null)).join(','));
  return [columns.join(','), ...lines, ''].join('\n');
}

function formatCell(cell: Cell): string {
  if (cell === null || (typeof cell === 'number' && !Number.isFinite(cell))) return '';
  // six significant digits are finer than anything here repeats; whole numbers such as bytes stay whole
  if (typeof cell === 'number') return String(Number.isInteger(cell) ? cell : Number(cell.toPrecision(6)));
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The rows of a CSV text, as objects by the header's names.
 * @throws {Error} when a line has another number of cells than the header, or a quote is not closed
 */
export function parseCsv(text: string): Record<string, string>[] {
  const [header = [], ...rows] = parse(text);
  return rows.map((cells) => Object.fromEntries(header.map((name, i) => [name, cells[i] ?? ''])));
}
