import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { openPort } from '../grpc/open-port.ts';
import { listenOn } from '../http/listen.ts';
import { setEnvironment } from '../native/binding.ts';
import { exitAtOnce, librariesLoaded } from '../native/preload.ts';
import type { Logger } from '../telemetry/logger.ts';
import { mergeScrapes } from '../telemetry/merge-scrapes.ts';
import type { Exposition } from '../telemetry/prometheus.ts';
import type { Scrape } from '../telemetry/scrapes.ts';
import { askForScrape, type FromLoop, type Given, SCRAPE_MS, type ToLoop } from './event-loop.ts';
import { checkLoops, shareOf } from './loop-shares.ts';
import type { Options } from './options.ts';
import { readyWords } from './ready-words.ts';

export { thisLoop } from './event-loop.ts';

export interface EventLoopsDeps {
  readonly options: Options;
  readonly runId: string;
  readonly logger: Logger;
  /** The program that each loop runs, which is this process' own. */
  readonly program: string;
}

/**
 * EVENT_LOOPS threads, each with the whole server. They listen on the same ports, among which the system shares out connections,
 * and have models' sessions together (native/engine/shared-sessions.h). The main thread does what is the process': signals, its end,
 * its figures. It is never busy, and so ends the process whatever the others do.
 */
export class EventLoops {
  readonly #deps: EventLoopsDeps;
  readonly #workers: Worker[] = [];
  readonly #ready = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  #started = 0;
  readonly #ended = new Set<Worker>();
  #isStopping = false;
  #exitCode = 0;

  /** @throws FatalError with exit code 2 where an option is not for several event loops */
  constructor(deps: EventLoopsDeps) {
    checkLoops(deps.options);
    this.#deps = deps;
    process.on('exit', exitAtOnce);
  }

  /** @throws FatalError where a port cannot be had; rejects with it */
  async start(): Promise<void> {
    const { options, runId, program } = this.#deps;
    const { eventLoops, intraOpThreads, interOpThreads } = options;
    const given = { runId, options: shareOf(await withPorts(options)), ready: this.#ready };
    for (let index = 0; index < eventLoops; index++) {
      const workerData: Given = { ...given, index };
      const argv = process.argv.slice(2);
      // One environment, as TensorFlow's libraries read the process' own.
      const worker = new Worker(program, { workerData, argv, env: SHARE_ENV });
      worker.on('message', (message: FromLoop) => this.#hear(worker, message));
      worker.on('error', (error) => this.#fail(worker, `an event loop failed: ${messageOf(error)}`, 1));
      worker.on('exit', (code) => this.#fail(worker, `an event loop ended with ${code}`, 1));
      this.#workers.push(worker);
    }
    if (this.#isStopping) this.#tell({ is: 'stop' });
    await librariesLoaded();
    setEnvironment({ intraOp: intraOpThreads, interOp: interOpThreads }); // before a second thread reads it
    this.#tell({ is: 'libraries' });
  }

  /** All loops drain at the same time; the process ends when the last has. */
  stop(): void {
    this.#isStopping = true;
    this.#tell({ is: 'stop' });
  }

  #hear(worker: Worker, message: FromLoop): void {
    switch (message.is) {
      case 'started':
        if (++this.#started === this.#workers.length) this.#sayStarted(message.facts);
        return;
      case 'stopped':
        this.#end(worker, 0);
        return;
      case 'failed':
        this.#fail(worker, message.message, message.exitCode);
        return;
      case 'scrape':
        this.#scrape(message.exposition).then((scrape) => message.reply.postMessage(scrape));
    }
  }

  #sayStarted(facts: object): void {
    const { options, logger } = this.#deps;
    const { eventLoops } = options;
    const isReady = Atomics.load(new Int32Array(this.#ready), 0) === eventLoops;
    logger.info({ ...facts, eventLoops }, readyWords(isReady));
  }

  /** @returns undefined where a loop does not answer: counters that leave it out would seem to have begun anew */
  async #scrape(exposition: Exposition): Promise<Scrape | undefined> {
    const scrapes = await Promise.all(
      this.#workers.map((worker) => askForScrape(worker, exposition, SCRAPE_MS / 2)),
    );
    const all = scrapes.filter((scrape) => scrape !== undefined);
    const [first] = all;
    if (first === undefined || all.length < scrapes.length) return undefined;
    return { ...first, text: mergeScrapes(all.map(({ text }) => text)) };
  }

  /** While others drain, theirs goes on. */
  #fail(worker: Worker, message: string, exitCode: number): void {
    if (this.#ended.has(worker)) return;
    process.stderr.write(`celsiusify: ${message}\n`);
    if (!this.#isStopping) process.exit(exitCode);
    this.#end(worker, exitCode);
  }

  #end(worker: Worker, exitCode: number): void {
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    if (this.#ended.add(worker).size === this.#workers.length) process.exit(this.#exitCode);
  }

  #tell(message: ToLoop): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }
}

/** Each port is asked for alone, once: the loops' own way to ask would share it with another process of this user's. */
async function withPorts(options: Options): Promise<Options> {
  const { host, port, metricsPort, grpcPort } = options;
  const http = (wanted: number) => isFree((server) => listenOn(server, host, wanted, false));
  return {
    ...options,
    port: await http(port),
    metricsPort: metricsPort === 0 ? 0 : await http(metricsPort),
    grpcPort: grpcPort === 0 ? 0 : await isFree((server) => openPort(server, host, grpcPort, false)),
  };
}

async function isFree(listen: (server: Server) => Promise<number>): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}
