import { requestErrorOf } from '../errors.ts';
import type { NativeEngine } from '../native/engine.ts';
import type { Lists, OutputTensor, Result, TensorBytes } from '../native/raw-engine.ts';
import type { ModelMeter } from '../telemetry/model-meter.ts';
import type { Answer } from './answer.ts';
import type { Batching } from './batching.ts';
import { type Client, traceRun } from './client.ts';
import { Costs } from './costs.ts';
import { LARGE_BODY, LargeBodies } from './large-bodies.ts';
import { PoolQueue } from './pool-queue.ts';
import type { QueueLimits } from './queue.ts';
import type { Ended, Scheduler } from './scheduler.ts';
import { Turn } from './turn.ts';

export { CLASSIFY, PREDICT, REGRESS } from '../native/engine.ts';

/** Where runs happen: by what they are known to cost, or always in the event loop's thread, or always on the pool. */
export type RunPlace = 'auto' | 'loop' | 'pool';

export interface RunnerOptions {
  readonly native: NativeEngine;
  readonly scheduler: Scheduler;
  readonly place: RunPlace;
  readonly batching: Batching;
  readonly limits: QueueLimits;
  readonly meter: ModelMeter;
}

/**
 * A run in the event loop's thread may take this long, in ns: about what it costs to hand it to another thread and to
 * hear of its end, there and back, by two wake-ups (in a virtual machine 60–75 µs of time, and of CPU time, for a caller or
 * two; a third of that where eight ask at once), and in a core whose caches hold other things: 52 µs here are 70 µs there.
 */
const SHORT_RUN = 80_000;

/** One that held the event loop for this long, in ns, was no short one: what a run takes may depend on its inputs. */
const HELD_THE_LOOP = 1e6;

/**
 * Answers the calls of one model. Runs that take less than the way to another thread and back are done at once; all
 * others wait in one queue for the pool. What a run takes is learned from the runs; what was never run goes to the pool.
 */
export class Runner {
  readonly #options: RunnerOptions;
  /** The model's number in the native engine. */
  readonly #model: number;
  readonly #pool: PoolQueue;
  readonly #turn: Turn;
  readonly #large: LargeBodies;
  /** By signature. */
  readonly #costs: Costs[] = [];

