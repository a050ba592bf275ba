import { RequestError, unavailable } from '../errors.ts';
import { labelUnknown, modelUnknown, type Which } from './find.ts';
import { type ListFolder, versionOf } from './folders.ts';
import { LoadingRoom } from './loading-room.ts';
import { type ModelConfig, modelConfigs, withoutEffect } from './model-config.ts';
import type { Load, Servable } from './servable.ts';
import { ServedModel, type ServedModelOptions } from './served-model.ts';
import { Slots } from './slots.ts';
import type { ModelStatus, Notice, VersionChange, VersionStatus } from './status.ts';
import type { ModelServerConfigMessage } from './text-format.ts';

/** What APIs ask of the models that are served. */
export interface Models<S> {
  /**
   * Who answers for a model. Ask it in the same turn of the event loop: after that it may be unloaded.
   *
   * @throws RequestError NOT_FOUND for a model or version that is not there, INVALID_ARGUMENT for an unknown label,
   * UNAVAILABLE for what is just being loaded
   */
  find(name: string, which?: Which): S;
  /** Whether a model of this name is to be served. */
  has(name: string): boolean;
  /**
   * @param version a decimal int64; all versions where it is left out
   * @returns newest first, those that have ended too
   * @throws RequestError NOT_FOUND where there is no such model or version
   */
  statusOf(name: string, version?: string): readonly VersionStatus[];
  /** All models that are to be served, by name. */
  list(): readonly ModelStatus[];
  /** Those of list(), and those that callers have unloaded. */
  repository(): readonly ModelStatus[];
}

/** What callers may do to the models that are configured, where they may. */
export interface ModelControl {
  /**
   * Loads a model that was unloaded; looks for a new version of one that is there. Resolves once it can be asked.
   *
   * @throws RequestError (as a rejection) NOT_FOUND for a model that is not configured, FAILED_PRECONDITION where no
   * version of it could be loaded
   */
  load(name: string): Promise<void>;
  /**
   * Unloads a model, whatever its folder and the configuration say, until it is loaded, or a HandleReloadConfigRequest comes.
   *
   * @throws RequestError NOT_FOUND for a model that is not configured
   */
  unload(name: string): void;
}

/** What counts as ready: a version of every model, or of any once each has been tried. */
export type ReadyWhen = 'all' | 'any';

export interface CatalogueOptions<S extends Servable> {
  readonly load: Load<S>;
  readonly list: ListFolder;
  /** Without one nothing is refused for want of memory. */
  readonly room?: LoadingRoom;
  readonly onChange?: (change: VersionChange) => void;
  readonly onNotice?: (notice: Notice) => void;
  readonly pollMs: number;
  readonly retries: number;
  readonly retryMs: number;
  readonly unloadFirst: boolean;
  readonly loadsAtOnce: number;
  readonly readyWhen: ReadyWhen;
  /** How long a folder must not have changed before it is read: a copy that pauses for longer is taken for whole. */
  readonly settleMs?: number;
  /** How long a folder may take to be listed before it is said that its file system does not answer. */
  readonly silentMs?: number;
  /** How long a load may take before others are begun beside it; a minute by default. */
  readonly slowMs?: number;
}

/**
 * The models that are served, and which version answers. A change never stops what can go on: a new version is loaded
 * first, then the name points to it, then the old one drains and is unloaded; what fails is told and leaves the rest alone.
 */
export class Catalogue<S extends Servable> implements Models<S>, ModelControl {
  readonly #models = new Map<string, ServedModel<S>>();
  readonly #configs = new Map<string, ModelConfig>();
  /** Names that are kept unloaded. */
  readonly #unloaded = new Set<string>();
  readonly #options: ServedModelOptions<S>;
  readonly #readyWhen: ReadyWhen;
  #isConfigured = false;
  #wasReady = false;

