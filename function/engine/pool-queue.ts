import { clientGone, type RequestError, requestErrorOf } from '../errors.ts';
import type { NativeEngine } from '../native/engine.ts';
import type { DropReason, ModelMeter } from '../telemetry/model-meter.ts';
import type { Batching } from './batching.ts';
import { type Client, traceRun } from './client.ts';
import type { Costs } from './costs.ts';
import { onDeadline, tooLate } from './deadline.ts';
import { Queue, type QueueLimits, type Waiting } from './queue.ts';
import type { Ended, NextRun, Scheduler, Source } from './scheduler.ts';

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

export interface PoolQueueOptions {
  readonly native: NativeEngine;
  readonly scheduler: Scheduler;
  readonly batching: Batching;
  readonly limits: QueueLimits;
  readonly meter: ModelMeter;
}

/** The calls of one model that wait for the pool's threads, or run on them; in runs that are formed when a thread is free. */
export class PoolQueue implements Source {
  readonly #options: PoolQueueOptions;
  readonly #queue: Queue<Pending>;
  /** By signature. */
  readonly #costsOf: (signature: number) => Costs;
  #underWay = 0;
  #batchTimer: NodeJS.Timeout | undefined;

  constructor(options: PoolQueueOptions, costsOf: (signature: number) => Costs) {
    this.#options = options;
    this.#queue = new Queue(options.limits);
    this.#costsOf = costsOf;
  }

  /** Rows that wait for a run. */
  get rowsWaiting(): number {
    return this.#queue.rows;
  }

  /** Calls that wait or run. */
  get callsUnderWay(): number {
    return this.#underWay;
  }

  /**
   * Puts the call that was read last into the queue.
   *
   * @param finish takes the call's answer, which ends it; it may throw what the run failed with
   * @param reject told why there is no answer
   * @throws RequestError where there is no place for it; the call then has ended
   */
  add(call: number, client: Client, finish: () => void, reject: (error: unknown) => void): void {
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
    if (refusal !== undefined) throw this.refused(call, 'full', refusal);
    const deadline = client.deadline();
    if (deadline <= pending.since_ms) throw this.refused(call, 'deadline', tooLate());
    pending.timer = onDeadline(deadline, () => this.#onDeadline(pending));
    this.#underWay++;
    this.#queue.add(pending);
    scheduler.wake(this);
  }

  /** Ends a call that is not to be run. @returns `why` */
  refused(call: number, reason: DropReason, why: RequestError): RequestError {
    this.#options.meter.dropped(reason);
    this.#options.native.drop(call);
    return why;
  }

  #dropGone(): void {
    for (const pending of this.#queue.takeGone()) {
      this.#end(pending);
      pending.reject(this.refused(pending.call, 'gone', clientGone()));
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
      pending.reject(this.refused(pending.call, 'deadline', tooLate()));
    } else {
      this.#options.meter.dropped('deadline');
      pending.reject(tooLate());
    }
  }

  /** See Scheduler.tryStart(): for a run that is not of a call in this queue. */
  tryStart(expected: number): Ended | undefined {
    return this.#options.scheduler.tryStart(this, expected);
  }

  next(): NextRun | undefined {
    this.#dropGone();
    const { first } = this.#queue;
    if (first === undefined || !this.#isReady(first)) return undefined;
    return { since_ms: first.since_ms, expected: this.#costsOf(first.signature).of(first.rows) };
  }

  #isReady(first: Pending): boolean {
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

  start(idle: number, done: Ended): void {
    const { native, meter, batching } = this.#options;
    clearTimeout(this.#batchTimer);
    this.#batchTimer = undefined;
    const batch = this.#queue.take(this.#rowsOfNextRun(idle));
    const now_ms = performance.now();
    for (const { since_ms, client } of batch) {
      meter.queued((now_ms - since_ms) / 1000, client.trace?.traceId);
      client.trace?.stage('queue', since_ms, now_ms);
    }
    const rows = batch.reduce((sum, one) => sum + one.rows, 0);
    const parts = batch.length === 1 ? this.#partsOf(batch[0], idle) : 1;
    native.runLater(
      batch.map(({ call }) => call),
      rows === 0 || !batching.enabled ? 0 : batching.padded(rows),
      parts,
      (_value, nanoseconds) => {
        meter.ran(nanoseconds / 1e9, Math.max(rows, 1), batch[0]?.client.trace?.traceId);
        const { printing, longestPart } = native;
        for (const { client } of batch) traceRun(client, nanoseconds, printing, rows);
        const failed = batch.filter((pending) => !this.#settle(pending));
        const costs = this.#costsOf(batch[0]?.signature ?? 0);
        if (longestPart > 0) costs.learn(Math.ceil(rows / parts), longestPart);
        else if (failed.length === 0) costs.learn(rows, nanoseconds);
        done(longestPart > 0 ? nanoseconds * parts : nanoseconds);
      },
    );
  }

  /** Of a call's rows, for threads that nobody else waits for. Those that can share a run with others' can be run apart, too. */
  #partsOf(one: Pending | undefined, idle: number): number {
    const { enabled, padded } = this.#options.batching;
    if (!enabled || one === undefined || this.#queue.first !== undefined) return 1;
    const { signature, rows } = one;
    const parts = this.#costsOf(signature).bestParts(rows, idle);
    const isOfTheirSize =
      padded(rows) === rows && padded(Math.ceil(rows / parts)) === Math.ceil(rows / parts);
    return isOfTheirSize ? parts : 1;
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
