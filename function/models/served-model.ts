import { RequestError, unavailable } from '../errors.ts';
import { versionUnavailable, type Which } from './find.ts';
import { type Contents, contentsOf, versionFolders, versionOf } from './folders.ts';
import { Labels } from './labels.ts';
import { Lookout, type Sight } from './lookout.ts';
import type { ModelConfig } from './model-config.ts';
import type { Servable } from './servable.ts';
import { BEING_LOADED, type ModelStatus, newestFirst, type VersionStatus } from './status.ts';
import { type Loading, Version } from './version.ts';
import { choose } from './version-policy.ts';

export interface ServedModelOptions<S extends Servable> extends Loading<S> {
  /** Looks for versions this often; 0: only when told to. */
  readonly pollMs: number;
  /** Unloads what is to go before what is to come is loaded: needs less memory, and nothing answers in between. */
  readonly unloadFirst: boolean;
  /** How long a look may take before it is said that the file system does not answer; 10 s by default. */
  readonly silentMs?: number;
}

/** A folder that was gone when it was to be read is looked for again. */
const GONE_AGAIN_MS = 100;

/** So many versions that have ended are still told of; those that failed for as long as their folders are there. */
const ENDED_KEPT = 32;

/** One model: finds the versions in its folder, has those of its policy loaded and the others unloaded. */
export class ServedModel<S extends Servable> {
  readonly name: string;
  readonly #options: ServedModelOptions<S>;
  readonly #versions = new Map<string, Version<S>>();
  readonly #labels = new Labels();
  /** Undefined once the model is not served any more. */
  #config: ModelConfig | undefined;
  #lookout: Lookout;
  /** Version → folder; undefined until the folder was read. */
  #found: ReadonlyMap<string, string> | undefined;
  #reason = '';
  #ignored = '';
  /** Whether the folder was looked at since the configuration is as it is. */
  #looked = false;
  /** What answers where no version is asked for. */
  #newest: S | undefined;
  #waiting: (() => void)[] = [];

  constructor(config: ModelConfig, options: ServedModelOptions<S>) {
    this.name = config.name;
    this.#options = options;
    this.#lookout = this.#lookAt(config.basePath);
    this.configure(config);
  }

  get isConfigured(): boolean {
    return this.#config !== undefined;
  }

  /** Whether some version answers. */
  get isAvailable(): boolean {
    return this.#newest !== undefined;
  }