  constructor(model: number, options: RunnerOptions) {
    this.#model = model;
    this.#options = options;
    this.#pool = new PoolQueue(options, (signature) => this.#costsOf(signature));
    this.#turn = new Turn({
      native: options.native,
      maxRows: options.batching.maxRows,
      runAlone: (call, signature, rows, client) => this.#runHere(call, signature, rows, client),
      take: (call) => this.#take(call),
      onShared: (signature, rows, nanoseconds) => {
        this.#costsOf(signature).learn(rows, nanoseconds);
        options.meter.ran(nanoseconds / 1e9, rows);
      },
      onGone: () => options.meter.dropped('gone'),
    });
    this.#large = new LargeBodies({
      ...{ native: options.native, model, meter: options.meter },
      run: (call, client) => this.#run(call, client),
      take: (call) => this.#take(call),
      refused: (call, reason, why) => this.#pool.refused(call, reason, why),
      tryStart: (signature, rows) => this.#tryStart(signature, rows),
      learn: (signature, rows, nanoseconds) => this.#costsOf(signature).learn(rows, nanoseconds),
    });
  }

  /** Rows that wait for a run. */
  get rowsWaiting(): number {
    return this.#pool.rowsWaiting + this.#turn.rowsWaiting;
  }

  /** Calls that wait or run on the pool. */
  get callsUnderWay(): number {
    return this.#large.underWay + this.#pool.callsUnderWay;
  }

  /**
   * Answers a body.
   *
   * @param format PREDICT, CLASSIFY, REGRESS, or what NativeEngine.addField() gave
   * @returns the answer's body, at once where the run is short
   * @throws RequestError that says what is wrong with the body, or why there is no answer; a promise rejects with it
   */
  answer(format: number, body: Buffer, client: Client): Answer | Promise<Answer> {
    const { native, meter } = this.#options;
    meter.asked++;
    if (body.length > LARGE_BODY) return this.#large.answer(format, body, client) as Promise<Answer>; // as a body gives a body
    const { trace } = client;
    const read_since_ms = trace === undefined ? 0 : performance.now();
    let call: number;
    try {
      call = native.decode(this.#model, format, body);
    } catch (error) {
      meter.failed('request');
      throw requestErrorOf(error);
    }
    trace?.stage('read', read_since_ms, performance.now());
    return this.#run(call, client) as Answer | Promise<Answer>;
  }

  /**
   * Runs a signature on tensors.
   *
   * @param inputs in the order of the signature's
   * @param printed indexes of the outputs that are wanted as text
   * @returns the outputs in the order of the signature's, at once where the run is short
   * @throws RequestError that says what the graph refuses, or why there is no answer; a promise rejects with it
   */
  tensors(
    signature: number,
    inputs: readonly TensorBytes[],
    client: Client,
    printed: readonly number[] = [],
  ): OutputTensor[] | Promise<OutputTensor[]> {
    this.#options.meter.asked++;
    return this.#run(this.#create(signature, inputs, printed), client) as
      | OutputTensor[]
      | Promise<OutputTensor[]>;
  }

  /** What NativeEngine.addField() says of this model. */
  addField(signature: number, key: string, prefix: string, suffix: string): number {
    return this.#options.native.addField(this.#model, signature, key, prefix, suffix);
  }

  /** The same on the pool, however short. @throws RequestError by rejection */
  run(signature: number, inputs: readonly TensorBytes[], client: Client): Promise<OutputTensor[]> {
    return new Promise((resolve, reject) => {
      const call = this.#create(signature, inputs);
      const finish = () => resolve(this.#options.native.take(call) as OutputTensor[]);
      this.#pool.add(call, client, finish, reject);
    });
  }

  /**
   * Reads the lists of elements in a request of Open Inference V2 for this model.
   *
   * @returns undefined where they are to be read in another way; at once where the request is small
   * @throws RequestError by rejection, where a large request is no JSON
   */
  readLists(json: Buffer, client: Client): Lists | undefined | Promise<Lists | undefined> {
    return json.length > LARGE_BODY
      ? this.#large.readLists(json, client)
      : this.#options.native.readLists(json);
  }

  #create(signature: number, inputs: readonly TensorBytes[], printed: readonly number[] = []): number {
    const { native, meter } = this.#options;
    try {
      return native.create(this.#model, signature, inputs, printed);
    } catch (error) {
      meter.failed('request');
      throw requestErrorOf(error);
    }
  }

  /** Runs the call that was read last. */
  #run(call: number, client: Client): Result | Promise<Result> {
    const { native, batching } = this.#options;
    const { signature, rows } = native;
    if (this.#isShort(signature, rows)) {
      return batching.enabled ? this.#turn.run(call, client) : this.#runHere(call, signature, rows, client);
    }
    return new Promise((resolve, reject) => {
      this.#pool.add(call, client, () => resolve(this.#take(call)), reject);
    });
  }

  /** Not with batching: how many calls share a run, or in how many parts one is run, is said once its rows are known. */
  #tryStart(signature: number, rows: number): Ended | undefined {
    const { place, batching } = this.#options;
    const expected = this.#costsOf(signature).of(rows);
    const isKnown = Number.isFinite(expected);
    return isKnown && place !== 'loop' && !batching.enabled ? this.#pool.tryStart(expected) : undefined;
  }

  /** The result of a call that was run for a caller. */
  #take(call: number): Result {
    const { native, meter } = this.#options;
    try {
      return native.take(call);
    } catch (error) {
      meter.failed('run');
      throw error;
    }
  }

  #isShort(signature: number, rows: number): boolean {
    const { place } = this.#options;
    return place === 'auto' ? this.#costsOf(signature).of(rows) <= SHORT_RUN : place === 'loop';
  }

  #costsOf(signature: number): Costs {
    let costs = this.#costs[signature];
    if (costs === undefined) {
      costs = new Costs();
      this.#costs[signature] = costs;
    }
    return costs;
  }

  #runHere(call: number, signature: number, rows: number, client: Client): Result {
    const { native, meter } = this.#options;
    try {
      const answer = native.answer(call);
      const { nanoseconds } = native;
      const costs = this.#costsOf(signature);
      if (nanoseconds > HELD_THE_LOOP) costs.correct(rows, nanoseconds);
      else costs.learn(rows, nanoseconds); // not of a run that failed: it ended early
      return answer;
    } catch (error) {
      meter.failed('run');
      throw requestErrorOf(error);
    } finally {
      meter.ran(native.nanoseconds / 1e9, Math.max(rows, 1), client.trace?.traceId);
      traceRun(client, native.nanoseconds, 0, rows);
    }
  }
}
