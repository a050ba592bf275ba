import { messageOf } from '../../function/errors.ts';
import { checker } from '../clients/answer.ts';
import type { LoadClient } from '../clients/client.ts';
import type { Job, Outcome } from '../clients/job.ts';
import { ask } from '../http.ts';
import { cpuOf, treeUse, untilQuiet } from '../process-tree.ts';
import {
  freePort,
  type OwnProcess,
  type StartOptions as ProcessOptions,
  startCommand,
} from '../targets/start.ts';
import { examplesOf, firstRight, TEMPERATURE } from './examples.ts';
import { type LoopDelay, loopDelayIn } from './loop-delay.ts';
import { type Bench, type Example, type Measured, notMeasured, type ReadyServer } from './plan.ts';
import { goFirst } from './priority.ts';
import { type PathResult, Prober } from './probes.ts';
import type { StoredRow } from './schema.ts';
import { type Entry, type Model, pathOf, versionsOf, writeConfig } from './served.ts';
import type { ServerTarget } from './target.ts';

/** A busy machine, a gigabyte of variables. */
const READY_WITHIN_S = 300;
/** A request without an answer for so long is an error: today's slowest ones wait a third of that. */
const TIMEOUT_S = 60;
/** Examples that are asked before and after: the slow model's others take seconds. */
const COMPARED = 5;

/** What a step measures: its part, model and target, and how it is told from its neighbours. */
export interface About {
  readonly part: string;
  readonly model: Model;
  readonly condition: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Probe it from before its start until it is ready. */
  readonly probed?: boolean;
  /** Whether gRPC has a port, too: TensorFlow Serving's always has. */
  readonly grpc?: boolean;
  /** Its models, the one that is measured among them; only that one when not given. */
  readonly entries?: readonly Entry[];
  /** How its process is made. */
  readonly process?: Partial<ProcessOptions>;
  readonly ready_within_s?: number;
}

/** A closed loop, or an open one where it has a rate. */
export interface LoadOf extends Pick<Job, 'connections' | 'warmup_s' | 'duration_s'> {
  readonly rate_per_s?: number;
  /** Connections take turns at them; those of one row when not given. */
  readonly examples?: readonly Example[];
  /** Another model of the same server. */
  readonly path?: string;
  /** A load process of its own, for loads at the same time. */
  readonly client?: LoadClient;
}

/** One server from its start to its end, and what was measured on it. */
export class Server {
  readonly bench: Bench;
  readonly target: ServerTarget;
  readonly running: OwnProcess;
  readonly grpcPort: number;
  readonly about: About;
  readonly examples: readonly Example[];
  /** From the start of the process to the end of the first right answer. */
  readonly firstAnswer_ms: number;
  /** What probes saw until then, where it was started so. */
  readonly probesOfStart: readonly PathResult[];
  readonly rows: StoredRow[] = [];

  private constructor(bench: Bench, ready: ReadyServer, about: About, running: OwnProcess, started: Started) {
    this.bench = bench;
    this.target = ready.target;
    this.about = about;
    this.running = running;
    this.grpcPort = started.grpcPort;
    this.examples = examplesOf(bench, about.model);
    this.firstAnswer_ms = started.firstAnswer_ms;
    this.probesOfStart = started.probes;
  }

  /**
   * Starts a server, compares its answers to the examples, lets `use` measure, compares again, and ends it. Rows of a
   * server that answers wrongly at any time, does not start or dies are dropped, and not-measured.csv says why.
   */
  static async run(
    bench: Bench,
    ready: ReadyServer,
    about: About,
    use: (server: Server) => Promise<void>,
    options: StartOptions = {},
  ): Promise<Measured> {
    const { target, program } = ready;
    const said = { ...about, target: target.id };
    let running: OwnProcess | null = null;
    let prober: Prober | null = null;
    try {
      const served = {
        name: about.model,
        folder: versionsOf(bench.root, about.model),
        ...(options.entries && { config: writeConfig(bench.root, options.entries) }),
      };
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      const grpcPort = await freePort();
      const command = program.command(served, port, grpcPort);
      if (options.probed) {
        const every_ms = bench.settings.probe_every_ms;
        prober = await Prober.start({ origin, paths: target.probePaths(served.name), every_ms, drain_s: 60 });
      }
      const grpcEnv = options.grpc && target.kind === 'celsiusify' ? { GRPC_PORT: String(grpcPort) } : {};
      const withEnv = { argv: command.argv, env: { ...command.env, ...grpcEnv, ...options.env } };
      running = startCommand(withEnv, origin, { cpus: bench.cpus.server, ...options.process });
      if (bench.first && running.pid !== null) goFirst(running.pid);
      const [first = TEMPERATURE] = examplesOf(bench, about.model);
      const within_s = options.ready_within_s ?? READY_WITHIN_S;
      const path = pathOf(served.name);
      const firstAnswer_ms = await firstRight(running, path, first, target.tolerance, bench.signal, within_s);
      const probes = (await prober?.stop()) ?? [];
      const server = new Server(bench, ready, about, running, { firstAnswer_ms, probes, grpcPort });
      const before = await server.complaint();
      if (before !== null) return lost(said, `wrong answer: ${before}`);
      await use(server);
      const after = running.ended() === null ? await server.complaint() : null;
      if (after !== null) return lost(said, `wrong answer afterwards: ${after}`);
      return { rows: server.rows, logs: [] };
    } catch (error) {
      if (bench.signal.aborted) throw error;
      return lost(said, running?.ended() ?? messageOf(error));
    } finally {
      prober?.end();
      await running?.stop();
    }
  }

