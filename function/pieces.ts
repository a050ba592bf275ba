import { release } from './buffers.ts';

/** So much may be in the pieces in which it came. */
const FEW_BYTES = 1 << 16;

/**
 * Bytes that come in pieces. Those of a large body are put in their place at once: joined at the end they would hold the
 * event loop, and all of them would be there twice.
 */
export class Pieces {
  readonly #length: number;
  #few: Buffer[] = [];
  /** In place of the few, once there are more. */
  #whole: Buffer | undefined;
  #size = 0;

  /** @param length of all, where that is known: memory that is made for it at once, when more than a few bytes have come */
  constructor(length = 0) {
    this.#length = length;
  }

  /** @returns whether `piece` is kept as it is; else it was copied */
  add(piece: Buffer): boolean {
    const size = this.#size + piece.length;
    const isKept = this.#whole === undefined && size <= FEW_BYTES;
    if (isKept) this.#few.push(piece);
    else piece.copy(this.#roomFor(size), this.#size);
    this.#size = size;
    return isKept;
  }

  #roomFor(size: number): Buffer {
    const before = this.#whole === undefined ? this.#few : [this.#whole];
    if (this.#whole !== undefined && this.#whole.length >= size) return this.#whole;
    const larger = Buffer.allocUnsafeSlow(this.#length >= size ? this.#length : size * 2);
    let at = 0;
    for (const piece of before) {
      at += piece.copy(larger, at);
      release(piece);
    }
    this.#few = [];
    this.#whole = larger;
    return larger;
  }

  /** What has come, which is there until release(). */
  join(): Buffer {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#size);
    const [first] = this.#few;
    return first !== undefined && this.#few.length === 1 ? first : Buffer.concat(this.#few, this.#size);
  }

  /** Gives its memory back: nobody may look at what join() gave any more. */
  release(): void {
    if (this.#whole !== undefined) release(this.#whole);
    this.#whole = undefined;
    this.#few = [];
    this.#size = 0;
  }
}
