import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps, Phase, Served } from '../apis/deps.ts';
import { createApp, createMetricsApp } from '../app.ts';
import { paddingTo } from '../engine/batching.ts';
import { freezeInPlace } from '../engine/freeze.ts';
import { Runner } from '../engine/runner.ts';
import { Scheduler } from '../engine/scheduler.ts';
import { type WarmUp, warmUp } from '../engine/warm-up.ts';
import { FatalError, messageOf, unavailable } from '../errors.ts';
import type { App } from '../http/route.ts';
import { HttpServer } from '../http/server.ts';
import { loadSavedModel, type SavedModel } from '../model/saved-model.ts';
import { type Binding, loadBinding } from '../native/binding.ts';
import { NativeEngine } from '../native/engine.ts';
import { librariesLoaded } from '../native/preload.ts';
import type { ColdStart } from '../telemetry/cold-start.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Metrics, ModelMeter } from '../telemetry/metrics.ts';
import { version } from '../version.ts';
import { usableCpus } from './cpus.ts';
import { keepMemorySmall } from './memory.ts';
import type { Options } from './options.ts';

export interface ServerProcessDeps {
  readonly options: Options;
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
  readonly #scheduler: Scheduler;
  #phase: Phase = 'starting';
  #binding: Binding | undefined;
  #native: NativeEngine | undefined;
  #served: Served | undefined;
  #stopped: Promise<void> | undefined;

  constructor(deps: ServerProcessDeps) {
    const { options, runId, logger, coldStart } = deps;
    this.#deps = deps;
    this.#scheduler = new Scheduler(options.threads || usableCpus());
    this.#metrics = new Metrics(
      {
        run_id: runId,
        version,
        revision: options.revision,
        model: options.modelName,
        node: process.versions.node,
      },
      {
        queueRows: () => this.#served?.runner.rowsWaiting ?? 0,
        calls: () => this.#native?.calls ?? 0,
        threads: () => this.#scheduler.threads,
        threadsBusy: () => this.#scheduler.busy,
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
      requestDeadlineMs: options.requestDeadlineMs || Number.POSITIVE_INFINITY,
      coldStart: coldStart.seconds,
      phase: () => this.#phase,
      load: () => ({
        threads: this.#scheduler.threads,
        busy: this.#scheduler.busy,
        rowsWaiting: this.#served?.runner.rowsWaiting ?? 0,
      }),
      served: () => this.#servedNow(),
    };
    this.#app = createApp(appDeps);
    this.#server = new HttpServer(this.#app, options);
    this.#metricsServer =
      options.metricsPort === 0 ? undefined : new HttpServer(createMetricsApp(appDeps), options);
  }

  /**
   * Listens first, so that a port in use is said at once and probes are answered, then loads on another thread.
   *
   * @throws FatalError that says what is missing and what to do
   */
  async start(): Promise<number> {
    const { options, logger, coldStart } = this.#deps;
    const port = await this.#server.listen(options.host, options.port);
    await this.#metricsServer?.listen(options.host, options.metricsPort);
    coldStart.end('listen', performance.now());
    await librariesLoaded;
    const binding = this.#loadBinding();
    this.#binding = binding;
    const native = new NativeEngine(binding, this.#scheduler.threads);
    this.#native = native;
    coldStart.end('native', performance.now());
    const bfloat16 = options.mixedPrecision === 'bfloat16';
    const model = await loadSavedModel(native, options.modelName, options.modelBasePath, { bfloat16 });
    coldStart.end('model', performance.now());
    const runner = this.#createRunner(model, native);
    const warmedUp = await warmUp(model, runner);
    coldStart.end('warmup', performance.now());
    this.#served = { model, runner };
    this.#phase = 'ready';
    this.#sayWhatIsNotServed(model, warmedUp);
    logger.info(
      {
        host: options.host,
        port,
        model: model.name,
        modelVersion: model.version,
        signatures: [...model.signatures.keys()],
        version,
        coldStartMilliseconds: Object.fromEntries(
          [...coldStart.seconds].map(([phase, seconds]) => [phase, Number((seconds * 1000).toFixed(1))]),
        ),
      },
      'ready',
    );
    if (options.freeze)
      this.#freeze(native, model).catch((error: unknown) => logger.error({ err: error }, 'freezing failed'));
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
    this.#phase = 'draining';
    await sleep(options.drainDelayMs);
    const cut = await this.#server.drain(options.drainTimeoutMs, (socket) =>
      this.#binding?.refuseNewConnections(socket),
    );
    await this.#metricsServer?.drain(0);
    if (cut > 0)
      logger.warn({ connections: cut }, 'cut connections that were still open after DRAIN_TIMEOUT_MS');
    const runs = this.#scheduler.busy;
    if (runs > 0) logger.warn({ runs }, 'left runs behind that had not ended');
    else await this.#served?.model.unload();
    logger.info('stopped');
  }

  /** Ends the process at once where a run is still under way, which exit() would wait for. */
  leave(code: number): void {
    this.#native?.exitWhileBusy(code);
  }

  #servedNow(): Served {
    if (this.#served !== undefined) return this.#served;
    throw unavailable('the model is being loaded; try again');
  }

  #loadBinding(): Binding {
    const { options, nativeFolder } = this.#deps;
    try {
      return loadBinding(nativeFolder, { intraOp: options.intraOpThreads, interOp: options.interOpThreads });
    } catch (error) {
      throw new FatalError(messageOf(error));
    }
  }

  async #freeze(native: NativeEngine, model: SavedModel): Promise<void> {
    const { logger } = this.#deps;
    if (!model.hasVariables) return;
    const start = performance.now();
    const runnerOf = (twin: SavedModel) => this.#createRunner(twin, native, new ModelMeter());
    const whyNot = await freezeInPlace(native, model, runnerOf, Number.POSITIVE_INFINITY);
    if (whyNot !== undefined)
      return logger.info({ model: model.name, reason: whyNot }, 'variables stay variables');
    const milliseconds = Math.round(performance.now() - start);
    logger.info({ model: model.name, milliseconds }, 'variables have become constants');
  }

  #createRunner(model: SavedModel, native: NativeEngine, meter = this.#metrics.model(model.name)): Runner {
    const { batching, maxBatchRows, batchTimeoutMicros, allowedBatchSizes, ...limits } = this.#deps.options;
    const { maxQueueRows, maxQueueBytes, run } = limits;
    return new Runner(model.id, {
      native,
      scheduler: this.#scheduler,
      place: run,
      batching: {
        enabled: batching === 'auto' ? model.name === 'celsius' : batching === 'true',
        maxRows: maxBatchRows,
        timeout_ms: batchTimeoutMicros / 1000,
        padded: paddingTo(allowedBatchSizes),
      },
      limits: { maxRows: maxQueueRows, maxBytes: maxQueueBytes },
      meter,
    });
  }

  #sayWhatIsNotServed(model: SavedModel, { left }: WarmUp): void {
    const { logger } = this.#deps;
    for (const { name, unsupported } of model.signatures.values()) {
      if (unsupported !== undefined) logger.warn({ signature: name }, unsupported);
    }
    for (const [signature, reason] of left) {
      logger.info({ signature, reason }, 'not warmed up; the first request is slower');
    }
  }
}