  /** Whether it is known of each version that is to be served if it can be. */
  get isSettled(): boolean {
    return (
      (this.#looked || this.#config === undefined) &&
      this.#choice().wanted.every((version) => this.#versions.get(version)?.decided)
    );
  }

  /** @param config undefined: nothing is to be served of it any more */
  configure(config: ModelConfig | undefined): void {
    const before = this.#config;
    this.#config = config;
    this.#reason = '';
    this.#labels.configure(config?.labels ?? new Map(), this.#isThere);
    if (config === undefined) {
      this.#lookout.close();
      this.#tidy();
      return;
    }
    if (config.basePath !== before?.basePath) {
      this.#lookout.close();
      this.#lookout = this.#lookAt(config.basePath);
      this.#found = undefined;
    }
    this.#looked = false;
    this.#lookout.soon();
  }

  /** Looks at the folder now. */
  look(): void {
    this.#lookout.soon();
  }

  /** Resolves once isSettled. */
  async settled(): Promise<void> {
    if (!this.isSettled) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Looks no more, and unloads all. A load under way is not waited for, since it may not end; what it gives is given back. */
  async close(): Promise<void> {
    this.#config = undefined;
    this.#found = undefined;
    this.#lookout.close();
    for (const version of this.#versions.values()) version.withdraw();
    while ([...this.#versions.values()].some(({ unloading }) => unloading)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** @throws RequestError as Catalogue.find() says */
  find({ version, label }: Which): S {
    if (version === undefined && label === undefined && this.#newest !== undefined) return this.#newest;
    const wanted = label === undefined ? version : this.#labels.versionOf(label, this.#isThere);
    if (wanted === undefined) throw this.#noVersion();
    const found = this.#versions.get(versionOf(wanted) ?? wanted);
    if (found?.servable !== undefined) return found.servable;
    if (found?.isComing || (!this.#looked && this.#config !== undefined && found === undefined)) {
      throw unavailable(`version ${wanted} of model ${this.name} is being loaded; try again`);
    }
    throw versionUnavailable(this.name, wanted, label, this.#available());
  }

  get status(): ModelStatus {
    const entries = [...this.#versions.values()].map(({ status }) => status);
    const versions = entries.sort((a, b) => newestFirst(a.version, b.version));
    const labels = this.#labels.all;
    return {
      name: this.name,
      versions,
      labels,
      reason: this.#newest === undefined ? this.#whyNone(versions) : '',
    };
  }

  #lookAt(folder: string): Lookout {
    const { list, pollMs, silentMs } = this.#options;
    return new Lookout({
      folder,
      list,
      pollMs,
      look: (sight) => this.#look(sight, folder),
      onSilent: (seconds) => this.#silent(folder, seconds),
      ...(silentMs !== undefined && { silentMs }),
    });
  }

  async #look(sight: Sight, folder: string): Promise<void> {
    const config = this.#config;
    if (config?.basePath === folder) this.#findVersions(config, sight);
    const contents = await this.#contents();
    if (config !== this.#config) {
      this.#lookout.soon();
      return;
    }
    this.#looked = true;
    this.#loadWanted(contents);
    this.#tidy();
  }

  #findVersions({ basePath }: ModelConfig, sight: Sight): void {
    if ('entries' in sight) {
      const { folders, ignored } = versionFolders(basePath, sight.entries);
      this.#found = folders;
      this.#reason =
        folders.size === 0 ? `${basePath} has no numbered folder; put a SavedModel into ${basePath}/1` : '';
      if (ignored.join() !== this.#ignored) for (const text of ignored) this.#warn(`passed over ${text}`);
      this.#ignored = ignored.join();
    } else {
      // What was found stays: a file system that is away for a while is no reason to stop serving from memory.
      this.#miss(`no model folder at ${basePath} (${sight.error})`);
    }
  }

  /** The file system does not answer: what is served goes on, and who waits for the first look waits no longer. */
  #silent(basePath: string, seconds: number): void {
    if (this.#config?.basePath !== basePath) return;
    this.#miss(`${basePath} has not been read for ${seconds} s: its file system does not answer`);
    if (this.#found === undefined) this.#looked = true;
    this.#point();
  }

  #miss(reason: string): void {
    if (reason !== this.#reason) this.#warn(reason);
    this.#reason = reason;
  }

  #choice() {
    const found = this.#config === undefined ? [] : (this.#found?.keys() ?? []);
    const policy = this.#config?.policy ?? { kind: 'all' };
    return choose(policy, found, (version) => this.#versions.get(version)?.failed ?? false);
  }

  /** What lies in the folders of versions that might be loaded: those loaded are not read again. */
  async #contents(): Promise<Map<string, Contents>> {
    const { wanted, missed } = this.#choice();
    const contents = new Map<string, Contents>();
    for (const version of [...wanted, ...missed]) {
      const folder = this.#found?.get(version);
      if (folder === undefined || this.#versions.get(version)?.idle === false) continue;
      const found = await contentsOf(folder, this.#options.list).catch(() => undefined);
      if (found !== undefined) contents.set(version, found);
      else this.#lookout.soon(GONE_AGAIN_MS);
    }
    return contents;
  }

  #loadWanted(contents: ReadonlyMap<string, Contents>): void {
    const { wanted, missed } = this.#choice();
    for (const version of [...wanted, ...missed]) {
      const found = contents.get(version);
      const folder = this.#found?.get(version);
      if (found === undefined || folder === undefined) continue;
      let entry = this.#versions.get(version);
      if (entry === undefined) {
        entry = new Version(this.name, version, this.#options, () => this.#changed());
        this.#versions.set(version, entry);
      }
      if (!entry.idle) continue;
      const wait = entry.stillIn(found);
      if (wait === undefined) continue;
      if (wait > 0) this.#lookout.soon(wait);
      else if (!this.#options.unloadFirst || this.#unloadOthers(wanted)) entry.load(folder, found);
    }
  }

  /** @returns whether that is done */
  #unloadOthers(wanted: readonly string[]): boolean {
    const others = [...this.#versions.values()].filter(({ version }) => !wanted.includes(version));
    for (const other of others) if (other.servable !== undefined) other.withdraw();
    return !others.some(({ unloading }) => unloading);
  }

  /** Withdraws what is not wanted; but what serves goes on until what replaces it does. */
  #tidy(): void {
    const { wanted, missed } = this.#choice();
    const chosen = new Set([...wanted, ...missed]);
    const serving = wanted.filter(this.#isThere);
    const replaced = chosen.size === 0 || (serving.length > 0 && serving.length === wanted.length);
    const isKnown = this.#config === undefined || this.#found !== undefined; // else nothing could take over
    for (const entry of this.#versions.values()) {
      if (!isKnown || chosen.has(entry.version)) continue;
      // A load that has begun is let end, or versions that come too fast would keep each other from being served.
      const mayEnd = entry.isBeingLoaded && this.#config !== undefined && this.#found?.has(entry.version);
      if (entry.servable === undefined ? !mayEnd : replaced) entry.withdraw();
    }
    this.#forget();
    this.#point(serving);
  }

  /** Versions that have ended are told of for a while, and not for ever. */
  #forget(): void {
    const past = [...this.#versions.values()].filter(
      ({ version, ended, failure }) => ended && (failure === undefined || !this.#found?.has(version)),
    );
    past.sort((a, b) => newestFirst(a.version, b.version));
    for (const { version } of past.slice(ENDED_KEPT)) this.#versions.delete(version);
  }

  /** Names and labels point to what is there now. */
  #point(serving: readonly string[] = this.#choice().wanted): void {
    const newest = serving.find(this.#isThere) ?? this.#available()[0];
    this.#newest = this.#versions.get(newest ?? '')?.servable;
    this.#labels.move(this.#isThere);
    if (!this.isSettled) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #changed(): void {
    if (this.#looked) this.#tidy();
    else this.#point();
    this.#lookout.soon();
  }

  readonly #isThere = (version: string): boolean => this.#versions.get(version)?.servable !== undefined;

  #available(): string[] {
    const there = [...this.#versions.values()].filter(({ servable }) => servable !== undefined);
    return there.map(({ version }) => version).sort(newestFirst);
  }

  #noVersion(): RequestError {
    if (this.#config === undefined)
      return new RequestError('NOT_FOUND', `model ${this.name} is not served any more`);
    if (!this.isSettled) return unavailable(`model ${this.name} is being loaded; try again`);
    const why = this.#whyNone(this.status.versions);
    return new RequestError('NOT_FOUND', `no version of model ${this.name} is available: ${why}`);
  }

  #whyNone(versions: readonly VersionStatus[]): string {
    const failed = versions.find(({ version }) => this.#versions.get(version)?.failure !== undefined);
    const failure = this.#versions.get(failed?.version ?? '')?.failure;
    return failure?.message ?? (this.#reason || (this.isSettled ? 'its policy chooses none' : BEING_LOADED));
  }

  #warn(message: string): void {
    this.#options.onNotice({ level: 'warn', message: `model ${this.name}: ${message}` });
  }
}
