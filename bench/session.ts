import { messageOf } from '../function/errors.ts';
import type { Job, Outcome } from './clients/job.ts';
import { ask } from './http.ts';
import { askKnown, complaint } from './known-answers.ts';
import { type Bench, notMeasured } from './plan.ts';
import { cpuOf, type TreeUse, treeUse } from './process-tree.ts';
import type { FileName, StoredRow } from './schema.ts';
import type { Measured } from './store.ts';
import type { ModelName } from './targets/models.ts';
import { firstAnswer, type Running, type StartOptions, start } from './targets/start.ts';
import type { Target } from './targets/target.ts';

export interface Load extends Pick<Job, 'kind' | 'connections' | 'tag'>, Partial<Pick<Job, 'keep_open'>> {
  readonly duration_s: number;
  readonly warmup_s?: number;
  readonly rate_per_s?: number;
  /** One request's °F; [212] when not given. */
  readonly fahrenheit?: readonly number[];
}

export interface Sized extends Outcome {
  readonly request_bytes: number;
  readonly response_bytes: number;
}

/** A question and answer that are not temperatures. */
export interface Exchange {
  readonly path: string;
  readonly body: string;
  readonly answer: string;
}

/** One server from its start to its end, and what was measured on it. */
export class Session {
  readonly bench: Bench;
  readonly question: FileName;
  readonly target: Target;
  readonly running: Running;
  /** From the start of the process to the end of the first right answer. */
  readonly firstAnswer_ms: number;
  readonly #rows: StoredRow[];
  readonly #logs: { log: string; line: string }[];

  private constructor(
    bench: Bench,
    question: FileName,
    target: Target,
    running: Running,
    first: number,
    out: Out,
  ) {
    this.bench = bench;
    this.question = question;
    this.target = target;
    this.running = running;
    this.firstAnswer_ms = first;
    this.#rows = out.rows;
    this.#logs = out.logs;
  }

  /**
   * Starts a target's server, asks it known answers, lets `use` measure, and ends it. A server that does not start or
   * answers wrongly is a row of not-measured.csv; so is one that dies while it is measured.
   */
  static async run(
    bench: Bench,
    question: FileName,
    id: string,
    use: (session: Session) => Promise<void>,
    options: Partial<StartOptions> & { model?: ModelName; condition?: string; ready_within_s?: number } = {},
  ): Promise<Measured> {
    const { model = 'celsius', condition = '', ready_within_s, ...startOptions } = options;
    const out: Out = { rows: [], logs: [] };
    const ready = bench.ready.get(id);
    if (!ready) return out;
    const { target, found } = ready;
    let running: Running | null = null;
    try {
      running = await start(found.launcher, model, { cpus: bench.pinning.server, ...startOptions });
      const first = await firstAnswer(
        running,
        firstQuestion(target, model),
        ({ status }) => status === 200,
        bench.signal,
        ready_within_s,
      );
      const session = new Session(bench, question, target, running, first, out);
      const wrong = model === 'celsius' ? await askKnown(target, running.origin) : null;
      if (wrong === null) await use(session);
      else session.void(condition, `wrong answer: ${wrong}`);
    } catch (error) {
      if (bench.signal.aborted) throw error;
      out.rows.push(notMeasured(question, id, condition, running?.ended() ?? messageOf(error)));
    } finally {
      await running?.stop();
    }
    return out;
  }

  add(row: StoredRow): void {
    this.#rows.push(row);
  }

  /** Says that a measurement does not count, and why. */
  void(condition: string, reason: string): void {
    this.#rows.push(notMeasured(this.question, this.target.id, condition, reason));
  }

  use(): TreeUse | null {
    return this.running.pid === null ? null : treeUse(this.running.pid);
  }

  cpu_us(): number | null {
    return this.running.pid === null ? null : cpuOf(this.running.pid);
  }

  /**
   * Puts a load of temperatures on the server, and asks it known answers after that.
   * @returns null when an answer was wrong: that is noted, and the load does not count
   */
  async load(load: Load): Promise<Sized | null> {
    const fahrenheit = load.fahrenheit ?? [212];
    const { path } = this.target.ask;
    const body = this.target.ask.body(fahrenheit);
    const answer = await ask(this.running.origin + path, body);
    const wrong = this.target.computes ? complaint(this.target.ask, fahrenheit, answer) : null;
    if (wrong !== null) {
      this.void(conditionOf(load.tag), `wrong answer before the load: ${wrong}`);
      return null;
    }
    const outcome = await this.loadExchange({ path, body, answer: answer.body }, load);
    const after = outcome === null ? null : await this.knownAfter();
    if (after !== null) this.void(conditionOf(load.tag), `wrong answer after the load: ${after}`);
    return after === null ? outcome : null;
  }

  /** As load(), with any request; known answers are the caller's to ask. */
  async loadExchange(exchange: Exchange, load: Load): Promise<Sized | null> {
    const { warmup_s } = this.bench.settings;
    const job: Job = {
      ...exchange,
      kind: load.kind,
      origin: this.running.origin,
      connections: load.connections,
      rate_per_s: load.rate_per_s ?? 0,
      warmup_s: load.warmup_s ?? warmup_s,
      duration_s: load.duration_s,
      timeout_s: 10,
      drain_s: 3,
      keep_open: load.keep_open ?? false,
      pid: this.running.pid,
      tag: load.tag,
    };
    const outcome = await this.bench.client.run(job);
    const ended = this.running.ended();
    if (ended !== null) throw new Error(ended);
    if (outcome.wrong_answers > 0) {
      const shown = `${outcome.wrong_answer} instead of ${exchange.answer.slice(0, 200)}`;
      this.void(conditionOf(load.tag), `${outcome.wrong_answers} wrong answers under load: ${shown}`);
      return null;
    }
    this.#logs.push({ log: `${this.question}/${this.target.id}`, line: outcome.log_line });
    const bytes = { request_bytes: exchange.body.length, response_bytes: exchange.answer.length };
    return { ...outcome, ...bytes };
  }

  knownAfter(): Promise<string | null> {
    return askKnown(this.target, this.running.origin);
  }
}

interface Out {
  readonly rows: StoredRow[];
  readonly logs: { log: string; line: string }[];
}

/** Any model answers something small; which answer is right is asked after that. */
function firstQuestion(target: Target, model: ModelName): { path: string; body: string } {
  if (model === 'celsius') return { path: target.ask.path, body: target.ask.body([212]) };
  return { path: `/v1/models/${model}:predict`, body: '{"instances":[[[1,-2],[3,4]]]}' };
}

/** `connections=32/repeat=1` as people read it. */
function conditionOf(tag: string): string {
  return tag.replaceAll('/', ' ');
}

/** What every closed or open loop says of itself. */
export function countsOf({ duration_s, requests, errors, wrong_answers }: Outcome) {
  return { duration_s, requests, errors, wrong_answers, requests_per_s: requests / duration_s };
}

/** CPU µs for each request; null when not known. */
export function perRequest(cpu_us: number | null, requests: number): number | null {
  return cpu_us === null || requests === 0 ? null : cpu_us / requests;
}
