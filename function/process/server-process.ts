import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps, Phase, Served } from '../apis/deps.ts';
import { createApp, createGuestApp, createMetricsApp } from '../app.ts';
import { Scheduler } from '../engine/scheduler.ts';
import { FatalError, messageOf, unavailable } from '../errors.ts';
import type { App } from '../http/route.ts';
import { HttpServer } from '../http/server.ts';
import type { Catalogue, ModelControl } from '../models/catalogue.ts';
import type { ListFolder } from '../models/folders.ts';
import type { Load } from '../models/servable.ts';
import type { ModelServerConfigMessage } from '../models/text-format.ts';
import { type Binding, loadBinding } from '../native/binding.ts';
import { NativeEngine } from '../native/engine.ts';
import { librariesLoaded } from '../native/preload.ts';
import { Receiver } from '../native/receiver.ts';
import { Room } from '../room.ts';
import type { ColdStart } from '../telemetry/cold-start.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { scrapesOf } from '../telemetry/scrapes.ts';
import type { Tracer } from '../telemetry/tracing.ts';
import { version } from '../version.ts';
import { type Configuration, followConfiguration } from './configuration.ts';
import { usableCpus } from './cpus.ts';
import type { EventLoop } from './event-loop.ts';
import { LazyGrpc } from './lazy-grpc.ts';
import { keepMemorySmall, loadingRoom } from './memory.ts';
import { countChange, statesOf } from './model-metrics.ts';
import { checkStart, createCatalogue, logNotice } from './models.ts';
import { loadOpLibraries } from './op-libraries.ts';
import type { Options } from './options.ts';
import { readyWords } from './ready-words.ts';
import { Runners } from './runners.ts';
import { openTls, type Tls, wantsTls } from './tls.ts';

/** Unloading takes some milliseconds; it has so long where the drain has left nothing of DRAIN_TIMEOUT_MS. */
const LEAST_UNLOAD_MS = 1000;

export interface ServerProcessDeps {
  readonly options: Options;
  /** What relative paths are relative to. */
  readonly root: string;
  /** Holds the compiled binding and TensorFlow's libraries. */
  readonly nativeFolder: string;
  readonly runId: string;
  readonly logger: Logger;
  readonly coldStart: ColdStart;
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** This thread's part, where the process has several event loops. */
  readonly loop?: EventLoop | undefined;
}

/** The life of a server: start (listen, load, warm up), answer, stop (drain). */
export class ServerProcess {
  readonly #deps: ServerProcessDeps;
  readonly #app: App;
  readonly #server: HttpServer;
  readonly #metricsServer: HttpServer | undefined;
  readonly #grpc: LazyGrpc;
  readonly #metrics: Metrics;
  readonly #scheduler: Scheduler;
  readonly #catalogue: Catalogue<Served>;
  readonly #runners: Runners;
  #binding: Binding | undefined;
  #native: NativeEngine | undefined;
  readonly #room = loadingRoom(() => this.#native);
  readonly #addon = Promise.withResolvers<NativeEngine>();
  #load: Load<Served> | undefined;
  #tls: Tls | undefined;
  #configuration: Configuration | undefined;
  /** What keeps the start waiting, in words. */
  #waitsFor = '';
  #isDraining = false;
  #stopped: Promise<void> | undefined;

