import { type RequestError, unavailable } from '../errors.ts';
import type { Client } from './client.ts';

/** A call that waits for a thread. */
export interface Waiting {
  readonly signature: number;
  /** 0 where it can only run alone. */
  readonly rows: number;
  /** Calls of one key can share a run. */
  readonly key: number;
  readonly bytes: number;
  readonly client: Client;
}

/** What may wait for one model. */
export interface QueueLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** The calls that wait for one model, first come first served. */
export class Queue<W extends Waiting> {
  readonly #limits: QueueLimits;
  #waiting: W[] = [];
  #rows = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Rows that wait; a call that can only run alone counts as one. */
  get rows(): number {
    return this.#rows;
  }

  get first(): W | undefined {
    return this.#waiting[0];
  }

  /** Why a call has no place; undefined where it has. One larger than the queue is taken when nothing waits. */
  refusal(one: W): RequestError | undefined {
    const { maxRows, maxBytes } = this.#limits;
    if (this.#waiting.length === 0) return undefined;
    if (this.#rows + rowsOf(one) > maxRows)
      return unavailable(
        `${this.#rows} rows are waiting, at most ${maxRows} may (MAX_QUEUE_ROWS); try again`,
      );
    if (this.#bytes + one.bytes > maxBytes)
      return unavailable(
        `${this.#bytes} bytes are waiting, at most ${maxBytes} may (MAX_QUEUE_BYTES); try again`,
      );
    return undefined;
  }

  add(one: W): void {
    this.#waiting.push(one);
    this.#rows += rowsOf(one);
    this.#bytes += one.bytes;
  }

  /** @returns whether it was there */
  remove(one: W): boolean {
    return this.#takeWhere((other) => other === one).length > 0;
  }

  /** Those whose clients have gone. */
  takeGone(): W[] {
    return this.#takeWhere(({ client }) => client.gone());
  }

  /** Rows that the first call could share a run with, its own among them; 0 where it can only run alone. */
  shareable(): number {
    const { first } = this;
    if (first === undefined || first.rows === 0) return 0;
    return this.#waiting.reduce((rows, one) => (one.key === first.key ? rows + one.rows : rows), 0);
  }

  /**
   * The first call, and those of its key behind it that fit.
   *
   * @param mostRows that they may have together; a first call that has more, or can only run alone, comes alone
   */
  take(mostRows: number): W[] {
    const { first } = this;
    if (first === undefined) return [];
    let rows = first.rows;
    return this.#takeWhere((one) => {
      if (one === first) return true;
      if (first.rows === 0 || one.rows === 0 || one.key !== first.key || rows + one.rows > mostRows)
        return false;
      rows += one.rows;
      return true;
    });
  }

  #takeWhere(wanted: (one: W) => boolean): W[] {
    const taken: W[] = [];
    const left: W[] = [];
    for (const one of this.#waiting) {
      if (wanted(one)) {
        taken.push(one);
        this.#rows -= rowsOf(one);
        this.#bytes -= one.bytes;
      } else {
        left.push(one);
      }
    }
    this.#waiting = left;
    return taken;
  }
}

const rowsOf = ({ rows }: Waiting): number => Math.max(rows, 1);
