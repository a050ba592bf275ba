import { setImmediate } from 'node:timers/promises';
import { messageOf, RequestError } from '../errors.ts';
import { type Contents, contentsOf, type ListFolder } from './folders.ts';
import type { LoadingRoom } from './loading-room.ts';
import type { Load, Servable } from './servable.ts';
import type { Slots } from './slots.ts';
import type { Failure, Notice, State, VersionChange, VersionStatus } from './status.ts';

/** How versions are loaded and unloaded, the same for all models. */
export interface Loading<S extends Servable> {
  readonly load: Load<S>;
  readonly list: ListFolder;
  readonly room: LoadingRoom;
  /** How many are loaded at once. */
  readonly slots: Slots;
  /** After so long a load is said to be slow, and keeps others from theirs no more: its file system may never answer. */
  readonly slowMs: number;
  /** A folder is read once nothing in it has changed for so long. */
  readonly settleMs: number;
  /** How often a load that failed is tried again, and how long after. */
  readonly retries: number;
  readonly retryMs: number;
  readonly onChange: (change: VersionChange) => void;
  readonly onNotice: (notice: Notice) => void;
}

/**
 * - `waiting` for its folder to stand still
 * - `loading`, or for its turn to
 * - `retrying`: failed, and is tried again in a while
 */
type Phase = 'waiting' | 'loading' | 'available' | 'retrying' | 'unloading' | 'ended';

/** One version of one model, from START to END and, where its folder comes back, round again. */
export class Version<S extends Servable> {
  readonly version: string;
  readonly #model: string;
  readonly #loading: Loading<S>;
  /** Called when the phase is another. */
  readonly #changed: () => void;
  #phase: Phase = 'waiting';
  #state: State = 'START';
  #servable: S | undefined;
  #failure: Failure | undefined;
  #failures = 0;
  /** The fingerprint of a folder that could not be loaded. */
  #failedAs: string | undefined;
  #seenAs: string | undefined;
  #seenAt_ms = 0;
  #retry: NodeJS.Timeout | undefined;
  #abort = new AbortController();

  constructor(model: string, version: string, loading: Loading<S>, changed: () => void) {
    this.#model = model;
    this.version = version;
    this.#loading = loading;
    this.#changed = changed;
    this.#say({});
  }

  /** Undefined unless it is AVAILABLE. */
  get servable(): S | undefined {
    return this.#servable;
  }

