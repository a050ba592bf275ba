import type { Runner } from '../engine/runner.ts';
import type { SavedModel } from '../model/saved-model.ts';
import type { ModelControl, Models } from '../models/catalogue.ts';
import type { Servable } from '../models/servable.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TakeScrape } from '../telemetry/scrapes.ts';
import type { Tracer } from '../telemetry/tracing.ts';

/** Where the process stands. Requests are answered while `ready` and `draining`; /readyz says 200 in `ready` only. */
export type Phase = 'starting' | 'ready' | 'draining';

/** A version of a model that is served, and who runs it. */
export interface Served extends Servable {
  readonly model: SavedModel;
  readonly runner: Runner;
}

/** What the process has to do now. */
export interface Load {
  /** Threads that run models, and those that do now. */
  readonly threads: number;
  readonly busy: number;
  readonly rowsWaiting: number;
}

/** All that routes need, made in main.ts and handed down; two apps can live in one process. */
export interface Deps {
  readonly runId: string;
  readonly version: string;
  readonly revision: string;
  readonly modelName: string;
  readonly metrics: Metrics;
  readonly metricsToken: string;
  /** Where `metrics` are not all that the process counts. */
  readonly takeScrape?: TakeScrape | undefined;
  /** Whether this app answers /metrics, or another one on a port of its own. */
  readonly metricsHere: boolean;
  readonly logger: Logger;
  readonly logRequests: boolean;
  readonly bodyLimitBytes: number;
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** Of pages that browsers let ask this server; none: only those of its own. */
  readonly corsOrigins: readonly string[];
  /** How long a request may wait for its answer, in ms; Infinity: as long as it takes. */
  readonly requestDeadlineMs: number;
  /** Phase → seconds, as far as the cold start has come. */
  readonly coldStart: ReadonlyMap<string, number>;
  readonly phase: () => Phase;
  /** What keeps the phase from being `ready`, a line each, as far as it is known. */
  readonly whyNotReady: () => readonly string[];
  readonly load: () => Load;
  readonly models: Models<Served>;
  /** Loads and unloads models; undefined where callers may not. */
  readonly control: ModelControl | undefined;
  /**
   * The model of MODEL_NAME.
   *
   * @throws RequestError UNAVAILABLE while it is being loaded, NOT_FOUND where it is none of those that are served
   */
  readonly served: () => Served;
}
