import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Job, type Outcome, parseReply, type Reply } from './job.ts';

/** A load process of its own, so that its event loop is nobody else's and its CPU time can be told. */
export class LoadClient {
  readonly #cpus: string | null;
  #child: ChildProcess;
  #stopped = false;

  private constructor(cpus: string | null) {
    this.#cpus = cpus;
    this.#child = makeProcess(cpus);
  }

  /** @param cpus where it may run, as taskset takes it; null: anywhere */
  static async start(cpus: string | null = null): Promise<LoadClient> {
    const client = new LoadClient(cpus);
    await client.#reply();
    return client;
  }

  /**
   * A process that has died meanwhile is replaced: only the job that killed it is lost.
   * @throws {Error} when the job could not be done at all; errors of single requests are in the outcome
   */
  async run(job: Job): Promise<Outcome> {
    if (this.#stopped) throw new Error('the load process was stopped');
    if (!this.#child.connected) {
      this.#child = makeProcess(this.#cpus);
      await this.#reply();
    }
    this.#child.send(job);
    const reply = await this.#reply();
    if (!('outcome' in reply)) throw new Error('the load process answered without an outcome');
    return reply.outcome;
  }

  /** Ends the process, and with it a job that runs: its run() then fails. */
  stop(): void {
    this.#stopped = true;
    this.#child.kill('SIGKILL');
  }

  async #reply(): Promise<Exclude<Reply, { failure: string }>> {
    const end = new AbortController();
    try {
      const [message] = await Promise.race([
        once(this.#child, 'message', end),
        once(this.#child, 'exit', end).then(() => [{ failure: 'the load process has ended' }]),
      ]);
      const reply = parseReply(message);
      if ('failure' in reply) throw new Error(reply.failure);
      return reply;
    } finally {
      end.abort();
    }
  }
}

function makeProcess(cpus: string | null): ChildProcess {
  const file = fileURLToPath(new URL('process.ts', import.meta.url));
  const pinned = cpus === null ? {} : { execPath: 'taskset', execArgv: ['-c', cpus, process.execPath] };
  return fork(file, { serialization: 'advanced', execArgv: [], ...pinned });
}
