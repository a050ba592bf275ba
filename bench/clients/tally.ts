import { logLine, newHistogram, percentiles, record } from '../histogram.ts';
import { cpuOf, machineCpu, mainThreadCpu, treeUse } from '../process-tree.ts';
import { checker } from './answer.ts';
import type { Job, Outcome } from './job.ts';

/**
 * Counts what comes back within the time that counts (after the warm-up, before the end), and takes the server's and the
 * client's CPU time at its edges. All clients count by this one.
 */
export class Tally {
  readonly #job: Job;
  /** One check for each of the job's questions. */
  readonly #checks: readonly ((body: string) => boolean)[];
  readonly #latency = newHistogram();
  readonly #service = newHistogram();
  readonly #late = newHistogram();
  readonly #errors = new Map<string, number>();
  #requests = 0;
  #wrong = 0;
  #firstWrong: string | null = null;
  #intended = 0;
  #opened = { at: 0, wall: 0, server: 0, mainThread: 0, client: 0, machine: 0 };
  #closed = { at: 0, wall: 0, server: 0, mainThread: 0, client: 0, machine: 0 };
  /** Whether answers count now. */
  counting = false;

  constructor(job: Job) {
    this.#job = job;
    const answers = [job.answer, ...(job.others ?? []).map(({ answer }) => answer)];
    this.#checks = answers.map((answer) => checker(answer, job.tolerance));
  }

  open(): void {
    this.#opened = this.#edge();
    this.counting = true;
  }

  close(): void {
    this.counting = false;
    this.#closed = this.#edge();
  }

  /** An arrival of the open loop, and how late the client's clock came to it. */
  arrived(late_ms: number): void {
    this.#intended++;
    record(this.#late, late_ms);
  }

  /**
   * A whole answer to a question of the job: counted when it is right, else as an error or as wrong.
   * @param late it came after the time that counts, to a request of within: its latency counts, but the rate does not
   */
  answered(
    status: number,
    body: string,
    latency_ms: number,
    service_ms: number,
    { question = 0, late = false } = {},
  ): void {
    if (status !== 200) this.failed(`status ${status}`);
    else if (!this.isRight(body, question)) this.mismatched(body);
    else this.counted(latency_ms, service_ms, late);
  }

  counted(latency_ms: number, service_ms: number, late = false): void {
    if (!late) this.#requests++;
    record(this.#latency, latency_ms);
    record(this.#service, service_ms);
  }

  isRight(body: string, question = 0): boolean {
    return this.#checks[question]?.(body) ?? false;
  }

  mismatched(body: string): void {
    this.#wrong++;
    this.#firstWrong ??= body.slice(0, 200);
  }

  failed(kind: string, count = 1): void {
    if (count > 0) this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + count);
  }

  /** @param unfinished arrivals that had no answer when the client stopped waiting */
  outcome(unfinished = 0): Outcome {
    const use = this.#job.pid === null ? null : treeUse(this.#job.pid);
    const service = percentiles(this.#service);
    const late = percentiles(this.#late);
    return {
      duration_s: (this.#closed.at - this.#opened.at) / 1000,
      requests: this.#requests,
      errors: [...this.#errors.values()].reduce((sum, count) => sum + count, 0),
      error_kinds: Object.fromEntries(this.#errors),
      wrong_answers: this.#wrong,
      wrong_answer: this.#firstWrong,
      intended: this.#intended,
      unfinished,
      ...percentiles(this.#latency, unfinished),
      service_p50_ms: service.p50_ms,
      service_p99_ms: service.p99_ms,
      late_p50_ms: late.p50_ms,
      late_p99_ms: late.p99_ms,
      server_cpu_us: this.#job.pid === null ? null : this.#closed.server - this.#opened.server,
      server_main_thread_us:
        this.#job.pid === null ? null : this.#closed.mainThread - this.#opened.mainThread,
      client_cpu_us: this.#closed.client - this.#opened.client,
      machine_cpu_us: this.#closed.machine - this.#opened.machine,
      rss_bytes: use?.rss_bytes ?? null,
      anonymous_bytes: use?.anonymous_bytes ?? null,
      log_line: logLine(this.#latency, this.#job.tag, this.#opened.wall, this.#closed.wall),
    };
  }

  #edge() {
    const { user, system } = process.cpuUsage();
    return {
      at: performance.now(),
      wall: Date.now(),
      server: this.#job.pid === null ? 0 : cpuOf(this.#job.pid),
      mainThread: this.#job.pid === null ? 0 : mainThreadCpu(this.#job.pid),
      client: user + system,
      machine: machineCpu(),
    };
  }
}
