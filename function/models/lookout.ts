import { type FSWatcher, watch } from 'node:fs';
import { messageOf } from '../errors.ts';
import type { FolderEntry } from '../native/folder.ts';
import type { ListFolder } from './folders.ts';

/** Several changes that come together are looked at once. */
const GATHER_MS = 10;

/** What was seen of a folder: what lies in it, its own entry first, or, in words, why that is not known. */
export type Sight = { readonly entries: readonly FolderEntry[] } | { readonly error: string };

/** Never rejects. */
export async function see(list: ListFolder, folder: string): Promise<Sight> {
  try {
    return { entries: await list(folder, false) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

export interface LookoutOptions {
  readonly folder: string;
  readonly list: ListFolder;
  /** Looks again this often; 0: never by itself, and no watch either. */
  readonly pollMs: number;
  /** Never rejects; is not called again before it has ended. */
  readonly look: (sight: Sight) => Promise<void>;
  /** Told once a look has taken `silentMs`, and not again until one has ended: the file system does not answer. */
  readonly onSilent?: (seconds: number) => void;
  readonly silentMs?: number;
}

/**
 * Looks at a folder whenever something may have changed in it: told by inotify where that works, and every so often,
 * since it does not work everywhere (NFS, some volumes) and says nothing of a folder that is not there yet. There is one
 * question at a time, however long its answer takes.
 */
export class Lookout {
  readonly #options: LookoutOptions;
  #timer: NodeJS.Timeout | undefined;
  #due_ms = Number.POSITIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #watcher: FSWatcher | undefined;
  /** Of what is watched: another folder may have taken its name. */
  #watched = '';
  #closed = false;

  constructor(options: LookoutOptions) {
    this.#options = options;
  }

  /** Looks at once, or in a while; a look that is due sooner stays. */
  soon(inMs = 0): void {
    const due = performance.now() + inMs;
    if (this.#closed || due >= this.#due_ms) return;
    clearTimeout(this.#timer);
    this.#due_ms = due;
    this.#timer = setTimeout(() => this.#look(), inMs);
  }

  /** No look is begun after this, and one under way is not waited for: it may have no answer. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #look(): void {
    this.#due_ms = Number.POSITIVE_INFINITY;
    if (this.#looking !== undefined) {
      this.soon(GATHER_MS);
      return;
    }
    const { silentMs = 10_000, onSilent, pollMs } = this.#options;
    const silent = setTimeout(() => onSilent?.(silentMs / 1000), silentMs).unref();
    this.#looking = this.#lookOnce().finally(() => {
      clearTimeout(silent);
      this.#looking = undefined;
      if (pollMs > 0) this.soon(pollMs);
    });
  }

  async #lookOnce(): Promise<void> {
    const { list, folder, pollMs } = this.#options;
    let sight = await see(list, folder);
    if (pollMs > 0 && this.#watch(sight)) sight = await see(list, folder); // a change may have come before the watch
    if (!this.#closed) await this.#options.look(sight);
  }

  /** @returns whether it has begun to watch */
  #watch(sight: Sight): boolean {
    const own = 'entries' in sight ? sight.entries[0] : undefined;
    const found = own?.identity ?? '';
    if (found === this.#watched || this.#closed) return false;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watched = found;
    // Nobody tells of changes on another machine, and to ask for it there could hold the event loop.
    if (own === undefined || own.isRemote) return false;
    try {
      this.#watcher = watch(this.#options.folder, { persistent: false }, () => this.soon(GATHER_MS));
      this.#watcher.on('error', () => this.#watcher?.close());
      return true;
    } catch {
      return false; // no inotify here, or none left of the user's: the polls go on
    }
  }
}
