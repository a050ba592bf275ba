/** Times in ms. */
export interface LivenessLimits {
  /** For the preface, and for each frame and header block. */
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

/** What a look at a connection tells: it sends a frame too slowly, has nothing to do, is to be pinged, or does not answer that. */
export type Finding = 'slow' | 'idle' | 'silent' | 'dead' | 'well';

/** How long a peer has to answer a ping. */
const PING_TIMEOUT_MS = 20_000;

/** Tells from what has come between two looks how a peer does, so that nothing is to be done as it comes. */
export class Liveness {
  readonly #limits: LivenessLimits;
  #chunks = 0;
  #chunksAt: number;
  #frames = 0;
  #framesAt: number;
  #pinged = false;

  constructor(limits: LivenessLimits, now: number) {
    this.#limits = limits;
    this.#chunksAt = now;
    this.#framesAt = now;
  }

  /**
   * @param seen how much has come so far; whether the rest of something is awaited; how many requests are under way
   */
  look(now: number, seen: { chunks: number; frames: number; midway: boolean; streams: number }): Finding {
    if (seen.chunks !== this.#chunks) {
      this.#chunks = seen.chunks;
      this.#chunksAt = now;
      this.#pinged = false;
    }
    if (seen.frames !== this.#frames || !seen.midway) {
      this.#frames = seen.frames;
      this.#framesAt = now;
    }
    const { headersTimeoutMs, keepAliveTimeoutMs } = this.#limits;
    const silentMs = now - this.#chunksAt;
    if (now - this.#framesAt > headersTimeoutMs) return 'slow';
    if (silentMs <= keepAliveTimeoutMs) return 'well';
    if (seen.streams === 0) return 'idle';
    if (this.#pinged) return silentMs > keepAliveTimeoutMs + PING_TIMEOUT_MS ? 'dead' : 'well';
    this.#pinged = true;
    return 'silent';
  }
}
