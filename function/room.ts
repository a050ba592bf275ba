/** Room in memory for the bodies of all requests together. */
export class Room {
  readonly #bytes: number;
  readonly #loans = new Set<() => void>();
  #used = 0;
  #lent = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** @param held what the same body has taken already: one body alone always has room */
  take(bytes: number, held: number): boolean {
    if (this.#used + this.#lent + bytes > this.#bytes) for (const end of this.#loans) end();
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

  /**
   * Lends room for a body that is only expected, while half of it is free.
   *
   * @param end called where a body that has come needs it; it calls endLoan()
   */
  lend(bytes: number, end: () => void): boolean {
    if (!this.leavesHalf(this.#lent + bytes)) return false;
    this.#lent += bytes;
    this.#loans.add(end);
    return true;
  }

  endLoan(bytes: number, end: () => void): void {
    if (this.#loans.delete(end)) this.#lent -= bytes;
  }
}
