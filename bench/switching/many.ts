import { linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newHistogram, percentiles } from '../histogram.ts';
import { ask } from '../http.ts';
import { cpuOf, treeUse } from '../process-tree.ts';
import { Clients } from './clients.ts';
import { startServer, untilAnswered } from './server.ts';

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
  for (const name of names) link(options.version, join(folder, name, '1'));
  const running = await startServer(root, { MODELS_DIR: folder });
  try {
    await untilReady(running.origin, running.ended);
    const ready_ms = performance.now() - running.started_ms;
    for (const name of names) await untilAnswered(running, `/v1/models/${name}:predict`, body);
    const pid = running.pid ?? 0;
    await untilQuiet(pid);
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

/** A copy that takes no room: every file is the same one. */
function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) link(source, target);
    else linkSync(source, target);
  }
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

/** Until the process does next to nothing: its models have been frozen. */
async function untilQuiet(pid: number): Promise<void> {
  for (let used = cpuOf(pid); ; ) {
    await sleep(3000);
    const now = cpuOf(pid);
    if (now - used < 60_000) return; // 2 % of a core, by a clock that ticks each 10 ms
    used = now;
  }
}
