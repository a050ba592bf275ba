import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { FatalError } from '../function/errors.ts';
import { formatCsv } from './csv.ts';
import { logHead } from './histogram.ts';
import { allColumns } from './model-files.ts';
import type { FileName, StoredRow } from './schema.ts';

const Line = Type.Object({
  step: Type.String(),
  seconds: Type.Number(),
  rows: Type.Array(
    Type.Object({
      file: Type.String(),
      cells: Type.Record(
        Type.String(),
        Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
      ),
    }),
  ),
  /** Lines of HdrHistogram logs, by the log's name such as `closed-loop/floor`. */
  logs: Type.Array(Type.Object({ log: Type.String(), line: Type.String() })),
});
const line = Compile(Line);

/** What one step measured. */
export interface Measured<F extends string = FileName> {
  readonly rows: readonly StoredRow<F>[];
  readonly logs: readonly { readonly log: string; readonly line: string }[];
}

/** Files in a results folder that are not measured by the bench, and stay when it is replaced. */
export const CLUSTER_FILES = [
  'cluster-grpc.csv',
  'cluster-helm.csv',
  'cluster-hpa.csv',
  'cluster-models.csv',
  'cluster-rollout.csv',
  'cluster-slow.csv',
  'cluster-volume.csv',
  'knative-cold-start.csv',
];

/** Folders of other programs, which stay likewise. */
export const KEPT_FOLDERS = ['engine', 'protocols', 'switching', 'controls'];

/**
 * The results of a run that is under way, in FOLDER.partial: one line of JSON per step that is done, so that a run that was
 * stopped anywhere can go on. Only finish() touches FOLDER, when all is there.
 */
export class Store {
  readonly folder: string;
  readonly partial: string;
  readonly mode: string;
  readonly #columns: Readonly<Record<string, readonly string[]>>;
  readonly #lines: Static<typeof Line>[] = [];

  /**
   * @param plan a text that is the same for the same plan of the same things, and only then
   * @param tables the columns of every CSV file there may be, by its name without `.csv`
   * @throws {FatalError} when another plan's results are there and `fresh` is not set
   */
  constructor(
    folder: string,
    plan: string,
    mode: string,
    fresh = false,
    tables: Readonly<Record<string, readonly string[]>> = allColumns,
  ) {
    this.#columns = tables;
    this.folder = folder;
    this.partial = `${folder.replace(/\/+$/, '')}.partial`;
    this.mode = mode;
    const planFile = join(this.partial, 'plan');
    if (fresh) rmSync(this.partial, { recursive: true, force: true });
    if (existsSync(planFile)) {
      if (readFileSync(planFile, 'utf8') !== plan) {
        throw new FatalError(
          `${this.partial} holds part of another run (another plan, version or machine): give --fresh to drop it, or --out`,
          2,
        );
      }
      this.#lines.push(...readLines(join(this.partial, 'steps.jsonl'), Object.keys(tables)));
      // written anew, so that what comes next does not go on a line that was cut off
      writeFileSync(
        join(this.partial, 'steps.jsonl'),
        this.#lines.map((done) => `${JSON.stringify(done)}\n`).join(''),
      );
    } else {
      mkdirSync(this.partial, { recursive: true });
      writeFileSync(planFile, plan);
    }
  }

  isDone(step: string): boolean {
    return this.#lines.some((done) => done.step === step);
  }

  get doneSteps(): number {
    return this.#lines.length;
  }

  /** Seconds of all steps, those before a Ctrl-C included. */
  get elapsed_s(): number {
    return this.#lines.reduce((sum, done) => sum + done.seconds, 0);
  }

  add(step: string, seconds: number, measured: Measured<string>): void {
    const added = {
      step,
      seconds,
      rows: measured.rows.map(({ file, cells }) => ({ file, cells: { ...cells } })),
      logs: measured.logs.map((entry) => ({ ...entry })),
    };
    appendFileSync(join(this.partial, 'steps.jsonl'), `${JSON.stringify(added)}\n`);
    this.#lines.push(added);
  }

  /** All rows of a file so far, in the order in which they were measured. */
  rows(file: string): StoredRow<string>['cells'][] {
    return this.#lines.flatMap(({ rows }) =>
      rows.filter((row) => row.file === file).map(({ cells }) => cells),
    );
  }

  /** Writes what is there so far as CSV files, histogram logs and environment.json into the partial folder. */
  write(environment: unknown): void {
    for (const [file, names] of Object.entries(this.#columns)) {
      const rows = this.rows(file).map((cells, i) => ({ ...cells, order: i + 1, mode: this.mode }));
      if (rows.length === 0) continue;
      const path = join(this.partial, `${file}.csv`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, formatCsv(names, rows));
    }
    const logs = Map.groupBy(
      this.#lines.flatMap((done) => done.logs),
      ({ log }) => log,
    );
    for (const [log, entries] of logs) {
      const path = join(this.partial, 'histograms', `${log}.hlog`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${logHead()}${entries.map((entry) => `${entry.line}\n`).join('')}`);
    }
    writeFileSync(join(this.partial, 'environment.json'), `${JSON.stringify(environment, null, 2)}\n`);
  }

  /** Puts the whole results in the folder's place, and keeps what the cluster tests and other programs had put there. */
  finish(environment: unknown): void {
    this.write(environment);
    for (const name of ['plan', 'started', 'steps.jsonl']) rmSync(join(this.partial, name), { force: true });
    for (const name of [...CLUSTER_FILES, ...KEPT_FOLDERS]) {
      const [from, to] = [join(this.folder, name), join(this.partial, name)];
      if (existsSync(from) && !existsSync(to)) renameSync(from, to);
    }
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(dirname(this.folder), { recursive: true });
    renameSync(this.partial, this.folder);
  }
}

/** The lines of a journal; a last one that was cut off by a crash is left out. */
function readLines(path: string, files: readonly string[]): Static<typeof Line>[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        const parsed: unknown = JSON.parse(text);
        return line.Check(parsed) && parsed.rows.every(({ file }) => files.includes(file)) ? [parsed] : [];
      } catch {
        return [];
      }
    });
}
