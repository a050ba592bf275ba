import { unavailable } from '../errors.ts';
import type { Model } from './saved-model.ts';
import type { Signature } from './signatures.ts';
import { concatenate, rowsOf, type Tensor } from './tensor.ts';

/** One request's share of a model run. */
export interface Call {
  readonly signature: Signature;
  /** In the order of `signature.inputs`. */
  readonly inputs: readonly Tensor[];
  /** Who waits for the answer; once it is gone, the call is dropped unrun. */
  readonly client: { gone(): boolean };
}

export interface BatcherOptions {
  /** Right for row-wise models only: those where row i of an answer depends on row i of the inputs alone. */
  readonly enabled: boolean;
  /** Most rows that several calls share in one run; a larger call runs alone. */
  readonly maxBatchRows: number;
  /** Most rows in waiting; a call beyond them is refused. */
  readonly maxQueueRows: number;
  /** Told the rows of each model run. */
  readonly onRun: (rows: number) => void;
}

/**
 * Calls of a turn that are run at once while turns have no more than that. With few connections a shared run saves less
 * than its wait costs: the client waits while the turn goes on, and the next request comes later. Measured against 2:
 * 1.06 of the requests per second over 4 connections, the same over 3, 6, 8, 16 and 32. Against 8: 1.1 over 8.
 */
const AT_ONCE = 4;

interface Waiting {
  readonly call: Call;
  readonly rows: number;
  readonly resolve: (outputs: Tensor[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs the calls of one event-loop turn together: a model run costs about the same for one row as for a few hundred,
 * so what 32 connections ask for in one turn costs one run. Nothing waits longer than the turn; while a turn has few
 * calls, those are run at once.
 */
export class Batcher {
  readonly #model: Model;
  readonly #options: BatcherOptions;
  #waiting: Waiting[] = [];
  #rowsWaiting = 0;
  /** Calls of this turn. */
  #calls = 0;
  /** Whether the last turn with calls had few. */
  #fewBefore = false;

  constructor(model: Model, options: BatcherOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** Rows of the calls that have not been run yet. */
  get rowsWaiting(): number {
    return this.#rowsWaiting;
  }

  /**
   * @returns outputs in the order of `call.signature.outputs`, at once where the call was run alone; a promise never
   *   settles for a call whose client went away
   * @throws RequestError INVALID_ARGUMENT where the graph refuses the inputs, UNAVAILABLE where too many rows wait already; a promise rejects
   *   with the same
   */
  run(call: Call): Tensor[] | Promise<Tensor[]> {
    const rows = sharedRows(call.inputs);
    if (!this.#options.enabled || rows === 0) return this.#runAlone(call, Math.max(rows, 1));
    if (this.#isOneOfFew() && !call.client.gone()) return this.#runAlone(call, rows);
    // A call larger than the queue is served when nothing waits: it could never be otherwise.
    if (this.#rowsWaiting > 0 && this.#rowsWaiting + rows > this.#options.maxQueueRows) {
      const message = `${this.#rowsWaiting} rows are waiting, at most ${this.#options.maxQueueRows} may; try again`;
      throw unavailable(message);
    }
    this.#rowsWaiting += rows;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, rows, resolve, reject });
    });
  }

  /** Counts the call, and says whether it is among the first of its turn, after a turn of few. */
  #isOneOfFew(): boolean {
    if (this.#calls === 0) setImmediate(this.#endTurn);
    this.#calls++;
    return this.#fewBefore && this.#calls <= AT_ONCE;
  }

  #runAlone(call: Call, rows: number): Tensor[] {
    this.#options.onRun(rows);
    return this.#model.run(call.signature, call.inputs);
  }

  readonly #endTurn = (): void => {
    this.#fewBefore = this.#calls <= AT_ONCE;
    this.#calls = 0;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#rowsWaiting = 0;
    for (const batch of this.#batches(waiting)) this.#runBatch(batch);
  };

  /** Sorts calls into runs: of one key, and of at most maxBatchRows rows unless one call alone has more. */
  #batches(waiting: readonly Waiting[]): Waiting[][] {
    if (waiting.length === 1) return waiting[0]?.call.client.gone() ? [] : [[...waiting]];
    const batches: Waiting[][] = [];
    const open = new Map<string, { batch: Waiting[]; rows: number }>();
    for (const one of waiting) {
      if (one.call.client.gone()) continue;
      const key = groupKey(one.call);
      const group = open.get(key);
      if (group !== undefined && group.rows + one.rows <= this.#options.maxBatchRows) {
        group.batch.push(one);
        group.rows += one.rows;
      } else {
        const batch = [one];
        batches.push(batch);
        open.set(key, { batch, rows: one.rows });
      }
    }
    return batches;
  }

  #runBatch(batch: readonly Waiting[]): void {
    const first = batch[0];
    if (first === undefined) return;
    if (batch.length === 1) {
      this.#settleAlone(first);
      return;
    }
    const { signature } = first.call;
    const rows = batch.reduce((sum, one) => sum + one.rows, 0);
    let outputs: Tensor[];
    try {
      const inputs = signature.inputs.map((_, i) => concatenate(batch.map((one) => at(one.call.inputs, i))));
      this.#options.onRun(rows);
      outputs = this.#model.run(signature, inputs);
    } catch {
      // One row that the graph refuses must not fail its neighbours.
      for (const one of batch) this.#settleAlone(one);
      return;
    }
    if (outputs.some((output) => output.shape[0] !== rows)) {
      // Not row-wise after all: the answers cannot be told apart.
      for (const one of batch) this.#settleAlone(one);
      return;
    }
    let from = 0;
    for (const one of batch) {
      const to = from + one.rows;
      one.resolve(outputs.map((output) => rowsOf(output, from, to)));
      from = to;
    }
  }

  #settleAlone({ call, rows, resolve, reject }: Waiting): void {
    try {
      resolve(this.#runAlone(call, rows));
    } catch (error) {
      reject(error);
    }
  }
}

/** The first dimension where all inputs share one and it is not 0, else 0: such a call runs alone. */
function sharedRows(inputs: readonly Tensor[]): number {
  const rows = inputs[0]?.shape[0] ?? 0;
  return inputs.every((input) => input.shape[0] === rows) ? rows : 0;
}

/** Calls of one key can be laid end to end: the same signature, the same shapes but for the first dimension. */
function groupKey({ signature, inputs }: Call): string {
  let key = signature.name;
  for (const { shape } of inputs) {
    key += '|';
    for (let i = 1; i < shape.length; i++) key += `${shape[i]},`;
  }
  return key;
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no element ${index}`);
  return item;
}
