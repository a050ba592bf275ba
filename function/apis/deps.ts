import type { Batcher } from '../model/batcher.ts';
import type { Model } from '../model/saved-model.ts';
import type { Models } from '../models/catalogue.ts';
import type { Servable } from '../models/servable.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Where the process stands. Requests are answered while `ready` and `draining`; /readyz says 200 in `ready` only. */
export type Phase = 'starting' | 'ready' | 'draining';

/** A version of a model that is served, with its batcher. */
export interface Served extends Servable {
  readonly model: Model;
  readonly batcher: Batcher;
}

/** All that routes need, made in main.ts and handed down; two apps can live in one process. */
export interface Deps {
  readonly runId: string;
  readonly version: string;
  readonly revision: string;
  readonly modelName: string;
  readonly metrics: Metrics;
  readonly metricsToken: string;
  /** Whether this app answers /metrics, or another one on a port of its own. */
  readonly metricsHere: boolean;
  readonly logger: Logger;
  readonly logRequests: boolean;
  readonly bodyLimitBytes: number;
  /** Phase → seconds, as far as the cold start has come. */
  readonly coldStart: ReadonlyMap<string, number>;
  readonly phase: () => Phase;
  readonly models: Models<Served>;
  /**
   * The model of MODEL_NAME.
   *
   * @throws RequestError UNAVAILABLE while it is being loaded, NOT_FOUND where it is none of those that are served
   */
  readonly served: () => Served;
}
