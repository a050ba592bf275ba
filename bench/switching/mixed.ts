import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newHistogram, percentiles } from '../histogram.ts';
import { folderOf, readExpected } from '../models/saved.ts';
import { Clients } from './clients.ts';
import { startServer, untilAnswered } from './server.ts';

export interface MixedOptions {
  /** Of the checkout that has the models. */
  readonly root: string;
  /** Of the checkout whose server is measured. */
  readonly server: string;
  readonly load_s: number;
  /** Holds the models; it is emptied. */
  readonly folder: string;
}

interface Party {
  readonly model: 'celsius' | 'encoder' | 'resnet50';
  readonly clients: number;
  /** Of each request. */
  readonly rows: number;
  /** Between two requests of one client. */
  readonly pause_ms: number;
}

export interface MixedRow {
  /** Who is measured, and who asks at the same time. */
  readonly small: string;
  readonly beside: string;
  readonly failed: number;
  readonly requests_per_s: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  /** Rows that those beside have had answered. */
  readonly beside_rows_per_s: number;
}

const celsius: Party = { model: 'celsius', clients: 16, rows: 1, pause_ms: 10 };
const encoder: Party = { model: 'encoder', clients: 2, rows: 1, pause_ms: 50 };
const encoders: Party = { model: 'encoder', clients: 16, rows: 1, pause_ms: 500 };
const resnet: Party = { model: 'resnet50', clients: 8, rows: 1, pause_ms: 0 };
const greedy = (model: Party['model'], rows: number): Party => ({ model, clients: 1, rows, pause_ms: 0 });

/** Small requests, alone and beside what keeps the server busy: another model, or one client with very large requests. */
const LOADS: readonly (readonly [small: Party, beside: Party | undefined])[] = [
  [celsius, undefined],
  [celsius, resnet],
  [celsius, greedy('celsius', 100_000)],
  [encoder, undefined],
  [encoder, resnet],
  [encoders, undefined],
  [encoders, greedy('encoder', 64)],
];

/** One process with three models, and what small requests wait while others ask for much. */
export async function runMixed(options: MixedOptions): Promise<MixedRow[]> {
  const { root, folder } = options;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const from = {
    celsius: join(root, 'model/celsius'),
    encoder: folderOf(root, 'encoder'),
    resnet50: folderOf(root, 'resnet50'),
  };
  for (const [name, model] of Object.entries(from))
    cpSync(join(model, '1'), join(folder, name, '1'), { recursive: true });
  const running = await startServer(options.server, { MODELS_DIR: folder });
  try {
    for (const model of ['celsius', 'encoder', 'resnet50'] as const)
      await untilAnswered(running, pathOf(model), bodyOf(root, model, 1));
    await sleep(10_000); // its variables become constants
    const rows: MixedRow[] = [];
    for (const [small, beside] of LOADS) rows.push(await load(options, running.origin, small, beside));
    return rows;
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function load(
  { root, load_s }: MixedOptions,
  origin: string,
  small: Party,
  beside?: Party,
): Promise<MixedRow> {
  const start = (party: Party): Clients => {
    const { model, clients: count, pause_ms, rows } = party;
    const body = bodyOf(root, model, rows);
    const clients = new Clients({
      ...{ origin, paths: [pathOf(model)], body, count, pause_ms, rightOf: () => undefined },
    });
    clients.latency = undefined;
    clients.start();
    return clients;
  };
  const others = beside && start(beside);
  const measured = start(small);
  await sleep(2000);
  const latency = newHistogram();
  const [before, othersBefore, began] = [measured.requests, others?.requests ?? 0, performance.now()];
  measured.latency = latency;
  await sleep(load_s * 1000);
  const took_s = (performance.now() - began) / 1000;
  const requests = measured.requests - before;
  const othersRequests = (others?.requests ?? 0) - othersBefore;
  await Promise.all([measured.close(), others?.close()]);
  return {
    small: nameOf(small),
    beside: beside === undefined ? '' : nameOf(beside),
    failed: measured.failed + (others?.failed ?? 0),
    requests_per_s: requests / took_s,
    ...percentilesOf(latency),
    beside_rows_per_s: (othersRequests * (beside?.rows ?? 0)) / took_s,
  };
}

function percentilesOf(latency: ReturnType<typeof newHistogram>) {
  const { p50_ms, p99_ms } = percentiles(latency);
  return { p50_ms, p99_ms };
}

const pathOf = (model: string): string => `/v1/models/${model}:predict`;

const nameOf = ({ model, clients, rows }: Party): string =>
  `${model}, ${clients} × ${rows} row${rows === 1 ? '' : 's'}`;

/** One row of an example, so many times. */
function bodyOf(root: string, model: Party['model'], rows: number): string {
  const one = model === 'celsius' ? 212 : rowOf(root, model);
  return JSON.stringify({ instances: Array.from({ length: rows }, () => one) });
}

function rowOf(root: string, model: 'encoder' | 'resnet50'): unknown {
  const instances = readExpected(root, model).examples[0]?.request.instances;
  if (!Array.isArray(instances)) throw new Error(`${model}: its example has no instances`);
  return instances[0];
}
