import { HpackDecoder } from './hpack-decoder.ts';
import { checkTrailers, type RequestHead, readRequestHead } from './request-head.ts';

/** What a request's header block says. @template H what is made of it */
export interface ReadHead<H> {
  readonly head: H;
  readonly contentLength: number | undefined;
}

/** Reads the header blocks of a connection, and knows the one before again: a client mostly sends the same. */
export class HeadReader<H> {
  readonly #decoder: HpackDecoder;
  readonly #make: (head: RequestHead) => H;
  #block: Buffer = EMPTY;
  #blockChanges = -1;
  #read: ReadHead<H> | undefined;

  /** @param listLimit most bytes of a block's fields */
  constructor(listLimit: number, make: (head: RequestHead) => H) {
    this.#decoder = new HpackDecoder(listLimit);
    this.#make = make;
  }

  /**
   * @returns undefined where the fields are more than the limit allows
   * @throws StreamError for a malformed request, ConnectionError for a block that cannot be read
   */
  request(bytes: Buffer, from: number, to: number): ReadHead<H> | undefined {
    const before = this.#decoder.changes;
    if (this.#blockChanges === before && isSame(this.#block, bytes, from, to)) return this.#read;
    const block = bytes.subarray(from, to);
    this.#blockChanges = -1;
    const fields = this.#decoder.decode(block);
    if (fields === undefined) return undefined;
    const head = readRequestHead(fields);
    this.#read = { head: this.#make(head), contentLength: head.contentLength };
    // One that changes the table says something else the next time.
    if (this.#decoder.changes === before) {
      this.#block = Buffer.from(block); // a copy: a small part would keep a large chunk
      this.#blockChanges = before;
    }
    return this.#read;
  }

  /** Reads trailers, which all the same may change the table. @returns what checks them, by throwing StreamErrors */
  trailers(block: Buffer): () => void {
    const fields = this.#decoder.decode(block) ?? [];
    return () => checkTrailers(fields);
  }
}

const EMPTY = Buffer.alloc(0);

function isSame(block: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (block.length !== to - from) return false;
  for (let i = 0; i < block.length; i++) if (block[i] !== bytes[from + i]) return false;
  return true;
}
