import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { newHistogram, percentiles } from '../histogram.ts';
import { ask } from '../http.ts';
import { treeUse } from '../process-tree.ts';
import { agree, Clients } from './clients.ts';
import { startServer, untilAnswered } from './server.ts';
import { type Kind, Versions } from './versions.ts';

export interface SwitchesOptions {
  readonly root: string;
  readonly kind: Kind;
  readonly clients: number;
  readonly switches: number;
  /** Between two requests of a client, ms. */
  readonly pause_ms: number;
  /** So many versions lie beside, ready to be put in their place: one that was copied within the last second waits for that long. */
  readonly ahead: number;
  /** Of load before the first switch that counts, s. */
  readonly steady_s: number;
  /** Without load before memory at rest is read, s. */
  readonly rest_s: number;
  /** How often memory at rest is read, in switches. */
  readonly restEvery: number;
  /** Holds the versions; it is emptied. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Told of memory so far whenever it was read at rest: a run that is stopped leaves what it has measured. */
  readonly onRest?: (memory: readonly MemoryPoint[]) => void;
}

/** Memory that changes by no more than this from one look to the next stands still. */
const STILL = 0.005;
const MOST_RESTS = 20;

/** Memory of the server's process at one moment. */
export interface MemoryPoint {
  readonly model: string;
  readonly clients: number;
  /** So many switches were made. */
  readonly switches: number;
  /** `load`: while clients ask; `rest`: none has asked for a while. */
  readonly state: 'load' | 'rest';
  readonly rss_bytes: number;
  readonly anonymous_bytes: number;
}

export interface SwitchesResult {
  readonly memory: readonly MemoryPoint[];
  /** From the rename to the first answer of the version, for each switch, ms. */
  readonly served_ms: readonly number[];
  readonly requests: number;
  readonly failed: number;
  readonly wrong: number;
  readonly complaint: string;
  readonly latency: readonly Latency[];
}

export interface Latency {
  readonly phase: 'steady' | 'switching';
  readonly requests: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
}

/**
 * Switches versions of one model under load: each is put in its place once the one before has ended, and each answer is compared
 * with what the version that it names answers when asked alone.
 */
export async function runSwitches(options: SwitchesOptions): Promise<SwitchesResult> {
  const { root, kind, folder } = options;
  rmSync(folder, { recursive: true, force: true });
  const versions = new Versions(folder, kind);
  versions.prepare(1)();
  const running = await startServer(root, { MODEL_NAME: kind.name, MODEL_BASE_PATH: folder, ...options.env });
  try {
    await untilAnswered(running, `/v1/models/${kind.name}:predict`, kind.body);
    const session = new Session(options, versions, running.origin, running.pid ?? 0);
    return await session.run();
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Session {
  readonly #options: SwitchesOptions;
  readonly #versions: Versions;
  readonly #origin: string;
  readonly #pid: number;
  readonly #clients: Clients;
  /** By variant. */
  readonly #right: string[] = [];
  readonly #memory: MemoryPoint[] = [];
  /** What puts each of those that lie beside in its place. */
  readonly #puts = new Map<number, () => void>();
  #version = 1;
  #switches = 0;

  constructor(options: SwitchesOptions, versions: Versions, origin: string, pid: number) {
    this.#options = options;
    this.#versions = versions;
    this.#origin = origin;
    this.#pid = pid;
    const { kind, clients } = options;
    const rightOf = (version: string) => this.#right[versions.variantOf(Number(version))];
    const path = `/v1/models/${kind.name}:predict`;
    this.#clients = new Clients({
      origin,
      paths: [path],
      body: kind.body,
      count: clients,
      pause_ms: options.pause_ms,
      rightOf,
    });
  }

  async run(): Promise<SwitchesResult> {
    const { kind, switches, steady_s, restEvery } = this.#options;
    await this.#learn(kind.variants.length);
    const clients = this.#clients;
    const steady = newHistogram();
    const switching = newHistogram();
    clients.latency = steady;
    clients.start();
    await sleep(steady_s * 1000);
    await this.#rest();
    const served_ms: number[] = [];
    while (this.#switches < switches) {
      clients.latency = switching;
      served_ms.push(await this.#switch());
      this.#switches++;
      clients.latency = undefined;
      this.#note('load');
      if (this.#switches % restEvery === 0 || this.#switches === switches) await this.#rest();
    }
    await clients.close();
    const { requests, failed, wrong, complaint } = clients;
    const latency = (
      [
        ['steady', steady],
        ['switching', switching],
      ] as const
    ).map(([phase, histogram]) => {
      const { p50_ms, p99_ms, max_ms } = percentiles(histogram);
      return { phase, requests: histogram.totalCount, p50_ms, p99_ms, max_ms };
    });
    return { memory: this.#memory, served_ms, requests, failed, wrong, complaint, latency };
  }

  /** Asks each variant alone. */
  async #learn(variants: number): Promise<void> {
    for (let i = 0; i < variants; i++) {
      if (i > 0)
        await this.#replace(async () => {
          while ((await this.#clients.once()).version !== String(this.#version)) await sleep(5);
        });
      const { body } = await this.#clients.once();
      if (this.#right.some((other) => other !== undefined && agree(other, body)))
        throw new Error('two variants answer the same');
      this.#right[this.#versions.variantOf(this.#version)] = body;
    }
  }

  /** @returns time from the rename to the first answer of the new version, ms */
  async #switch(): Promise<number> {
    const seen = this.#clients.seen(String(this.#version + 1));
    return this.#replace(() => seen);
  }

  async #replace(served: () => Promise<void>): Promise<number> {
    const old = this.#version;
    for (let next = old + 1; next <= old + this.#options.ahead; next++)
      if (!this.#puts.has(next)) this.#puts.set(next, this.#versions.prepare(next));
    this.#version = old + 1;
    const begun = performance.now();
    this.#puts.get(old + 1)?.();
    await served();
    const took = performance.now() - begun;
    while (!(await this.#hasEnded(old))) await sleep(5);
    this.#versions.remove(old);
    return took;
  }

  async #hasEnded(version: number): Promise<boolean> {
    const { status, body } = await ask(
      `${this.#origin}/v1/models/${this.#options.kind.name}/versions/${version}`,
      null,
    );
    return status === 404 || body.includes('"END"');
  }

  async #rest(): Promise<void> {
    await this.#clients.stop();
    await this.#standsStill();
    this.#note('rest');
    this.#options.onRest?.(this.#memory);
    this.#clients.start();
  }

  /** The version that came last may still be frozen: memory is at rest once it is what it was a while ago. */
  async #standsStill(): Promise<void> {
    let before = 0;
    for (let tries = 0; tries < MOST_RESTS; tries++) {
      await sleep(this.#options.rest_s * 1000);
      const { anonymous_bytes } = treeUse(this.#pid);
      if (Math.abs(anonymous_bytes - before) <= before * STILL) return;
      before = anonymous_bytes;
    }
  }

  #note(state: 'load' | 'rest'): void {
    const { rss_bytes, anonymous_bytes } = treeUse(this.#pid);
    const { kind, clients } = this.#options;
    this.#memory.push({
      model: kind.name,
      clients,
      switches: this.#switches,
      state,
      rss_bytes,
      anonymous_bytes,
    });
  }
}
