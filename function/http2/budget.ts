import { excessive } from './protocol.ts';

/** So many at once and so many a second; a peer that goes on beyond it loses its connection. */
export class Budget {
  readonly #what: string;
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;

  constructor(what: string, most: number, perSecond: number) {
    this.#what = what;
    this.#most = most;
    this.#perSecond = perSecond;
    this.#left = most;
  }

  /** @throws ConnectionError ENHANCE_YOUR_CALM where nothing is left */
  spend(): void {
    if (--this.#left < 0) throw excessive(`too many ${this.#what}`);
  }

  /** What good work earns. */
  earn(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount);
  }

  passed(milliseconds: number): void {
    this.earn((milliseconds / 1000) * this.#perSecond);
  }
}
