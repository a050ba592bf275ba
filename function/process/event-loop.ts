import { once } from 'node:events';
import { isMainThread, MessageChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { FatalError, messageOf, unavailable } from '../errors.ts';
import type { Exposition } from '../telemetry/prometheus.ts';
import type { Scrape, TakeScrape } from '../telemetry/scrapes.ts';
import type { Options } from './options.ts';

/** What the main thread hands each event loop. */
export interface Given {
  readonly index: number;
  readonly runId: string;
  /** With this loop's share of the process' limits, and ports that are known. */
  readonly options: Options;
  /** How many loops are ready, as an Int32Array of one. */
  readonly ready: SharedArrayBuffer;
}

/** How the server's start went, for the log. */
export type Facts = Readonly<Record<string, unknown>>;

export type ToLoop =
  /** TensorFlow's libraries are loaded, or cannot be. */
  | { readonly is: 'libraries' }
  | { readonly is: 'stop' }
  | { readonly is: 'scrape'; readonly exposition: Exposition; readonly reply: MessagePort };

export type FromLoop =
  | { readonly is: 'started'; readonly facts: Facts }
  | { readonly is: 'stopped' }
  | { readonly is: 'failed'; readonly message: string; readonly exitCode: number }
  /** Of all loops. */
  | { readonly is: 'scrape'; readonly exposition: Exposition; readonly reply: MessagePort };

/** How often a loop that has started looks whether it has become ready, in ms. */
const READY_EVERY = 100;

/** How long a scrape waits for all loops; a single one has half of it, so that this one hears of it. In ms. */
export const SCRAPE_MS = 5000;

/** Asks for a scrape. @returns undefined where there was none in time */
export async function askForScrape(
  of: { postMessage(message: unknown, transfer: MessagePort[]): void },
  exposition: Exposition,
  withinMs: number,
): Promise<Scrape | undefined> {
  const { port1, port2 } = new MessageChannel();
  of.postMessage({ is: 'scrape', exposition, reply: port2 } satisfies ToLoop & FromLoop, [port2]);
  try {
    const [scrape]: (Scrape | undefined)[] = await once(port1, 'message', {
      signal: AbortSignal.timeout(withinMs),
    });
    return scrape;
  } catch {
    return undefined;
  } finally {
    port1.close();
  }
}

/** This thread's part among the event loops of the process; undefined in the main thread. */
export function thisLoop(): EventLoop | undefined {
  if (isMainThread || parentPort === null) return undefined;
  const loop = new EventLoop(parentPort, workerData);
  process.removeAllListeners('uncaughtException').on('uncaughtException', loop.fail);
  return loop;
}

/** One of several event loops of a process, each with the whole server on ports that they share. */
export class EventLoop {
  readonly #port: MessagePort;
  readonly #given: Given;
  readonly #ready: Int32Array;
  readonly #libraries = Promise.withResolvers<void>();
  readonly #stop = Promise.withResolvers<void>();
  readonly #own = Promise.withResolvers<TakeScrape>();

  constructor(port: MessagePort, given: Given) {
    this.#port = port;
    this.#given = given;
    this.#ready = new Int32Array(given.ready);
    port.on('message', (message: ToLoop) => {
      if (message.is === 'libraries') this.#libraries.resolve();
      else if (message.is === 'stop') this.#stop.resolve();
      else this.#answer(message);
    });
  }

  get index(): number {
    return this.#given.index;
  }

  get runId(): string {
    return this.#given.runId;
  }

  get options(): Options {
    return this.#given.options;
  }

  /** Resolves when the main thread has TensorFlow's libraries, or cannot have them. */
  get librariesLoaded(): Promise<void> {
    return this.#libraries.promise;
  }

  /** Whether all loops are ready. */
  get areReady(): boolean {
    return Atomics.load(this.#ready, 0) === this.#given.options.eventLoops;
  }

  /** @param isReady once true it stays so */
  started(facts: Facts, isReady: () => boolean): void {
    const look = () => {
      if (!isReady()) return;
      Atomics.add(this.#ready, 0, 1);
      clearInterval(timer);
    };
    const timer = setInterval(look, READY_EVERY).unref();
    look();
    this.#say({ is: 'started', facts });
  }

  /** The life of the server of this loop, which the main thread ends with the process. */
  async run(create: () => Promise<{ start(): Promise<unknown>; stop(): Promise<void> }>): Promise<void> {
    try {
      const server = await create();
      this.#stop.promise.then(() => server.stop()).then(() => this.#say({ is: 'stopped' }), this.fail);
      await server.start();
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param own takes a scrape of this loop alone @returns what takes one of all */
  scrapes(own: TakeScrape): TakeScrape {
    this.#own.resolve(own);
    return async (exposition) => {
      const scrape = await askForScrape(this.#port, exposition, SCRAPE_MS);
      if (scrape === undefined) throw unavailable('an event loop does not answer');
      return scrape;
    };
  }

  /** The main thread says it, and ends the process. */
  readonly fail = (error: unknown): void => {
    const exitCode = error instanceof FatalError ? error.exitCode : 1;
    this.#say({ is: 'failed', message: messageOf(error), exitCode });
  };

  async #answer({ exposition, reply }: Extract<ToLoop, { is: 'scrape' }>): Promise<void> {
    const own = await this.#own.promise;
    reply.postMessage(await own(exposition).catch(() => undefined));
  }

  #say(message: FromLoop): void {
    this.#port.postMessage(message);
  }
}
