import { ModelMeter } from './model-meter.ts';

/** Which version of which model, as it stands in labels. */
export interface VersionName {
  readonly model: string;
  readonly version: string;
}

/** What is counted of one version: its calls, and the tries to load it. */
export interface VersionMeter extends VersionName {
  readonly calls: ModelMeter;
  /** What the last load took, in seconds; undefined before it was loaded. */
  loadSeconds: number | undefined;
  /** Tries to load it, by canonical code; OK is a load. */
  readonly loads: Map<string, number>;
}

interface Entry extends VersionMeter {
  /** When it ended, in ms; undefined while it goes on. */
  ended_ms: number | undefined;
}

/** Each has some 80 series. */
const MAX_VERSIONS = 100;

/** Longer than any sensible interval of scrapes, so that the last counts of what was unloaded are seen. */
const KEPT_MS = 300_000;

/** The model and the version of what has no series of its own. */
export const OTHER = 'other';

/**
 * The meters of versions, which come and go while the process runs: those of a version that has ended are dropped a
 * while after, and beyond a number of versions the rest is counted together, as model `other`. So the series stay few.
 */
export class VersionMeters {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #most: number;
  #other: VersionMeter | undefined;

  /** @param now in ms, @param most versions with series of their own */
  constructor(now: () => number = () => performance.now(), most = MAX_VERSIONS) {
    this.#now = now;
    this.#most = most;
  }

  /** The meter of a version that is being loaded, or tried to; one that comes back goes on with what it had. */
  of(model: string, version: string): VersionMeter {
    const key = keyOf(model, version);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.ended_ms = undefined;
      return known;
    }
    if (this.#entries.size >= this.#most && !this.#makeRoom()) {
      this.#other ??= newMeter(OTHER, OTHER);
      return this.#other;
    }
    const entry = { ...newMeter(model, version), ended_ms: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Nothing more is to come of a version. */
  ended(model: string, version: string): void {
    const entry = this.#entries.get(keyOf(model, version));
    if (entry !== undefined) entry.ended_ms ??= this.#now();
  }

  /** Those that are to be seen now. */
  get all(): VersionMeter[] {
    const before = this.#now() - KEPT_MS;
    for (const [key, { ended_ms = Number.POSITIVE_INFINITY }] of this.#entries) {
      if (ended_ms <= before) this.#entries.delete(key);
    }
    return [...this.#entries.values(), ...(this.#other === undefined ? [] : [this.#other])];
  }

  /** Drops the version that ended first, though not long ago. @returns false where none has */
  #makeRoom(): boolean {
    const ended = [...this.#entries].filter(([, { ended_ms }]) => ended_ms !== undefined);
    const [first] = ended.sort(([, a], [, b]) => (a.ended_ms ?? 0) - (b.ended_ms ?? 0));
    return first !== undefined && this.#entries.delete(first[0]);
  }
}

/** No two have the same: a version is a number. */
const keyOf = (model: string, version: string): string => `${model}\n${version}`;

function newMeter(model: string, version: string): VersionMeter {
  return { model, version, calls: new ModelMeter(), loadSeconds: undefined, loads: new Map() };
}
