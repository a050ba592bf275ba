import { messageOf } from '../../function/errors.ts';
import { checker } from '../clients/answer.ts';
import type { Job, Outcome } from '../clients/job.ts';
import { ask } from '../http.ts';
import { folderOf, type SavedModel } from '../models/saved.ts';
import { cpuOf, treeUse } from '../process-tree.ts';
import { firstAnswer, freePort, type OwnProcess, startCommand } from '../targets/start.ts';
import { type Bench, type Example, type Measured, notMeasured, type ReadyServer } from './plan.ts';
import { goFirst } from './priority.ts';
import { type PathResult, Prober } from './probes.ts';
import type { StoredRow } from './schema.ts';
import type { Served, ServerTarget } from './targets.ts';

/** A busy machine, a gigabyte of variables. */
const READY_WITHIN_S = 300;
/** A request without an answer for so long is an error: today's slowest ones wait a third of that. */
const TIMEOUT_S = 60;
const TEMPERATURE: Example = { body: '{"instances":[212]}', answer: '{"predictions":[100]}', rows: 1 };
/** Examples that are asked before and after: the slow model's others take seconds. */
const COMPARED = 5;

/** What a step measures: its part, model and target, and how it is told from its neighbours. */
export interface About {
  readonly part: string;
  readonly model: SavedModel | 'celsius';
  readonly condition: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Probe it from before its start until it is ready. */
  readonly probed?: boolean;
  /** Whether gRPC has a port, too: TensorFlow Serving's always has. */
  readonly grpc?: boolean;
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
      const served = servedOf(bench, about.model);
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
      running = startCommand(withEnv, origin, { cpus: null });
      if (bench.first && running.pid !== null) goFirst(running.pid);
      const [first = TEMPERATURE] = examplesOf(bench, about.model);
      const question = { path: pathOf(served.name), body: first.body };
      const right = checker(first.answer, target.tolerance);
      const isRight = (answer: { status: number; body: string }) =>
        answer.status === 200 && right(answer.body);
      const firstAnswer_ms = await firstAnswer(running, question, isRight, bench.signal, READY_WITHIN_S);
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
   * A closed loop; connections take turns at the examples that are given, or at those of one row.
   * @throws {Error} when the server ended or an answer was wrong: nothing that it said counts then
   */
  async load(
    load: Pick<Job, 'connections' | 'warmup_s' | 'duration_s'> & { readonly examples?: readonly Example[] },
  ): Promise<Outcome> {
    const [first = TEMPERATURE, ...others] = load.examples ?? this.examples.filter(({ rows }) => rows === 1);
    const { connections, warmup_s, duration_s } = load;
    const found = await this.bench.client.run({
      ...first,
      others,
      tolerance: this.target.tolerance,
      kind: 'undici',
      origin: this.running.origin,
      path: this.path,
      ...{ connections, warmup_s, duration_s },
      rate_per_s: 0,
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
  async time({ body, answer }: Example): Promise<number> {
    const sent = performance.now();
    const got = await ask(this.running.origin + this.path, body, TIMEOUT_S * 1000);
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

  cpu_us(): number | null {
    return this.running.pid === null ? null : cpuOf(this.running.pid);
  }

  /**
   * How late its own event loop was since the last call, by its metrics; nulls of a server that does not tell.
   */
  async loopDelay(): Promise<{ loop_delay_p99_ms: number | null; loop_delay_max_ms: number | null }> {
    const unknown = { loop_delay_p99_ms: null, loop_delay_max_ms: null };
    if (this.target.kind !== 'celsiusify') return unknown;
    const { status, body } = await ask(`${this.running.origin}/metrics`, null, TIMEOUT_S * 1000);
    return status === 200 ? loopDelayIn(body) : unknown;
  }
}

/** Milliseconds out of a Prometheus page; null where it has no such figure. */
export function loopDelayIn(page: string): {
  loop_delay_p99_ms: number | null;
  loop_delay_max_ms: number | null;
} {
  const at = (statistic: string) => {
    const pattern = `^celsiusify_event_loop_delay_seconds\\{[^}]*statistic="${statistic}"[^}]*\\} (\\S+)$`;
    const seconds = Number(new RegExp(pattern, 'm').exec(page)?.[1] ?? Number.NaN);
    return Number.isFinite(seconds) ? seconds * 1000 : null;
  };
  return { loop_delay_p99_ms: at('p99'), loop_delay_max_ms: at('max') };
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

function servedOf(bench: Bench, model: About['model']): Served {
  if (model === 'celsius') return { name: model, folder: `${bench.root}/model/celsius` };
  return { name: model, folder: folderOf(bench.root, model) };
}

function pathOf(model: string): string {
  return `/v1/models/${model}:predict`;
}

function examplesOf(bench: Bench, model: About['model']): readonly Example[] {
  return model === 'celsius' ? [TEMPERATURE] : bench.examples(model);
}