  constructor({
    loadsAtOnce,
    readyWhen,
    room = new LoadingRoom(async () => undefined),
    slowMs = 60_000,
    ...options
  }: CatalogueOptions<S>) {
    this.#readyWhen = readyWhen;
    this.#options = {
      room,
      onChange: () => {},
      onNotice: () => {},
      settleMs: 1000,
      ...options,
      retries: options.unloadFirst ? 0 : options.retries, // a try would cost what serves
      slowMs,
      slots: new Slots(loadsAtOnce, slowMs),
    };
  }

  /** From now on these models are served and no others. Takes effect in the background; see settled(). */
  configure(configs: readonly ModelConfig[]): void {
    this.#isConfigured = true;
    this.#configs.clear();
    for (const config of configs) this.#configs.set(config.name, config);
    for (const [name, model] of this.#models) {
      if (!this.#configs.has(name) && model.isConfigured) model.configure(undefined);
    }
    for (const config of configs) if (!this.#unloaded.has(config.name)) this.#serve(config);
  }

  #serve(config: ModelConfig): ServedModel<S> {
    const known = this.#models.get(config.name);
    if (known !== undefined) {
      known.configure(config);
      return known;
    }
    const model = new ServedModel(config, this.#options);
    this.#models.set(config.name, model);
    return model;
  }

  async load(name: string): Promise<void> {
    const config = this.#configs.get(name);
    if (config === undefined) throw this.#unknown(name);
    this.#unloaded.delete(name);
    const before = this.#models.get(name);
    if (before?.isAvailable === false) before.configure(undefined); // what failed is tried again, changed or not
    const model = this.#serve(config);
    await model.settled();
    if (!model.isAvailable)
      throw new RequestError('FAILED_PRECONDITION', `model ${name} was not loaded: ${model.status.reason}`);
  }

  unload(name: string): void {
    if (!this.#configs.has(name)) throw this.#unknown(name);
    this.#unloaded.add(name);
    this.#models.get(name)?.configure(undefined);
  }

  /**
   * What HandleReloadConfigRequest asks for. Resolves when the change stands: each version that is new is loaded, or its
   * first try has failed.
   *
   * @throws RequestError (as a rejection) INVALID_ARGUMENT with nothing changed; UNKNOWN where a model that was not served
   * before has no version available, while all the rest of the change stands
   */
  async reload(message: ModelServerConfigMessage): Promise<void> {
    const configs = modelConfigs(message);
    for (const text of withoutEffect(message)) this.#options.onNotice({ level: 'warn', message: text });
    const added = configs.filter(({ name }) => !this.has(name));
    this.#unloaded.clear();
    this.configure(configs);
    await this.settled();
    const missing = added
      .flatMap(({ name }) => this.#models.get(name) ?? [])
      .filter((one) => !one.isAvailable);
    if (missing.length === 0) return;
    const each = missing.map(({ status }) => `${status.name}: ${status.reason}`).join('; ');
    throw new RequestError('UNKNOWN', `${missing.length} model(s) did not become available: ${each}`);
  }

  /** Resolves once each version that is to be served is, or has failed at its first try. */
  async settled(): Promise<void> {
    await Promise.all([...this.#models.values()].map((model) => model.settled()));
  }

  find(name: string, which: Which = {}): S {
    const model = this.#models.get(name);
    if (model !== undefined) return model.find(which);
    if (!this.#isConfigured) throw unavailable('the models are being loaded; try again');
    if (which.label !== undefined) throw labelUnknown(which.label);
    throw this.#unknown(name);
  }

  has(name: string): boolean {
    return this.#models.get(name)?.isConfigured === true;
  }

  statusOf(name: string, version?: string): readonly VersionStatus[] {
    const model = this.#models.get(name);
    if (model === undefined) throw this.#unknown(name);
    const { versions, reason } = model.status;
    const number = version === undefined ? undefined : (versionOf(version) ?? version);
    const chosen = number === undefined ? versions : versions.filter((status) => status.version === number);
    if (chosen.length > 0) return chosen;
    const which = version === undefined ? 'versions yet' : `version ${version.slice(0, 30)}`;
    throw new RequestError('NOT_FOUND', `model ${name} has no ${which}${reason && `: ${reason}`}`);
  }

  list(): readonly ModelStatus[] {
    const served = [...this.#models.values()].filter(({ isConfigured }) => isConfigured);
    return served.map(({ status }) => status).sort(byName);
  }

  repository(): readonly ModelStatus[] {
    const unloaded = [...this.#unloaded].filter((name) => this.#configs.has(name));
    const kept = unloaded.flatMap((name) => this.#models.get(name)?.status ?? []);
    return [...this.list(), ...kept.map((status) => ({ ...status, reason: 'unloaded' }))].sort(byName);
  }

  /** Once true it stays so: a model that is added, or lost, later must not take the others out of rotation. */
  get isReady(): boolean {
    if (this.#wasReady || !this.#isConfigured) return this.#wasReady;
    const models = [...this.#models.values()].filter(({ isConfigured }) => isConfigured);
    const all = models.every(({ isAvailable }) => isAvailable);
    const any = models.some(({ isAvailable }) => isAvailable) && models.every(({ isSettled }) => isSettled);
    this.#wasReady = all || (this.#readyWhen === 'any' && any);
    return this.#wasReady;
  }

  /** What keeps it from being ready, a line for each model that has no version available. */
  whyNotReady(): string[] {
    return this.list().flatMap(({ name, reason }) => (reason === '' ? [] : [`model ${name}: ${reason}`]));
  }

  /** Looks for new versions now, whatever the polls. */
  look(): void {
    for (const model of this.#models.values()) model.look();
  }

  /** Unloads all once their calls have ended, however long that takes. */
  async close(): Promise<void> {
    await Promise.all([...this.#models.values()].map((model) => model.close()));
  }

  #unknown(name: string): RequestError {
    return modelUnknown(
      name,
      this.list().map((one) => one.name),
    );
  }
}

const byName = (a: ModelStatus, b: ModelStatus): number => (a.name < b.name ? -1 : 1);
