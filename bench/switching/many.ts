import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { linkFolder } from '../engine/versions.ts';
import { newHistogram, percentiles } from '../histogram.ts';
import { ask } from '../http.ts';
import { cpuOf, treeUse, untilQuiet } from '../process-tree.ts';
import { Clients } from './clients.ts';
import { startServer, untilAnswered } from './server.ts';

/** Models that are frozen one after another may pause in between. */
const STILL_S = 3;

export interface ManyOptions {
  readonly root: string;
  /** A version of the model that is served under all names. */
  readonly version: string;
  readonly body: string;
  readonly models: number;
  readonly clients: number;
  readonly load_s: number;
  readonly rest_s: number;
  /** Holds the models; it is emptied. */
  readonly folder: string;
}

export interface ManyRow {
  readonly models: number;
  /** Models that were asked, in turn. */
  readonly asked: number;
  readonly ready_ms: number;
  readonly rest_rss_bytes: number;
  readonly rest_anonymous_bytes: number;
  readonly requests: number;
  readonly failed: number;
  readonly requests_per_s: number;
  readonly cpu_us_per_request: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

/** One process with many models: its start, its memory, and requests/s spread over all of them and to one. */
export async function runMany(options: ManyOptions): Promise<ManyRow[]> {
  const { root, folder, models, body, rest_s } = options;
  rmSync(folder, { recursive: true, force: true });
  const names = Array.from({ length: models }, (_, i) => `m${i}`);
  for (const name of names) linkFolder(options.version, join(folder, name, '1'));
  const running = await startServer(root, { MODELS_DIR: folder });
  try {
    await untilReady(running.origin, running.ended);
    const ready_ms = performance.now() - running.started_ms;
    for (const name of names) await untilAnswered(running, `/v1/models/${name}:predict`, body);
    const pid = running.pid ?? 0;
    await untilQuiet(pid, STILL_S);
    await sleep(rest_s * 1000);
    const rest = treeUse(pid);
    const rows: ManyRow[] = [];
    for (const asked of models === 1 ? [1] : [models, 1, models, 1]) {
      const paths = names.slice(0, asked).map((name) => `/v1/models/${name}:predict`);
      const found = await load(options, running.origin, paths, pid);
      rows.push({
        ...{
          models,
          asked,
          ready_ms,
          rest_rss_bytes: rest.rss_bytes,
          rest_anonymous_bytes: rest.anonymous_bytes,
        },
        ...found,
      });
    }
    return rows;
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function load(
  { body, clients: count, load_s }: ManyOptions,
  origin: string,
  paths: string[],
  pid: number,
) {
  const clients = new Clients({ origin, paths, body, count, pause_ms: 0, rightOf: () => undefined });
  clients.start();
  await sleep(1000);
  const latency = newHistogram();
  const [before, cpu, began] = [clients.requests, cpuOf(pid), performance.now()];
  clients.latency = latency;
  await sleep(load_s * 1000);
  const took_s = (performance.now() - began) / 1000;
  const requests = clients.requests - before;
  const cpu_us = cpuOf(pid) - cpu;
  await clients.close();
  const { p50_ms, p99_ms } = percentiles(latency);
  const { failed } = clients;
  return {
    requests,
    failed,
    requests_per_s: requests / took_s,
    cpu_us_per_request: cpu_us / requests,
    p50_ms,
    p99_ms,
  };
}

async function untilReady(origin: string, ended: () => string | null): Promise<void> {
  for (;;) {
    const why = ended();
    if (why !== null) throw new Error(why);
    const status = await ask(`${origin}/readyz`, null).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await sleep(5);
  }
}
