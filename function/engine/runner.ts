import { clientGone, RequestError, requestErrorOf } from '../errors.ts';
import type { NativeEngine } from '../native/engine.ts';
import type { OutputTensor, TensorBytes } from '../native/raw-engine.ts';
import type { DropReason, ModelMeter } from '../telemetry/metrics.ts';
import type { Answer } from './answer.ts';
import type { Batching } from './batching.ts';
import type { Client } from './client.ts';
import { Costs } from './costs.ts';
import { Queue, type QueueLimits, type Waiting } from './queue.ts';
import type { Scheduler, Source } from './scheduler.ts';
import { Turn } from './turn.ts';

export { PREDICT } from '../native/engine.ts';

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
 * hear of its end, there and back, by two wake-ups (20–40 µs measured).
 */
const SHORT_RUN = 50_000;

/** Larger bodies are read on the pool: at some 500 MB/s this one takes 0.13 ms. */
const LARGE_BODY = 1 << 16;

/** A call on its way over the pool. */
interface Pending extends Waiting {
  /** Its number in the native engine. */
  readonly call: number;
  /** When it began to wait, on performance.now()'s clock. */
  readonly since_ms: number;
  readonly finish: () => void;
  readonly reject: (error: unknown) => void;
  /** Set at the deadline of a call that runs: what it gives is wanted by nobody. */
  isTooLate: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Answers the calls of one model. Runs that take less than the way to another thread and back are done at once; all
 * others wait in one queue for the pool. What a run takes is learned from the runs; what was never run goes to the pool.
 */
export class Runner implements Source {
  readonly #options: RunnerOptions;
  /** The model's number in the native engine. */
  readonly #model: number;
  readonly #queue: Queue<Pending>;
  readonly #turn: Turn;
  /** By signature. */
  readonly #costs: Costs[] = [];
  #underWay = 0;
  #batchTimer: NodeJS.Timeout | undefined;

