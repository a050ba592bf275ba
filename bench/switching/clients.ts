import { setTimeout as sleep } from 'node:timers/promises';
import type { Histogram } from 'hdr-histogram-js';
import { Client } from 'undici';
import { newHistogram, record } from '../histogram.ts';

/** What a share of the largest number answers of one version may differ by: its constants are prepared while it serves. */
const TOLERANCE = 1e-4;

export interface VersionedAnswer {
  readonly status: number;
  readonly version: string;
  readonly body: string;
}

/** Whether two answers are the same model's. */
export function agree(one: string, other: string): boolean {
  const [a, b] = [numbersIn(one), numbersIn(other)];
  const largest = Math.max(...a.map(Math.abs));
  return (
    a.length > 0 &&
    a.length === b.length &&
    a.every((x, i) => Math.abs(x - (b[i] ?? Number.NaN)) <= TOLERANCE * largest)
  );
}

function numbersIn(body: string): number[] {
  return (body.match(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi) ?? []).map(Number);
}

export interface ClientsOptions {
  readonly origin: string;
  /** Each client takes them in turn, from a place of its own on. */
  readonly paths: readonly string[];
  readonly body: string;
  readonly count: number;
  /** Between two requests of one client. */
  readonly pause_ms: number;
  /** The right answer of a version; undefined where any will do. */
  readonly rightOf: (version: string) => string | undefined;
}

/** Clients that ask in a closed loop, each on its own connection, and look at the version of each answer. */
export class Clients {
  readonly #connections: Client[];
  readonly #paths: readonly string[];
  readonly #body: Buffer;
  readonly #pause_ms: number;
  readonly #rightOf: (version: string) => string | undefined;
  readonly #seen = new Map<string, () => void>();
  #asking: Promise<void>[] = [];
  #goesOn = false;
  /** Where latencies go now; undefined: nowhere. */
  latency: Histogram | undefined = newHistogram();
  requests = 0;
  failed = 0;
  wrong = 0;
  /** The first of either. */
  complaint = '';

  constructor({ origin, paths, body, count, pause_ms, rightOf }: ClientsOptions) {
    this.#connections = Array.from({ length: count }, () => new Client(origin, { pipelining: 1 }));
    this.#paths = paths;
    this.#body = Buffer.from(body);
    this.#pause_ms = pause_ms;
    this.#rightOf = rightOf;
  }

  start(): void {
    this.#goesOn = true;
    this.#asking = this.#connections.map((connection, i) => this.#ask(connection, i));
  }

  async stop(): Promise<void> {
    this.#goesOn = false;
    await Promise.all(this.#asking);
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  /** Resolves with the first answer of a version. */
  seen(version: string): Promise<void> {
    return new Promise((resolve) => this.#seen.set(version, resolve));
  }

  async once(): Promise<VersionedAnswer> {
    const [connection] = this.#connections;
    if (connection === undefined) throw new Error('no connection');
    return this.#request(connection, 0);
  }

  async #ask(connection: Client, place: number): Promise<void> {
    for (let turn = place; this.#goesOn; turn++) {
      const sent = performance.now();
      try {
        this.#look(await this.#request(connection, turn));
      } catch (error) {
        this.failed++;
        this.complaint ||= String(error);
        await sleep(10);
      }
      this.requests++;
      if (this.latency !== undefined) record(this.latency, performance.now() - sent);
      if (this.#pause_ms > 0) await sleep(this.#pause_ms);
    }
  }

  #look({ status, version, body }: VersionedAnswer): void {
    if (status !== 200) {
      this.failed++;
      this.complaint ||= `${status}: ${body.slice(0, 200)}`;
      return;
    }
    const right = this.#rightOf(version);
    if (right !== undefined && !agree(right, body)) {
      this.wrong++;
      this.complaint ||= `version ${version} answered ${body.slice(0, 200)}`;
    }
    this.#seen.get(version)?.();
    this.#seen.delete(version);
  }

  async #request(connection: Client, turn: number): Promise<VersionedAnswer> {
    const answer = await connection.request({
      method: 'POST',
      path: this.#paths[turn % this.#paths.length] ?? '',
      body: this.#body,
      headers: { 'content-type': 'application/json' },
    });
    const version = String(answer.headers['x-model-version'] ?? '');
    return { status: answer.statusCode, version, body: await answer.body.text() };
  }
}
