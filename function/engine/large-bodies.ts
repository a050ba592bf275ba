import { clientGone, type RequestError, requestErrorOf } from '../errors.ts';
import type { Done, NativeEngine } from '../native/engine.ts';
import type { Lists, Result } from '../native/raw-engine.ts';
import type { DropReason, ModelMeter } from '../telemetry/model-meter.ts';
import type { Trace } from '../telemetry/tracing.ts';
import { type Client, traceRun } from './client.ts';
import { onDeadline, tooLate } from './deadline.ts';
import type { Ended } from './scheduler.ts';

/** Larger bodies are read on the pool: at some 500 MB/s this one takes 0.13 ms. */
export const LARGE_BODY = 1 << 16;

/** Those that are kept until the run has ended are no larger: of what is larger, a hand-over is no part to speak of. */
const MOST_KEPT = 1 << 22;

export interface LargeBodiesOptions {
  readonly native: NativeEngine;
  /** The model's number in the native engine. */
  readonly model: number;
  readonly meter: ModelMeter;
  /** Runs the call that was read last. */
  readonly run: (call: number, client: Client) => Result | Promise<Result>;
  /** The result of a call that was run, which ends. @throws NativeFailure */
  readonly take: (call: number) => Result;
  /** Ends a call that is not to be run. @returns `why` */
  readonly refused: (call: number, reason: DropReason, why: RequestError) => RequestError;
  /**
   * A thread for a call like the one that was read before, from its body to its answer; undefined where it is to be read
   * first and then to wait for its turn.
   */
  readonly tryStart: (signature: number, rows: number) => Ended | undefined;
  /** Told of each run that gave an answer. */
  readonly learn: (signature: number, rows: number, nanoseconds: number) => void;
}

/**
 * Bodies of one model that are read on the pool. Where a thread is idle it goes on with the run, so that the event loop is
 * woken once for an answer: after a run of milliseconds on the same cores each time costs it 0.1 ms and more.
 */
export class LargeBodies {
  readonly #options: LargeBodiesOptions;
  /** What the body before asked for: the next is likely to ask for the same. */
  #before: { readonly signature: number; readonly rows: number } | undefined;
  #underWay = 0;

  constructor(options: LargeBodiesOptions) {
    this.#options = options;
  }

  /** Those that are read, or run by the thread that read them. */
  get underWay(): number {
    return this.#underWay;
  }

  /** @see Runner.answer() */
  answer(format: number, body: Buffer, client: Client): Promise<Result> {
    const deadline = client.deadline(); // that of its arrival, not of when it was read
    const before = body.length <= MOST_KEPT && deadline > performance.now() ? this.#before : undefined;
    const ended = before && this.#options.tryStart(before.signature, before.rows);
    return ended === undefined
      ? this.#readFirst(format, body, client, deadline)
      : this.#readAndRun(format, body, client, deadline, ended);
  }

  #readFirst(format: number, body: Buffer, client: Client, deadline: number): Promise<Result> {
    const { native, model, run, refused } = this.#options;
    const { trace } = client;
    const waiting: Client = { gone: () => client.gone(), deadline: () => deadline, trace };
    return this.#untilDeadline(
      deadline,
      (done) => native.decodeLater(model, format, body, done),
      (value, nanoseconds, isTooLate) => {
        if (!this.#isRead(value, nanoseconds, client)) throw value; // a NativeFailure
        traceRead(trace, performance.now(), nanoseconds);
        if (isTooLate) {
          native.drop(value);
          throw tooLate();
        }
        if (client.gone()) throw refused(value, 'gone', clientGone());
        return run(value, waiting);
      },
    );
  }

  /** @param ended gives the thread back */
  #readAndRun(format: number, body: Buffer, client: Client, deadline: number, ended: Ended): Promise<Result> {
    const { native, model, meter, take, learn } = this.#options;
    const { trace } = client;
    return this.#untilDeadline(
      deadline,
      (done) => native.decodeAndRunLater(model, format, body, done),
      (value, nanoseconds, isTooLate) => {
        const running = typeof value === 'number' ? native.nanoseconds : 0;
        try {
          if (!this.#isRead(value, nanoseconds - running, client)) throw value; // a NativeFailure
          const { signature, rows, printing } = native;
          meter.queued(0, trace?.traceId);
          meter.ran(running / 1e9, Math.max(rows, 1), trace?.traceId);
          const since_ms = performance.now() - running / 1e6;
          traceRead(trace, since_ms, nanoseconds - running);
          trace?.stage('queue', since_ms, since_ms);
          traceRun(client, running, printing, rows);
          if (isTooLate || client.gone()) {
            native.drop(value);
            learn(signature, rows, running);
            throw clientGone();
          }
          const result = take(value);
          learn(signature, rows, running); // not of a run that failed
          return result;
        } finally {
          ended(running);
        }
      },
    );
  }

  /**
   * Reads a body whose answer is waited for until the deadline: nobody hears what comes of it later.
   *
   * @param answer makes the answer of what was read; it may throw why there is none
   */
  #untilDeadline(
    deadline: number,
    read: (done: Done) => void,
    answer: (value: unknown, nanoseconds: number, isTooLate: boolean) => Result | Promise<Result>,
  ): Promise<Result> {
    this.#underWay++;
    return new Promise((resolve, reject) => {
      let isTooLate = false;
      const timer = onDeadline(deadline, () => {
        isTooLate = true;
        this.#options.meter.dropped('deadline');
        reject(tooLate());
      });
      read((value, nanoseconds) => {
        clearTimeout(timer);
        try {
          resolve(answer(value, nanoseconds, isTooLate));
        } catch (error) {
          reject(requestErrorOf(error));
        }
      });
    });
  }

  /** Notes what came of reading a body. */
  #isRead(value: unknown, nanoseconds: number, client: Client): value is number {
    const { native, meter } = this.#options;
    this.#underWay--;
    client.bodyRead?.();
    meter.parsed(nanoseconds / 1e9);
    if (typeof value !== 'number') {
      meter.failed('request');
      return false;
    }
    this.#before = { signature: native.signature, rows: native.rows };
    return true;
  }

  /** @see Runner.readLists() */
  readLists(json: Buffer, { trace }: Client): Promise<Lists | undefined> {
    const { native, meter } = this.#options;
    this.#underWay++;
    return new Promise((resolve, reject) => {
      native.readListsLater(json, (value, nanoseconds) => {
        this.#underWay--;
        meter.parsed(nanoseconds / 1e9);
        traceRead(trace, performance.now(), nanoseconds);
        if (value instanceof Error) reject(requestErrorOf(value));
        else resolve(value as Lists | undefined);
      });
    });
  }
}

function traceRead(trace: Trace | undefined, ended_ms: number, nanoseconds: number): void {
  trace?.stage('read', ended_ms - nanoseconds / 1e6, ended_ms);
}