  get path(): string {
    return pathOf(this.about.model);
  }

  /** Asks examples, one by one: what is wrong with the first wrong answer, or null. */
  async complaint(): Promise<string | null> {
    for (const [i, { body, answer }] of this.examples.slice(0, COMPARED).entries()) {
      const got = await ask(this.running.origin + this.path, body, TIMEOUT_S * 1000);
      if (got.status !== 200) return `example ${i}: status ${got.status}: ${got.body.slice(0, 200)}`;
      if (!checker(answer, this.target.tolerance)(got.body))
        return `example ${i}: ${got.body.slice(0, 100)}… instead of ${answer.slice(0, 100)}…`;
    }
    return null;
  }

  /**
   * Puts a load on it.
   * @throws {Error} when the server ended or an answer was wrong: nothing that it said counts then
   */
  async load({ examples, path, client, rate_per_s = 0, ...load }: LoadOf): Promise<Outcome> {
    const [first = TEMPERATURE, ...others] = examples ?? this.examples.filter(({ rows }) => rows === 1);
    const found = await (client ?? this.bench.client).run({
      ...first,
      others,
      tolerance: this.target.tolerance,
      kind: 'undici',
      origin: this.running.origin,
      path: path ?? this.path,
      ...load,
      rate_per_s,
      timeout_s: TIMEOUT_S,
      drain_s: TIMEOUT_S,
      keep_open: false,
      pid: this.running.pid,
      tag: this.about.condition,
    });
    const ended = this.running.ended();
    if (ended !== null) throw new Error(ended);
    if (found.wrong_answers > 0)
      throw new Error(`${found.wrong_answers} wrong answers under load, such as ${found.wrong_answer}`);
    return found;
  }

  /** One request's time, ms. @throws {Error} when its answer is wrong */
  async time({ body, answer }: Example, path = this.path): Promise<number> {
    const sent = performance.now();
    const got = await ask(this.running.origin + path, body, TIMEOUT_S * 1000);
    const took = performance.now() - sent;
    if (got.status === 200 && checker(answer, this.target.tolerance)(got.body)) return took;
    throw new Error(`status ${got.status}, wrong answer ${got.body.slice(0, 200)}`);
  }

  /** What `use` does, while probes are asked. */
  async probed<T>(use: () => Promise<T>): Promise<{ found: T; probes: PathResult[] }> {
    const prober = await Prober.start({
      origin: this.running.origin,
      paths: this.target.probePaths(this.about.model),
      every_ms: this.bench.settings.probe_every_ms,
      drain_s: TIMEOUT_S,
    });
    try {
      const found = await use();
      return { found, probes: await prober.stop() };
    } finally {
      prober.end();
    }
  }

  /** Resident, anonymous and peak memory of its processes. */
  memory(): { rss_bytes: number; anonymous_bytes: number; peak_rss_bytes: number } | null {
    if (this.running.pid === null) return null;
    const { rss_bytes, anonymous_bytes, peak_rss_bytes } = treeUse(this.running.pid);
    return { rss_bytes, anonymous_bytes, peak_rss_bytes };
  }

  /** Time from the start of its process to now, when a model of it has just answered rightly for the first time, ms. */
  answered(path: string, example: Example): Promise<number> {
    return firstRight(this.running, path, example, this.target.tolerance, this.bench.signal, READY_WITHIN_S);
  }

  /** Waits until it does next to nothing any more: what it does to itself in the background is done. */
  async quiet(): Promise<void> {
    if (this.running.pid !== null) await untilQuiet(this.running.pid, this.bench.settings.settle_s);
  }

  cpu_us(): number | null {
    return this.running.pid === null ? null : cpuOf(this.running.pid);
  }

  /**
   * How late its own event loop was since the last call, by its metrics; nulls of a server that does not tell.
   */
  async loopDelay(): Promise<LoopDelay> {
    const unknown = { loop_delay_p99_ms: null, loop_delay_max_ms: null };
    if (this.target.kind !== 'celsiusify') return unknown;
    const { status, body } = await ask(`${this.running.origin}/metrics`, null, TIMEOUT_S * 1000);
    return status === 200 ? loopDelayIn(body) : unknown;
  }
}

interface Started {
  readonly firstAnswer_ms: number;
  readonly probes: readonly PathResult[];
  readonly grpcPort: number;
}

function lost(about: About & { readonly target: string }, reason: string): Measured {
  const { part, model, target, condition } = about;
  return { rows: [notMeasured({ part, model, target, condition, reason })], logs: [] };
}
