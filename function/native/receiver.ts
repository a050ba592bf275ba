import type { Binding } from './binding.ts';
import type { RawReceiver } from './raw-receiver.ts';

/** Told how many bytes came: fewer than asked for where the other side has ended, the connection is broken, or the beginning is another. */
export type Received = (bytes: number) => void;

/**
 * Reads from sockets on a thread of its own: to read a megabyte takes the event loop longer than all else that it does for
 * a request. Nobody else may read a socket meanwhile.
 */
export class Receiver {
  readonly #raw: RawReceiver;
  readonly #waiting: (Received | undefined)[] = [];
  readonly #freeTickets: number[] = [];

  constructor(binding: Binding) {
    this.#raw = binding.createReceiver(this.#done);
  }

  /** Bytes that have come over the socket, by its file descriptor, and were not read. */
  pending(socket: number): number {
    return this.#raw.pending(socket);
  }

  /**
   * Reads until `body` is full from `from` up to `upTo`. Where that is no further nothing is read: `done` is told when the other side
   * has ended, or the connection is broken.
   *
   * @param socket its file descriptor, which may be closed meanwhile: the connection ends once this has, too
   * @param begin what comes is to begin with: what begins otherwise is told at once
   * @returns what cancel() takes; undefined where the system cannot
   */
  receive(
    socket: number,
    body: Buffer,
    from: number,
    upTo: number,
    done: Received,
    begin?: Buffer,
  ): number | undefined {
    const ticket = this.#freeTickets.pop() ?? this.#waiting.length;
    this.#waiting[ticket] = done;
    if (this.#raw.receive(ticket, socket, body, from, upTo, begin)) return ticket;
    this.#end(ticket);
    return undefined;
  }

  /** From now on nothing is read, nor told. Once, and only before it was told. @returns how many bytes have come by then */
  cancel(ticket: number): number {
    const bytes = this.#raw.cancel(ticket);
    this.#end(ticket);
    return bytes;
  }

  readonly #done = (ticket: number, bytes: number): void => {
    const done = this.#waiting[ticket];
    this.#end(ticket);
    done?.(bytes);
  };

  #end(ticket: number): void {
    this.#waiting[ticket] = undefined;
    this.#freeTickets.push(ticket);
  }
}
