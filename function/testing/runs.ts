import type { Answer } from '../engine/answer.ts';
import type { Client } from '../engine/client.ts';
import { PREDICT, type Runner } from '../engine/runner.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { ModelMeter } from '../telemetry/model-meter.ts';
import { testRunner } from './app.ts';

/** A meter that keeps the rows of each run, in their order. */
export class RunsMeter extends ModelMeter {
  readonly runs: number[] = [];

  override ran(seconds: number, rows: number): void {
    super.ran(seconds, rows);
    this.runs.push(rows);
  }
}

/** A client that waits as long as it takes, and is there until it leaves. */
export class TestClient implements Client {
  readonly #deadline: number;
  #gone = false;

  /** @param deadline on performance.now()'s clock */
  constructor(deadline = Number.POSITIVE_INFINITY) {
    this.#deadline = deadline;
  }

  leave(): void {
    this.#gone = true;
  }

  gone(): boolean {
    return this.#gone;
  }

  deadline(): number {
    return this.#deadline;
  }
}

const HERE = new TestClient();

/** A runner whose runs are kept, and that is asked as a route asks it. */
export class MeteredRunner {
  readonly runner: Runner;
  readonly meter = new RunsMeter();

  constructor(model: SavedModel, options: Parameters<typeof testRunner>[1] = {}) {
    this.runner = testRunner(model, { ...options, meter: this.meter });
  }

  get runs(): number[] {
    return this.meter.runs;
  }

  /** As a route takes it: an answer at once and one later, a throw and a rejection are the same. */
  async ask(body: object | string, client: Client = HERE): Promise<string> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer: Answer = await this.runner.answer(PREDICT, Buffer.from(text), client);
    return String(answer);
  }

  /** What each call got: its answer, or why there is none. */
  async all(bodies: readonly (object | string)[]): Promise<unknown[]> {
    return outcomes(bodies.map((body) => this.ask(body)));
  }
}

/** What was answered, as JSON; or an error's code and message. */
export async function outcomes(answers: readonly Promise<string>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(answers);
  return settled.map((one) =>
    one.status === 'fulfilled' ? JSON.parse(one.value) : `${one.reason.code}: ${one.reason.message}`,
  );
}