  constructor(model: number, options: RunnerOptions) {
    this.#model = model;
    this.#options = options;
    this.#queue = new Queue(options.limits);
    this.#turn = new Turn({
      native: options.native,
      maxRows: options.batching.maxRows,
      runAlone: (call, signature, rows) => this.#runHere(call, signature, rows),
      onShared: (signature, rows, nanoseconds) => {
        this.#costsOf(signature).learn(rows, nanoseconds);
        options.meter.ran(nanoseconds / 1e9, rows);
      },
      onGone: () => options.meter.dropped('gone'),
    });
  }

  /** Rows that wait for a run. */
  get rowsWaiting(): number {
    return this.#queue.rows + this.#turn.rowsWaiting;
  }

  /** Calls that wait or run on the pool. */
  get callsUnderWay(): number {
    return this.#underWay;
  }

  /**
   * Answers a body.
   *
   * @param format PREDICT, or what NativeEngine.addField() gave
   * @returns the answer's body, at once where the run is short
   * @throws RequestError that says what is wrong with the body, or why there is no answer; a promise rejects with it
   */
  answer(format: number, body: Buffer, client: Client): Answer | Promise<Answer> {
    const { native } = this.#options;
    if (body.length > LARGE_BODY) return this.#answerLarge(format, body, client);
    let call: number;
    try {
      call = native.decode(this.#model, format, body);
    } catch (error) {
      throw requestErrorOf(error);
    }
    return this.#run(call, client);
  }

  /** What NativeEngine.addField() says of this model. */
  addField(signature: number, key: string, prefix: string, suffix: string): number {
    return this.#options.native.addField(this.#model, signature, key, prefix, suffix);
  }

  /** Runs a signature on tensors, on the pool. @throws RequestError by rejection */
  run(signature: number, inputs: readonly TensorBytes[], client: Client): Promise<OutputTensor[]> {
    const { native } = this.#options;
    return new Promise((resolve, reject) => {
      let call: number;
      try {
        call = native.create(this.#model, signature, inputs);
      } catch (error) {
        throw requestErrorOf(error);
      }
      this.#wait(call, client, () => resolve(native.outputs(call)), reject);
    });
  }

  #answerLarge(format: number, body: Buffer, client: Client): Promise<Answer> {
    const { native, meter } = this.#options;
    const deadline = client.deadline(); // that of its arrival, not of when it was read
    const waiting: Client = { gone: () => client.gone(), deadline: () => deadline };
    this.#underWay++;
    return new Promise((resolve, reject) => {
      native.decodeLater(this.#model, format, body, (value, nanoseconds) => {
        this.#underWay--;
        meter.parsed(nanoseconds / 1e9);
        if (typeof value !== 'number') return reject(requestErrorOf(value));
        try {
          if (client.gone()) throw this.#refused(value, 'gone', clientGone());
          resolve(this.#run(value, waiting));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Runs the call that was read last. */
  #run(call: number, client: Client): Answer | Promise<Answer> {
    const { native, batching } = this.#options;
    const { signature, rows } = native;
    if (this.#isShort(signature, rows)) {
      return batching.enabled ? this.#turn.run(call, client) : this.#runHere(call, signature, rows);
    }
    return new Promise((resolve, reject) => {
      this.#wait(call, client, () => resolve(native.take(call)), reject);
    });
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

  #runHere(call: number, signature: number, rows: number): Answer {
    const { native, meter } = this.#options;
    try {
      const answer = native.answer(call);
      this.#costsOf(signature).learn(rows, native.nanoseconds); // not of a run that failed: it ended early
      return answer;
    } catch (error) {
      throw requestErrorOf(error);
    } finally {
      meter.ran(native.nanoseconds / 1e9, Math.max(rows, 1));
    }
  }

  /** Puts the call that was read last into the queue. */
  #wait(call: number, client: Client, finish: () => void, reject: (error: unknown) => void): void {
    const { native, scheduler } = this.#options;
    const { signature, rows, key, bytes } = native;
    const pending: Pending = {
      ...{ call, signature, rows, key, bytes, client, finish, reject },
      since_ms: performance.now(),
      isTooLate: false,
      timer: undefined,
    };
    if (this.#queue.refusal(pending) !== undefined) this.#dropGone();
    const refusal = this.#queue.refusal(pending);
    if (refusal !== undefined) throw this.#refused(call, 'full', refusal);
    const left_ms = client.deadline() - pending.since_ms;
    if (left_ms <= 0) throw this.#refused(call, 'deadline', tooLate());
    if (left_ms !== Number.POSITIVE_INFINITY) {
      pending.timer = setTimeout(() => this.#onDeadline(pending), left_ms);
    }
    this.#underWay++;
    this.#queue.add(pending);
    scheduler.wake(this);
  }

  /** Ends a call that is not to be run. @returns `why` */
  #refused(call: number, reason: DropReason, why: RequestError): RequestError {
    this.#options.meter.dropped(reason);
    this.#options.native.drop(call);
    return why;
  }

  #dropGone(): void {
    for (const pending of this.#queue.takeGone()) {
      this.#end(pending);
      pending.reject(this.#refused(pending.call, 'gone', clientGone()));
    }
  }

  #end(pending: Pending): void {
    clearTimeout(pending.timer);
    this.#underWay--;
  }

  /** A call that waits is dropped; one that runs cannot be stopped, but nobody waits for it any more. */
  #onDeadline(pending: Pending): void {
    pending.isTooLate = true;
    if (this.#queue.remove(pending)) {
      this.#end(pending);
      pending.reject(this.#refused(pending.call, 'deadline', tooLate()));
    } else {
      this.#options.meter.dropped('deadline');
      pending.reject(tooLate());
    }
  }

  isReady(): boolean {
    this.#dropGone();
    const { first } = this.#queue;
    if (first === undefined) return false;
    const { enabled, timeout_ms, maxRows } = this.#options.batching;
    if (!enabled || timeout_ms === 0 || first.rows === 0) return true;
    const left_ms = first.since_ms + timeout_ms - performance.now();
    if (left_ms <= 0 || this.#queue.shareable() >= maxRows) return true;
    this.#batchTimer ??= setTimeout(() => {
      this.#batchTimer = undefined;
      this.#options.scheduler.wake(this);
    }, left_ms);
    return false;
  }

  start(idle: number, done: (nanoseconds: number) => void): void {
    const { native, meter, batching } = this.#options;
    clearTimeout(this.#batchTimer);
    this.#batchTimer = undefined;
    const batch = this.#queue.take(this.#rowsOfNextRun(idle));
    const now_ms = performance.now();
    for (const { since_ms } of batch) meter.queued((now_ms - since_ms) / 1000);
    const rows = batch.reduce((sum, one) => sum + one.rows, 0);
    native.runLater(
      batch.map(({ call }) => call),
      rows === 0 || !batching.enabled ? 0 : batching.padded(rows),
      (_value, nanoseconds) => {
        meter.ran(nanoseconds / 1e9, Math.max(rows, 1));
        const failed = batch.filter((pending) => !this.#settle(pending));
        if (failed.length === 0) this.#costsOf(batch[0]?.signature ?? 0).learn(rows, nanoseconds);
        done(nanoseconds);
      },
    );
  }

  /** As many as make a row cheapest, but so that no thread is idle while others have more than one call. */
  #rowsOfNextRun(idle: number): number {
    const { enabled, maxRows, timeout_ms } = this.#options.batching;
    const { first } = this.#queue;
    if (!enabled || first === undefined || first.rows === 0) return 0;
    const shareable = Math.min(this.#queue.shareable(), maxRows);
    if (timeout_ms > 0) return shareable;
    return Math.min(this.#costsOf(first.signature).bestRows(shareable), Math.ceil(shareable / idle));
  }

  /** @returns false where its run is known to have failed */
  #settle(pending: Pending): boolean {
    this.#end(pending);
    if (pending.isTooLate || pending.client.gone()) {
      this.#options.native.drop(pending.call);
      pending.reject(clientGone());
      return true;
    }
    try {
      pending.finish();
      return true;
    } catch (error) {
      pending.reject(requestErrorOf(error));
      return false;
    }
  }
}

function tooLate(): RequestError {
  const words = 'the deadline passed before there was an answer (REQUEST_DEADLINE_MS, or the caller’s own)';
  return new RequestError('DEADLINE_EXCEEDED', words);
}
