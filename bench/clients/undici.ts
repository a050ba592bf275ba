import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Client, type Dispatcher } from 'undici';
import type { Job, Outcome } from './job.ts';
import { Tally } from './tally.ts';
import { hrtime_ms, type TickerData } from './ticker.ts';

/** After a connection error; without it a dead server would be asked as fast as a core can. */
const RETRY_MS = 10;

/** A connection, and which of the job's questions it asks. */
interface Lane {
  readonly client: Client;
  readonly question: number;
}

/** Called once per request: status 0 and an error's name when there was no answer. */
type Done = (lane: Lane, status: number, body: string, sent: number) => void;

class Exchange implements Dispatcher.DispatchHandler {
  readonly #lane: Lane;
  readonly #done: Done;
  readonly #sent: number;
  #status = 0;
  #body = '';

  constructor(lane: Lane, done: Done) {
    this.#lane = lane;
    this.#done = done;
    this.#sent = performance.now();
  }

  onRequestStart(): void {} // undici insists on it

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body += chunk.toString('latin1'); // answers are ASCII, and latin1 is the fastest to read
  }

  onResponseEnd(): void {
    this.#done(this.#lane, this.#status, this.#body, this.#sent);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const kind = 'code' in error ? String(error.code) : error.message;
    // undici is still clearing up here, and a client that is given the next request now fails an assertion
    setImmediate(() => this.#done(this.#lane, 0, kind, this.#sent));
  }
}

class Lanes {
  readonly all: readonly Lane[];
  readonly #requests: readonly Dispatcher.DispatchOptions[];
  readonly #job: Job;

  constructor(job: Job) {
    this.#job = job;
    const timeout = job.timeout_s * 1000;
    const options = { pipelining: 1, headersTimeout: timeout, bodyTimeout: timeout, connectTimeout: timeout };
    const bodies = [job.body, ...(job.others ?? []).map(({ body }) => body)];
    this.all = Array.from({ length: job.connections }, (_, i) => ({
      client: new Client(job.origin, { ...options, keepAliveTimeout: 60_000 }),
      question: i % bodies.length,
    }));
    this.#requests = bodies.map((body) => ({
      method: 'POST',
      path: job.path,
      body: Buffer.from(body), // a string would be encoded for each request
      headers: { 'content-type': 'application/json' },
    }));
  }

  /** Whether another job asks the same of the same server over as many connections. */
  fit({ origin, path, body, connections }: Job): boolean {
    const own = this.#job;
    return origin === own.origin && path === own.path && body === own.body && connections === own.connections;
  }

  /** Opens every connection by one request on it: its set-up is no part of a rate that starts at once. */
  async open(): Promise<void> {
    const first = (lane: Lane) => new Promise<void>((resolve) => this.send(lane, () => resolve()));
    await Promise.all(this.all.map(first));
  }

  send(lane: Lane, done: Done): void {
    const request = this.#requests[lane.question];
    if (request !== undefined) lane.client.dispatch(request, new Exchange(lane, done));
  }

  async destroy(): Promise<void> {
    await Promise.all(this.all.map(({ client }) => client.destroy()));
  }
}

/**
 * A closed loop: each connection asks again as soon as it has its answer. Requests under way at its end are waited for, up
 * to `drain_s`, and their times count: the slowest ones would otherwise be missing.
 */
export async function undiciClosedLoad(job: Job): Promise<Outcome> {
  const tally = new Tally(job);
  const lanes = new Lanes(job);
  let stopped = false;
  let outstanding = 0;
  const finished = Promise.withResolvers<void>();
  const send = (lane: Lane) => {
    outstanding++;
    lanes.send(lane, done);
  };
  const done: Done = (lane, status, body, sent) => {
    const took = performance.now() - sent;
    outstanding--;
    if (tally.counting || stopped) {
      if (status === 0) tally.failed(body);
      else tally.answered(status, body, took, took, { question: lane.question, late: stopped });
    }
    if (stopped) {
      if (outstanding === 0) finished.resolve();
    } else if (status === 0) setTimeout(() => !stopped && send(lane), RETRY_MS);
    else send(lane);
  };
  for (const lane of lanes.all) send(lane);
  await sleep(job.warmup_s * 1000);
  tally.open();
  await sleep(job.duration_s * 1000);
  tally.close();
  stopped = true;
  const enough = new AbortController();
  if (outstanding > 0)
    await Promise.race([
      finished.promise,
      sleep(job.drain_s * 1000, undefined, enough).catch(() => {}), // aborted: the last answer is there
    ]);
  enough.abort();
  const outcome = tally.outcome(outstanding);
  await lanes.destroy();
  return outcome;
}

