import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Several changes that come together are looked at once. */
const GATHER_MS = 10;

export interface LookoutOptions {
  readonly folder: string;
  /** Looks again this often; 0: never by itself, and no watch either. */
  readonly pollMs: number;
  /** Never rejects; is not called again before it has ended. */
  readonly look: () => Promise<void>;
}

/**
 * Looks at a folder whenever something may have changed in it: told by inotify where that works, and every so often,
 * since it does not work everywhere (NFS, some volumes) and says nothing of a folder that is not there yet.
 */
export class Lookout {
  readonly #options: LookoutOptions;
  #timer: NodeJS.Timeout | undefined;
  #due_ms = Number.POSITIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #watcher: FSWatcher | undefined;
  /** Device and inode of what is watched: another folder may have taken its name. */
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

  /** No look is begun after this. @returns once the one under way has ended */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#looking;
  }

  #look(): void {
    this.#due_ms = Number.POSITIVE_INFINITY;
    if (this.#looking !== undefined) {
      this.soon(GATHER_MS);
      return;
    }
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
      if (this.#options.pollMs > 0) this.soon(this.#options.pollMs);
    });
  }

  async #lookOnce(): Promise<void> {
    if (this.#options.pollMs > 0) await this.#watch(); // first, so that no change falls between the two
    if (!this.#closed) await this.#options.look();
  }

  async #watch(): Promise<void> {
    const { folder } = this.#options;
    const found = await stat(folder).then(
      ({ dev, ino }) => `${dev} ${ino}`,
      () => '',
    );
    if (found === this.#watched || this.#closed) return;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watched = found;
    if (found === '') return;
    try {
      this.#watcher = watch(folder, { persistent: false }, () => this.soon(GATHER_MS));
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No inotify here, or none left of the user's: the polls go on.
    }
  }
}
