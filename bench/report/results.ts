import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError, messageOf } from '../../function/errors.ts';
import { parseCsv } from '../csv.ts';
import { type Environment, parseEnvironment } from './environment.ts';

/** One line of a CSV file by column name; an empty cell is '' and means "not known". */
export type Row = Readonly<Record<string, string>>;

/** Which rows: every column named must hold exactly this text ('' picks rows where it is not known). */
export type Where = Readonly<Record<string, string | number>>;

/** A results folder, read once and never written to. Its format is described in bench/README.md. */
export interface Results {
  readonly folder: string;
  readonly environment: Environment;
  /** Names of the CSV files that are there, such as `closed-loop.csv` or `models/load.csv`. */
  readonly files: readonly string[];
  /** `full`, or the least trustworthy mode that the environment or any row admits to. */
  readonly mode: 'full' | 'partial' | 'quick';
  /** Rows of a file that match; none where the file is not there. Throws FatalError for a column that is not there. */
  rows(file: string, where?: Where): readonly Row[];
}

/** Folders of more CSV files: real models of this run, and what other programs measured before (their READMEs say what). */
const PARTS = ['models', 'engine', 'protocols', 'switching', 'controls'];

/** Reads a results folder. Throws FatalError, which names the file, where it cannot be understood. */
export function readResults(folder: string): Results {
  const environmentFile = join(folder, 'environment.json');
  if (!existsSync(environmentFile)) {
    throw new FatalError(`no environment.json in ${folder}: give the folder that npm run bench wrote`, 2);
  }
  const environment = parseEnvironment(readFileSync(environmentFile, 'utf8'), environmentFile);
  const tables = new Map<string, readonly Row[]>();
  for (const part of ['', ...PARTS]) {
    const inside = join(folder, part);
    for (const file of existsSync(inside) ? readdirSync(inside).sort() : []) {
      const name = part === '' ? file : `${part}/${file}`;
      // figures.csv is what this very program writes: reading it back would let a report feed on a report.
      if (name.endsWith('.csv') && name !== 'figures.csv') tables.set(name, readTable(join(folder, name)));
    }
  }
  return {
    folder,
    environment,
    files: [...tables.keys()],
    mode: leastTrusted(environment.mode, tables),
    rows: (file, where = {}) => select(file, tables.get(file) ?? [], where),
  };
}

function readTable(path: string): readonly Row[] {
  try {
    return parseCsv(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FatalError(`cannot read ${path}: ${messageOf(error)}; run npm run bench again`);
  }
}

function select(file: string, table: readonly Row[], where: Where): readonly Row[] {
  const wanted = Object.entries(where).map(([column, value]) => [column, String(value)] as const);
  for (const [column] of wanted) need(file, table[0], column);
  return table.filter((row) => wanted.every(([column, value]) => same(row[column] ?? '', value)));
}

/** Numbers are compared as numbers, so that 0.5 finds a cell written 0.50. */
function same(cell: string, value: string): boolean {
  return cell === value || (cell !== '' && value !== '' && Number(cell) === Number(value));
}

function need(file: string, row: Row | undefined, column: string): void {
  if (row !== undefined && !(column in row)) {
    throw new FatalError(
      `${file} has no column ${column}: it was written by another version of the benchmark`,
    );
  }
}

function leastTrusted(mode: Results['mode'], tables: ReadonlyMap<string, readonly Row[]>): Results['mode'] {
  const seen = new Set<string>([mode]);
  for (const table of tables.values()) for (const row of table) seen.add(row.mode ?? '');
  return seen.has('quick') ? 'quick' : seen.has('partial') ? 'partial' : 'full';
}

/** A cell as a number; undefined for one that is not known. */
export function numberOf(row: Row, column: string): number | undefined {
  const cell = row[column];
  if (cell === undefined || cell === '') return undefined;
  const value = Number(cell);
  return Number.isFinite(value) ? value : undefined;
}
