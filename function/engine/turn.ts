import { clientGone, requestErrorOf } from '../errors.ts';
import type { NativeEngine } from '../native/engine.ts';
import type { Result } from '../native/raw-engine.ts';
import { type Client, traceRun } from './client.ts';

/**
 * Calls of a turn that are run at once while turns have no more than that. With few connections a shared run saves less
 * than its wait costs: the client waits while the turn goes on, and the next request comes later. Measured against 2:
 * 1.06 of the requests per second over 4 connections, the same over 3, 6, 8, 16 and 32. Against 8: 1.1 over 8.
 */
const AT_ONCE = 4;

/** A call that is run in the event loop's own thread. */
interface Waiting {
  readonly call: number;
  readonly signature: number;
  readonly rows: number;
  readonly key: number;
  readonly client: Client;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface TurnOptions {
  readonly native: NativeEngine;
  /** Most rows that several calls share in one run; a larger call runs alone. */
  readonly maxRows: number;
  /** Runs one call, and ends it. @throws RequestError */
  readonly runAlone: (call: number, signature: number, rows: number, client: Client) => Result;
  /** The result of a call that was run with others, which ends it. @throws RequestError */
  readonly take: (call: number) => Result;
  /** Told of each run that calls shared. */
  readonly onShared: (signature: number, rows: number, nanoseconds: number) => void;
  /** Told of each call that was dropped, as its client has gone. */
  readonly onGone: () => void;
}

/**
 * Runs the calls of one event-loop turn together, in its own thread: a short run costs about the same for one row as for
 * a few hundred, so what 32 connections ask for in one turn costs one run. Nothing waits longer than the turn; while a
 * turn has few calls, those are run at once.
 */
export class Turn {
  readonly #options: TurnOptions;
  #waiting: Waiting[] = [];
  #rowsWaiting = 0;
  /** Calls of this turn. */
  #calls = 0;
  /** Whether the last turn with calls had few. */
  #fewBefore = false;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Rows of the calls that have not been run yet. */
  get rowsWaiting(): number {
    return this.#rowsWaiting;
  }

  /**
   * Runs the call that was read last.
   *
   * @returns the answer, at once where the call was run alone
   * @throws RequestError where the graph refuses the inputs, or CANCELLED where the client has gone before it was run; a
   *   promise rejects with the same
   */
  run(call: number, client: Client): Result | Promise<Result> {
    const { signature, rows, key } = this.#options.native;
    if (rows === 0 || (this.#isOneOfFew() && !client.gone()))
      return this.#options.runAlone(call, signature, rows, client);
    this.#rowsWaiting += rows;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, signature, rows, key, client, resolve, reject });
    });
  }

  /** Counts the call, and says whether it is among the first of its turn, after a turn of few. */
  #isOneOfFew(): boolean {
    if (this.#calls === 0) setImmediate(this.#end);
    this.#calls++;
    return this.#fewBefore && this.#calls <= AT_ONCE;
  }

  readonly #end = (): void => {
    this.#fewBefore = this.#calls <= AT_ONCE;
    this.#calls = 0;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting.filter(this.#isWanted);
    this.#waiting = [];
    this.#rowsWaiting = 0;
    for (const batch of this.#batches(waiting)) this.#runBatch(batch);
  };

  readonly #isWanted = ({ call, client, reject }: Waiting): boolean => {
    if (!client.gone()) return true;
    this.#options.native.drop(call);
    this.#options.onGone();
    reject(clientGone());
    return false;
  };

  /** Sorts calls into runs: of one key, and of at most maxRows rows unless one call alone has more. */
  #batches(waiting: readonly Waiting[]): Waiting[][] {
    if (waiting.length === 1) return [[...waiting]];
    const batches: Waiting[][] = [];
    const open = new Map<number, { batch: Waiting[]; rows: number }>();
    for (const one of waiting) {
      const group = open.get(one.key);
      if (group !== undefined && group.rows + one.rows <= this.#options.maxRows) {
        group.batch.push(one);
        group.rows += one.rows;
      } else {
        const batch = [one];
        batches.push(batch);
        open.set(one.key, { batch, rows: one.rows });
      }
    }
    return batches;
  }

  #runBatch(batch: readonly Waiting[]): void {
    const { native, onShared } = this.#options;
    const shared = batch.length > 1 && native.run(batch.map(({ call }) => call));
    if (shared) {
      const rows = batch.reduce((sum, one) => sum + one.rows, 0);
      const { nanoseconds } = native;
      onShared(batch[0]?.signature ?? 0, rows, nanoseconds);
      for (const { client } of batch) traceRun(client, nanoseconds, 0, rows);
    }
    for (const one of batch) this.#settle(one, shared);
  }

  /** @param ran whether it was run; one row that the graph refuses must not fail its neighbours, which then run alone */
  #settle({ call, signature, rows, client, resolve, reject }: Waiting, ran: boolean): void {
    const { take, runAlone } = this.#options;
    try {
      resolve(ran ? take(call) : runAlone(call, signature, rows, client));
    } catch (error) {
      reject(requestErrorOf(error));
    }
  }
}
