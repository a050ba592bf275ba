import { ConnectionError, ErrorCode, protocolError } from './protocol.ts';
import type { Stream } from './stream.ts';

/** Streams that were reset here, whose frames on their way are no fault of the peer's. */
const MAX_FORGIVEN = 256;

/** The streams of a connection: those that are open, and what is known of the others. */
export class Streams {
  readonly #open = new Map<number, Stream>();
  readonly #forgiven = new Set<number>();
  /** Whether the peer has left out a number, which then can no longer be told from one that was closed. */
  #skipped = false;
  /** The highest number so far. */
  last = 0;

  get size(): number {
    return this.#open.size;
  }

  all(): Iterable<Stream> {
    return this.#open.values();
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  /** Takes note of a new number, whether or not a stream comes of it. */
  begin(id: number): void {
    if (id !== this.last + 2 && this.last !== 0) this.#skipped = true;
    this.last = id;
  }

  add(stream: Stream): void {
    this.#open.set(stream.id, stream);
  }

  delete(id: number): void {
    this.#open.delete(id);
  }

  /** From now on frames on this stream, which has been reset, are passed over. */
  forgive(id: number): void {
    this.#forgiven.add(id);
    if (this.#forgiven.size <= MAX_FORGIVEN) return;
    for (const oldest of this.#forgiven) {
      this.#forgiven.delete(oldest);
      return;
    }
  }

  isForgiven(id: number): boolean {
    return this.#forgiven.has(id);
  }

  /** What is wrong with headers on a stream that is not open, and no new one. */
  closedError(id: number): ConnectionError {
    if (this.#skipped) return protocolError(`stream ${id} after stream ${this.last}`);
    return new ConnectionError(ErrorCode.STREAM_CLOSED, `headers on stream ${id}, which is closed`);
  }
}
