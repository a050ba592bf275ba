import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps, Phase, Served } from '../apis/deps.ts';
import { createApp, createMetricsApp } from '../app.ts';
import { FatalError, messageOf, RequestError } from '../errors.ts';
import type { App } from '../http/route.ts';
import { HttpServer } from '../http/server.ts';
import { Batcher } from '../model/batcher.ts';
import { loadVersion, type Model } from '../model/saved-model.ts';
import { warmUp } from '../model/warm-up.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { LoadRequest } from '../models/servable.ts';
import { type Binding, loadBinding } from '../native/binding.ts';
import type { ColdStart } from '../telemetry/cold-start.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { version } from '../version.ts';
import { followConfiguration } from './configuration.ts';
import { keepMemorySmall } from './memory.ts';
import { checkStart, createCatalogue, logNotice } from './models.ts';
import type { Options } from './options.ts';

export interface ServerProcessDeps {
  readonly options: Options;
  /** What relative paths are relative to. */
  readonly root: string;
  /** Holds the compiled binding and TensorFlow's libraries. */
  readonly nativeFolder: string;
  readonly runId: string;
  readonly logger: Logger;
  readonly coldStart: ColdStart;
}

/** The life of a server: start (listen, load, warm up), answer, stop (drain). */
export class ServerProcess {
  readonly #deps: ServerProcessDeps;
  readonly #app: App;
  readonly #server: HttpServer;
  readonly #metricsServer: HttpServer | undefined;
  readonly #metrics: Metrics;
  readonly #catalogue: Catalogue<Served>;
  readonly #loaded = new Set<Served>();
  #binding: Binding | undefined;
  #configuration: { close(): Promise<void> } | undefined;
  #isDraining = false;
  #stopped: Promise<void> | undefined;

  constructor(deps: ServerProcessDeps) {
    const { options, runId, logger, coldStart } = deps;
    this.#deps = deps;
    this.#catalogue = createCatalogue(options, logger, (wanted) => this.#load(wanted));
    this.#metrics = new Metrics(
      {
        run_id: runId,
        version,
        revision: options.revision,
        model: options.modelName,
        node: process.versions.node,
      },
      {
        queueRows: () => [...this.#loaded].reduce((rows, { batcher }) => rows + batcher.rowsWaiting, 0),
        tensorsAlive: () => this.#binding?.getNumOfTensors() ?? 0,
        inFlight: () => this.#app.inFlight,
        coldStart: coldStart.seconds,
      },
    );
    const appDeps: Deps = {
      runId,
      version,
      revision: options.revision,
      modelName: options.modelName,
      metrics: this.#metrics,
      metricsToken: options.metricsToken,
      metricsHere: options.metricsPort === 0,
      logger,
      logRequests: options.logRequests,
      bodyLimitBytes: options.bodyLimitBytes,
      coldStart: coldStart.seconds,
      phase: () => this.#phase(),
      models: this.#catalogue,
      served: () => this.#catalogue.find(options.modelName),
    };
    this.#app = createApp(appDeps);
    this.#server = new HttpServer(this.#app, options);
    this.#metricsServer =
      options.metricsPort === 0 ? undefined : new HttpServer(createMetricsApp(appDeps), options);
  }

  /**
   * Listens first, so that a port in use is said at once and early connections wait instead of being refused, then
   * loads. Loading blocks the event loop, as TensorFlow's calls are synchronous.
   *
   * @throws FatalError that says what is missing and what to do
   */
  async start(): Promise<number> {
    const { options, logger, coldStart } = this.#deps;
    const port = await this.#server.listen(options.host, options.port);
    await this.#metricsServer?.listen(options.host, options.metricsPort);
    coldStart.end('listen', performance.now());
    const binding = this.#loadBinding();
    this.#binding = binding;
    coldStart.end('native', performance.now());
    this.#configuration = await followConfiguration({
      options,
      root: this.#deps.root,
      catalogue: this.#catalogue,
      onNotice: (notice) => logNotice(logger, notice),
    });
    await this.#catalogue.settled();
    checkStart(options, this.#catalogue);
    logger.info(
      {
        host: options.host,
        port,
        models: this.#catalogue.list().map(({ name }) => name),
        version,
        coldStartMilliseconds: Object.fromEntries(
          [...coldStart.seconds].map(([phase, seconds]) => [phase, Number((seconds * 1000).toFixed(1))]),
        ),
      },
      this.#catalogue.isReady ? 'ready' : 'listening; not ready yet',
    );
    keepMemorySmall(binding, () => this.#metrics.requests);
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
    await this.#configuration?.close();
    await sleep(options.drainDelayMs);
    const cut = await this.#server.drain(options.drainTimeoutMs);
    await this.#metricsServer?.drain(0);
    if (cut > 0)
      logger.warn({ connections: cut }, 'cut connections that were still open after DRAIN_TIMEOUT_MS');
    await this.#catalogue.close();
    logger.info('stopped');
  }

  #phase(): Phase {
    if (this.#isDraining) return 'draining';
    return this.#catalogue.isReady ? 'ready' : 'starting';
  }

  async #load(wanted: LoadRequest): Promise<Served> {
    const { coldStart } = this.#deps;
    const binding = this.#binding;
    if (binding === undefined) throw new FatalError('TensorFlow is not loaded yet');
    try {
      const model = loadVersion(binding, wanted);
      coldStart.end('model', performance.now());
      const { refused } = warmUp(model);
      coldStart.end('warmup', performance.now());
      this.#sayWhatIsNotServed(model, refused);
      const { name, version, signatures } = model;
      const served: Served = {
        ...{ name, version, signatures, model, batcher: this.#createBatcher(model) },
        drained: async () => {}, // a run ends in the turn in which it began
        unload: async () => {
          this.#loaded.delete(served);
          model.dispose();
        },
      };
      this.#loaded.add(served);
      return served;
    } catch (error) {
      throw new RequestError('DATA_LOSS', messageOf(error));
    }
  }

  #loadBinding(): Binding {
    const { options, nativeFolder } = this.#deps;
    try {
      return loadBinding(nativeFolder, { intraOp: options.intraOpThreads, interOp: options.interOpThreads });
    } catch (error) {
      throw new FatalError(messageOf(error));
    }
  }

  #createBatcher(model: Model): Batcher {
    const { batching, maxBatchRows, maxQueueRows } = this.#deps.options;
    return new Batcher(model, {
      enabled: batching === 'auto' ? model.name === 'celsius' : batching === 'true',
      maxBatchRows,
      maxQueueRows,
      onRun: (rows) => this.#metrics.batchRows.record(rows),
    });
  }

  #sayWhatIsNotServed(model: Model, refused: ReadonlyMap<string, string>): void {
    const { logger } = this.#deps;
    for (const { name, unsupported } of model.signatures.values()) {
      if (unsupported !== undefined) logger.warn({ signature: name }, unsupported);
    }
    for (const [signature, reason] of refused) {
      logger.info({ signature, reason }, 'warm-up on zeros was refused; the first request is slower');
    }
  }
}
