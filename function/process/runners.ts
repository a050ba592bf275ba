import type { Served } from '../apis/deps.ts';
import { paddingTo } from '../engine/batching.ts';
import { Runner } from '../engine/runner.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { SavedModel } from '../model/saved-model.ts';
import type { LoadingRoom } from '../models/loading-room.ts';
import type { Load } from '../models/servable.ts';
import type { NativeEngine } from '../native/engine.ts';
import type { ColdStart } from '../telemetry/cold-start.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { ModelMeter } from '../telemetry/model-meter.ts';
import { loadWith } from './load.ts';
import { giveMemoryBack } from './memory.ts';
import type { Options } from './options.ts';

export interface RunnersDeps {
  readonly options: Options;
  readonly logger: Logger;
  readonly coldStart: ColdStart;
  readonly scheduler: Scheduler;
  readonly metrics: Metrics;
  readonly room: LoadingRoom;
}

/** A runner for each version that is loaded, as the options want it. */
export class Runners {
  readonly #deps: RunnersDeps;
  readonly #runners = new Set<Runner>();
  #unloads = 0;

  constructor(deps: RunnersDeps) {
    this.#deps = deps;
  }

  /** Rows that wait for a run, of all models. */
  get rowsWaiting(): number {
    let rows = 0;
    for (const runner of this.#runners) rows += runner.rowsWaiting;
    return rows;
  }

  /** How many versions were unloaded. */
  get unloads(): number {
    return this.#unloads;
  }

  /** @returns what loads a version, and gives it its runner */
  loadWith(native: NativeEngine): Load<Served> {
    const { options, logger, coldStart, room } = this.#deps;
    return loadWith({
      native,
      logger,
      bfloat16: options.mixedPrecision === 'bfloat16',
      winograd: options.winograd,
      freeze: options.freeze,
      room,
      warmUp: options,
      runnerOf: (model) => {
        const runner = this.#create(model, native);
        this.#runners.add(runner);
        return runner;
      },
      twinRunnerOf: (twin) => this.#create(twin, native, new ModelMeter()),
      onPhase: (phase) => {
        if (!coldStart.seconds.has(phase)) coldStart.end(phase, performance.now()); // of the first model
      },
      onUnloaded: (runner) => {
        this.#runners.delete(runner);
        this.#unloads++;
        giveMemoryBack(native).catch(() => {}); // nothing else may come for a while
      },
    });
  }

  #create(
    model: SavedModel,
    native: NativeEngine,
    meter = this.#deps.metrics.versions.of(model.name, model.version).calls,
  ): Runner {
    const { options, scheduler } = this.#deps;
    const { batching, maxBatchRows, batchTimeoutMicros, allowedBatchSizes } = options;
    return new Runner(model.id, {
      native,
      scheduler,
      place: options.run,
      batching: {
        enabled: batching === 'auto' ? model.name === 'celsius' : batching === 'true',
        maxRows: maxBatchRows,
        timeout_ms: batchTimeoutMicros / 1000,
        padded: paddingTo(allowedBatchSizes),
      },
      limits: { maxRows: options.maxQueueRows, maxBytes: options.maxQueueBytes },
      meter,
    });
  }
}