/** Connections that an open loop leaves open for the next one (`keep_open`): a server is then asked by the same clients. */
export class KeptLanes {
  #lanes: Lanes | null = null;

  async take(job: Job): Promise<Lanes> {
    const kept = this.#lanes;
    this.#lanes = null;
    if (kept?.fit(job)) return kept;
    await kept?.destroy();
    const lanes = new Lanes(job);
    await lanes.open();
    return lanes;
  }

  leave(lanes: Lanes): void {
    this.#lanes = lanes;
  }
}

/**
 * An open loop: request i is meant to start at i / rate, whatever became of the ones before it, and its latency counts from
 * then. It waits for a free connection, and the wait counts, too. Arrivals during the warm-up are sent and not counted.
 */
export async function undiciOpenLoad(job: Job, kept = new KeptLanes()): Promise<Outcome> {
  const tally = new Tally(job);
  const lanes = await kept.take(job);
  const free = [...lanes.all];
  const waiting: number[] = [];
  let waitingFrom = 0; // index of the first in `waiting` that still waits: shift() is slow on long queues
  const warmup = Math.round(job.rate_per_s * job.warmup_s);
  const all = warmup + Math.round(job.rate_per_s * job.duration_s);
  const startTicker = await makeTicker(1000 / job.rate_per_s);
  let start = Number.POSITIVE_INFINITY;
  const dueAt = (arrival: number) => start + (arrival / job.rate_per_s) * 1000;
  let next = 0;
  let outstanding = 0;
  let lastAnswer = 0;
  let stopped = false;
  const finished = Promise.withResolvers<void>();

  const begin = (lane: Lane, arrival: number) =>
    lanes.send(lane, (lane, status, body, sent) => {
      if (stopped) return;
      if (arrival >= warmup) {
        lastAnswer = performance.now();
        if (status === 0) tally.failed(body);
        else tally.answered(status, body, lastAnswer - dueAt(arrival), lastAnswer - sent, lane);
        outstanding--;
      }
      const queued = waiting[waitingFrom];
      if (queued === undefined) free.push(lane);
      else {
        waitingFrom++;
        begin(lane, queued);
      }
      pump();
      if (next === all && outstanding === 0) finished.resolve();
    });
  const pump = () => {
    const now = performance.now();
    while (next < all && dueAt(next) <= now) {
      const arrival = next++;
      if (arrival === warmup) tally.open();
      if (arrival >= warmup) {
        outstanding++;
        tally.arrived(now - dueAt(arrival));
      }
      const lane = free.pop();
      if (lane) begin(lane, arrival);
      else waiting.push(arrival);
    }
    if (next === all && tally.counting) tally.close();
  };

  start = performance.now();
  const stopTicker = startTicker(pump);
  const longest_ms = (job.warmup_s + job.duration_s + job.drain_s) * 1000;
  const giveUp = setTimeout(finished.resolve, longest_ms);
  await finished.promise;
  clearTimeout(giveUp);
  stopped = true;
  await stopTicker();
  if (tally.counting) tally.close(); // the client never came to its last arrivals
  for (; next < all; next++) {
    if (next < warmup) continue;
    outstanding++;
    tally.arrived(Math.max(0, performance.now() - dueAt(next)));
  }
  const outcome = tally.outcome(outstanding);
  // a connection whose answer is still to come would give it to the next job
  if (job.keep_open && outstanding === 0) kept.leave(lanes);
  else await lanes.destroy();
  // past saturation answers go on coming after the last arrival: that time belongs to their rate
  const duration_s = (Math.max(dueAt(all), lastAnswer) - dueAt(warmup)) / 1000;
  return { ...outcome, duration_s };
}

/** A ticker that is ready to start: a thread takes longer to come up than a first arrival may be late. */
async function makeTicker(interval_ms: number): Promise<(tick: () => void) => () => Promise<void>> {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const start_ms = new Float64Array(new SharedArrayBuffer(8));
  const workerData: TickerData = { start_ms, interval_ms, state };
  const worker = new Worker(new URL('ticker.ts', import.meta.url), { workerData, execArgv: [] });
  await once(worker, 'online');
  return (tick) => {
    start_ms[0] = hrtime_ms();
    worker.on('message', () => {
      Atomics.store(state, 0, 0);
      tick();
    });
    return async () => {
      Atomics.store(state, 1, 1);
      await worker.terminate();
    };
  };
}