  /** As TensorFlow Serving tells it: while a load that failed is tried again, it is LOADING with OK. */
  get status(): VersionStatus {
    const { version } = this;
    const failure = this.#state === 'END' ? this.#failure : undefined;
    return { version, state: this.#state, code: failure?.code ?? 'OK', message: failure?.message ?? '' };
  }

  /** Why the last try failed, if it did. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** It could not be loaded, and its files are as they were. */
  get failed(): boolean {
    return this.#failedAs !== undefined && (this.#phase === 'retrying' || this.#phase === 'ended');
  }

  /** It is known whether it can be loaded. */
  get decided(): boolean {
    return this.#servable !== undefined || this.#failure !== undefined;
  }

  /** It is on its way, and nothing speaks against it yet. */
  get isComing(): boolean {
    return this.#failure === undefined && (this.#phase === 'waiting' || this.#phase === 'loading');
  }

  get isBeingLoaded(): boolean {
    return this.#phase === 'loading' && this.#state === 'LOADING';
  }

  get unloading(): boolean {
    return this.#phase === 'unloading';
  }

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  /** Nothing is under way: it might be loaded. */
  get idle(): boolean {
    return this.#phase === 'waiting' || this.#phase === 'retrying' || this.#phase === 'ended';
  }

  /**
   * How long to wait until its folder has stood still, in ms; 0 where it may be loaded now, undefined where it failed
   * and nothing has changed since.
   */
  stillIn({ fingerprint, changed_ms }: Contents): number | undefined {
    if (this.failed && fingerprint === this.#failedAs) return undefined;
    if (fingerprint !== this.#seenAs) {
      this.#seenAs = fingerprint;
      this.#seenAt_ms = performance.now();
      this.#failures = 0;
      this.#failure = undefined;
    }
    this.#failedAs = undefined;
    const { settleMs } = this.#loading;
    const byClock = changed_ms + settleMs - Date.now();
    const bySight = this.#seenAt_ms + settleMs - performance.now(); // the file system's clock may be ahead
    const wait = Math.max(Math.min(byClock, bySight), 0);
    if (wait > 0 && this.#phase !== 'waiting') this.#set('waiting', 'START');
    return Math.ceil(wait);
  }

  load(folder: string, contents: Contents): void {
    clearTimeout(this.#retry);
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#phase = 'loading';
    if (this.#state !== 'START') this.#say({ state: 'START' });
    this.#loading.slots.run(() => this.#load(folder, contents, signal)).catch(this.#fault);
  }

  /** Nobody wants it any more: it is unloaded, or not loaded at all. */
  withdraw(): void {
    clearTimeout(this.#retry);
    this.#failedAs = undefined; // where its folder comes back, that is another one
    this.#seenAs = undefined;
    if (this.#phase === 'loading') this.#abort.abort();
    else if (this.#servable !== undefined) this.#unload(this.#servable).catch(this.#fault);
    else if (this.#phase === 'waiting' || this.#phase === 'retrying') this.#set('ended', 'END');
  }

  async #load(folder: string, contents: Contents, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      this.#set('ended', 'END');
      return;
    }
    const begun = performance.now();
    this.#say({ state: 'LOADING' });
    const slow = setTimeout(() => this.#saySlow(folder), this.#loading.slowMs).unref();
    const loaded = await this.#tryLoad(folder, contents, signal);
    clearTimeout(slow);
    const after = await contentsOf(folder, this.#loading.list).catch(() => undefined);
    const torn = after?.fingerprint !== contents.fingerprint;
    if ('servable' in loaded && (torn || signal.aborted)) await this.#giveBack(loaded.servable);
    if (signal.aborted) this.#set('ended', 'END');
    else if (torn) this.#set('waiting', 'START');
    else if ('failure' in loaded) this.#fail(loaded.failure, contents);
    else {
      this.#failure = undefined;
      this.#failures = 0;
      this.#servable = loaded.servable;
      this.#set('available', 'AVAILABLE', { seconds: (performance.now() - begun) / 1000 });
    }
  }

  async #tryLoad(
    folder: string,
    { hasGraph, bytes }: Contents,
    signal: AbortSignal,
  ): Promise<{ servable: S } | { failure: Failure }> {
    try {
      if (!hasGraph)
        throw new RequestError('NOT_FOUND', `${folder} has no saved_model.pb; export a SavedModel there`);
      const { room, load } = this.#loading;
      const wanted = { name: this.#model, version: this.version, folder, signal };
      const servable = await room.hold(bytes, folder, (reserve) => load({ ...wanted, reserve }));
      return { servable };
    } catch (error) {
      const code = error instanceof RequestError ? error.code : 'UNKNOWN';
      return { failure: { code, message: messageOf(error) } };
    }
  }

  #saySlow(folder: string): void {
    const seconds = this.#loading.slowMs / 1000;
    const message = `version ${this.version} of model ${this.#model} is still being loaded from ${folder} after ${seconds} s; others go on meanwhile`;
    this.#loading.onNotice({ level: 'warn', message });
  }

  #fail(failure: Failure, { fingerprint }: Contents): void {
    const { retries, retryMs } = this.#loading;
    this.#failure = failure;
    this.#failures++;
    this.#failedAs = fingerprint;
    if (this.#failures > retries) {
      this.#set('ended', 'END');
      return;
    }
    this.#retry = setTimeout(() => {
      this.#failedAs = undefined;
      this.#changed();
    }, retryMs);
    this.#set('retrying', 'LOADING', { retry: { ...failure, inSeconds: retryMs / 1000 } });
  }

  async #unload(servable: S): Promise<void> {
    this.#servable = undefined;
    this.#failure = undefined;
    this.#set('unloading', 'UNLOADING');
    await setImmediate(); // who was given it in this turn of the event loop has asked it by then
    await servable.drained();
    await this.#giveBack(servable);
    this.#set('ended', 'END');
  }

  async #giveBack(servable: S): Promise<void> {
    try {
      await servable.unload();
    } catch (error) {
      const message = `version ${this.version} of model ${this.#model} was not unloaded: ${messageOf(error)}`;
      this.#loading.onNotice({ level: 'warn', message });
    }
  }

  #set(phase: Phase, state: State, more: Pick<VersionChange, 'seconds' | 'retry'> = {}): void {
    this.#phase = phase;
    this.#say({ state, ...more });
    this.#changed();
  }

  #say({ state = this.#state, ...more }: Partial<VersionChange>): void {
    this.#state = state;
    this.#loading.onChange({ model: this.#model, ...this.status, ...more });
  }

  /** Of a listener, or of this class: a version must not be stuck without a word. */
  readonly #fault = (error: unknown): void => {
    const message = `version ${this.version} of model ${this.#model}: ${messageOf(error)}`;
    this.#loading.onNotice({ level: 'warn', message });
  };
}
