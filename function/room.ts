/** Room in memory for the bodies of all requests together. */
export class Room {
  readonly #bytes: number;
  #used = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** @param held what the same body has taken already: one body alone always has room */
  take(bytes: number, held: number): boolean {
    if (this.#used > held && this.#used + bytes > this.#bytes) return false;
    this.#used += bytes;
    return true;
  }

  /** Whether half of the room is left when so many bytes more are taken. */
  leavesHalf(bytes: number): boolean {
    return this.#used + bytes <= this.#bytes / 2;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