  constructor(deps: ServerProcessDeps) {
    const { options, runId, logger, coldStart, tracer, loop } = deps;
    this.#deps = deps;
    this.#scheduler = new Scheduler(options.threads || usableCpus());
    const load: Load<Served> = (wanted) => {
      if (this.#load === undefined) throw unavailable('TensorFlow is not loaded yet');
      return this.#load(wanted);
    };
    this.#catalogue = createCatalogue(options, logger, load, this.#list, this.#room, (change) =>
      countChange(this.#metrics.versions, change),
    );
    this.#metrics = new Metrics(
      {
        run_id: runId,
        version,
        revision: options.revision,
        model: options.modelName,
        node: process.versions.node,
      },
      {
        queueRows: () => this.#runners.rowsWaiting,
        calls: () => this.#native?.calls ?? 0,
        threads: () => this.#scheduler.threads,
        threadsBusy: () => this.#scheduler.busy,
        inFlight: () => this.#app.inFlight,
        coldStart: coldStart.seconds,
        states: () => statesOf(this.#catalogue),
      },
    );
    this.#runners = new Runners({
      ...{ options, logger, coldStart },
      scheduler: this.#scheduler,
      metrics: this.#metrics,
      room: this.#room,
    });
    const appDeps: Deps = {
      runId,
      version,
      revision: options.revision,
      modelName: options.modelName,
      metrics: this.#metrics,
      metricsToken: options.metricsToken,
      takeScrape: loop?.scrapes(scrapesOf(this.#metrics)),
      metricsHere: options.metricsPort === 0,
      logger,
      tracer,
      logRequests: options.logRequests,
      bodyLimitBytes: options.bodyLimitBytes,
      corsOrigins: options.corsOrigins,
      requestDeadlineMs: options.requestDeadlineMs || Number.POSITIVE_INFINITY,
      coldStart: coldStart.seconds,
      phase: () => this.#phase(),
      whyNotReady: () => [...(this.#waitsFor ? [this.#waitsFor] : []), ...this.#catalogue.whyNotReady()],
      load: () => ({
        threads: this.#scheduler.threads,
        busy: this.#scheduler.busy,
        rowsWaiting: this.#runners.rowsWaiting,
      }),
      models: this.#catalogue,
      control: options.allowModelControl ? this.#control() : undefined,
      served: () => this.#catalogue.find(options.modelName),
    };
    this.#app = createApp(appDeps);
    const reload = (config: ModelServerConfigMessage) => this.#catalogue.reload(config);
    const room = new Room(options.bodiesLimitBytes);
    const guestApp = createGuestApp(appDeps);
    this.#grpc = new LazyGrpc(
      {
        ...appDeps,
        app: this.#app,
        guestApp,
        room,
        reload: options.allowReloadConfig ? reload : undefined,
      },
      options,
    );
    this.#server = new HttpServer(this.#app, room, options, { http2: this.#grpc.accept, guestApp });
    this.#metricsServer =
      options.metricsPort === 0 ? undefined : new HttpServer(createMetricsApp(appDeps), room, options);
  }

  /**
   * Listens first, so that a port in use is said at once and probes are answered, then loads on another thread.
   *
   * @throws FatalError that says what is missing and what to do
   */
  async start(): Promise<number> {
    const { options, logger, coldStart, loop } = this.#deps;
    const reusePort = options.eventLoops > 1;
    if (wantsTls(options))
      this.#tls = await openTls(options, this.#deps.root, this.#list, (notice) => logNotice(logger, notice));
    const port = await this.#server.listen(options.host, options.port, this.#tls?.http, reusePort);
    await this.#metricsServer?.listen(options.host, options.metricsPort, undefined, reusePort);
    coldStart.end('listen', performance.now());
    await (loop?.librariesLoaded ?? librariesLoaded());
    const binding = this.#loadBinding();
    this.#binding = binding;
    this.#server.readWith(new Receiver(binding));
    const native = new NativeEngine(binding, this.#scheduler.threads, loop !== undefined);
    this.#native = native;
    this.#addon.resolve(native);
    coldStart.end('native', performance.now());
    const opLibraries = await loadOpLibraries(native, options.opLibraries, this.#deps.root);
    if (opLibraries.length > 0) logger.info({ opLibraries }, 'libraries of operations are loaded');
    native.registerOperations().catch(() => {}); // it never rejects
    this.#load = this.#runners.loadWith(native);
    this.#configuration = await followConfiguration({
      options,
      root: this.#deps.root,
      catalogue: this.#catalogue,
      list: this.#list,
      onNotice: (notice) => logNotice(logger, notice),
      onWait: (reason) => {
        this.#waitsFor = reason;
      },
    });
    await this.#catalogue.settled();
    checkStart(options, this.#catalogue);
    // After the models, and after who waits for their first answer: with TLS its code is read now.
    await new Promise(setImmediate);
    const grpcPort = await this.#grpc.listen(this.#tls?.grpc);
    await this.#grpc.tellHealth();
    const facts = {
      host: options.host,
      port,
      grpcPort,
      models: this.#catalogue.list().map(({ name }) => name),
      version,
      coldStartMilliseconds: Object.fromEntries(
        [...coldStart.seconds].map(([phase, seconds]) => [phase, Number((seconds * 1000).toFixed(1))]),
      ),
    };
    if (loop === undefined) logger.info(facts, readyWords(this.#catalogue.isReady));
    else loop.started(facts, () => this.#catalogue.isReady);
    keepMemorySmall(
      native,
      () => this.#metrics.requests,
      () => this.#runners.unloads,
    );
    return port;
  }

  /** Drains: goes on answering while not ready, closes the listener, lets requests end. Once, however often called. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { options, logger } = this.#deps;
    this.#isDraining = true;
    await this.#grpc.tellHealth();
    this.#configuration?.close();
    this.#tls?.close();
    await sleep(options.drainDelayMs);
    const giveUp = performance.now() + options.drainTimeoutMs;
    const [cutHttp, cutGrpc] = await Promise.all([
      this.#server.drain(options.drainTimeoutMs, (socket) => this.#binding?.refuseNewConnections(socket)),
      this.#grpc.drain(options.drainTimeoutMs),
    ]);
    const cut = cutHttp + cutGrpc;
    await this.#metricsServer?.drain(0);
    await this.#deps.tracer?.close();
    if (cut > 0)
      logger.warn({ connections: cut }, 'cut connections that were still open after DRAIN_TIMEOUT_MS');
    const runs = this.#scheduler.busy;
    if (runs > 0) logger.warn({ runs }, 'left runs behind that had not ended');
    else await this.#unloadAll(Math.max(giveUp - performance.now(), LEAST_UNLOAD_MS));
    logger.info('stopped');
  }

  /** What is being loaded or prepared may wait for a file system that never answers. */
  async #unloadAll(patienceMs: number): Promise<void> {
    const patience = new AbortController();
    const late = sleep(patienceMs, true, { signal: patience.signal }).catch(() => false);
    const isLate = await Promise.race([late, this.#catalogue.close().then(() => false)]);
    patience.abort();
    if (isLate) this.#deps.logger.warn('left models behind that could not be unloaded in DRAIN_TIMEOUT_MS');
  }

  /** The process exits: threads that do not end are not waited for. */
  leave(code: number): void {
    this.#native?.leave(code);
  }

  /** Loading also finds what was put there since MODELS_DIR or MODEL_CONFIG_FILE was last looked at. */
  #control(): ModelControl {
    return {
      load: async (name) => {
        await this.#configuration?.look();
        await this.#catalogue.load(name);
      },
      unload: (name) => this.#catalogue.unload(name),
    };
  }

  /** By the addon's threads: one folder that does not answer holds up neither another one nor Node's own threads. */
  readonly #list: ListFolder = async (folder, deep) => (await this.#addon.promise).listFolder(folder, deep);

  #phase(): Phase {
    if (this.#isDraining) return 'draining';
    const { loop } = this.#deps;
    return this.#catalogue.isReady && (loop === undefined || loop.areReady) ? 'ready' : 'starting';
  }

  #loadBinding(): Binding {
    const { options, nativeFolder } = this.#deps;
    try {
      return loadBinding(nativeFolder, { intraOp: options.intraOpThreads, interOp: options.interOpThreads });
    } catch (error) {
      throw new FatalError(messageOf(error));
    }
  }
}
