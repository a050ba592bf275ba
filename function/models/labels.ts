import { labelUnknown } from './find.ts';

/** A model's labels. One that is given to another version goes on meaning the old one until the new one is there. */
export class Labels {
  /** Label → the version it is to mean, and the one that it means until that is there. */
  #labels = new Map<string, { readonly wanted: string; readonly now: string }>();

  /** @param isThere whether a version can be asked */
  configure(labels: ReadonlyMap<string, string>, isThere: (version: string) => boolean): void {
    const before = this.#labels;
    this.#labels = new Map(
      [...labels].map(([label, wanted]) => [label, { wanted, now: before.get(label)?.now ?? wanted }]),
    );
    this.move(isThere);
  }

  /** Lets labels mean what they are to mean, where that is there by now. */
  move(isThere: (version: string) => boolean): void {
    for (const [label, { wanted, now }] of this.#labels) {
      if (now !== wanted && isThere(wanted)) this.#labels.set(label, { wanted, now: wanted });
    }
  }

  /** @throws RequestError INVALID_ARGUMENT where there is no such label */
  versionOf(label: string, isThere: (version: string) => boolean): string {
    const entry = this.#labels.get(label);
    if (entry === undefined) throw labelUnknown(label);
    return isThere(entry.now) ? entry.now : entry.wanted;
  }

  /** Label → the version that answers for it now, or, where there is none yet, the one that it waits for. */
  get all(): Map<string, string> {
    return new Map([...this.#labels].map(([label, { now }]) => [label, now]));
  }
}
