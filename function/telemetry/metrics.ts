/** Upper bounds in seconds; a small model answers in well under one millisecond. */
const LATENCY_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** A run of a small model takes some microseconds. */
const RUN_BUCKETS = [0.00001, 0.000025, 0.00005, ...LATENCY_BUCKETS];
const ROWS_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384, 65536];

/** What is read of the process at scrape time. */
export interface Gauges {
  readonly queueRows: () => number;
  /** Calls that live in native memory. */
  readonly calls: () => number;
  /** Of the pool, and how many of them have something to do. */
  readonly threads: () => number;
  readonly threadsBusy: () => number;
  readonly inFlight: () => number;
  /** Phase → seconds, as far as the cold start has come. */
  readonly coldStart: ReadonlyMap<string, number>;
}

/** A request whose trace shows what a bucket's values come from. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/**
 * Counts values into buckets, in a plain array: prom-client's own observe() costs several times as much, a tenth of
 * a whole request here. prometheus.ts hands the counts to prom-client when someone scrapes.
 */
export class Distribution {
  /** Upper bounds, inclusive, ascending. */
  readonly bounds: readonly number[];
  /** Values per bucket, not cumulated; the last is for values above all bounds. */
  readonly counts: number[];
  /** Of each bucket the last traced value; empty while there is none. */
  readonly exemplars: Exemplar[] = [];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** How many values were recorded. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** @param traceId of the request that the value is of, where that is traced */
  record(value: number, traceId?: string): void {
    let i = 0;
    while (i < this.bounds.length && value > (this.bounds[i] ?? 0)) i++;
    this.counts[i] = (this.counts[i] ?? 0) + 1;
    this.sum += value;
    if (traceId !== undefined) this.exemplars[i] = { traceId, value, time: Date.now() / 1000 };
  }
}

/** The requests of one route: how many by status, and their latency in seconds. */
export class RouteMeter {
  readonly statuses = new Map<number, number>();
  readonly latency = new Distribution(LATENCY_BUCKETS);

  record(status: number, seconds: number, traceId?: string): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.latency.record(seconds, traceId);
  }
}

/** Why a call ended without an answer of the model: its client had gone, its deadline passed, or too much waited. */
export type DropReason = 'gone' | 'deadline' | 'full';

/** What is done for one model; times in seconds. */
export class ModelMeter {
  /** From being read to being run on the pool. */
  readonly queue = new Distribution(LATENCY_BUCKETS);
  readonly run = new Distribution(RUN_BUCKETS);
  /** Of each run. */
  readonly rows = new Distribution(ROWS_BUCKETS);
  /** Reading of a large body, on the pool. */
  readonly parse = new Distribution(LATENCY_BUCKETS);
  readonly drops: Record<DropReason, number> = { gone: 0, deadline: 0, full: 0 };

  queued(seconds: number, traceId?: string): void {
    this.queue.record(seconds, traceId);
  }

  ran(seconds: number, rows: number, traceId?: string): void {
    this.run.record(seconds, traceId);
    this.rows.record(rows);
  }

  parsed(seconds: number): void {
    this.parse.record(seconds);
  }

  dropped(reason: DropReason): void {
    this.drops[reason]++;
  }
}

/** All that the process counts. */
export class Metrics {
  /** Labels of `celsiusify_info`, whose value is always 1. */
  readonly info: Readonly<Record<string, string>>;
  readonly gauges: Gauges;
  readonly routes = new Map<string, RouteMeter>();
  readonly models = new Map<string, ModelMeter>();

  constructor(info: Readonly<Record<string, string>>, gauges: Gauges) {
    this.info = info;
    this.gauges = gauges;
  }

  /** The meter of a route. Routes are named by the program, never by a request, so they stay few. */
  route(name: string): RouteMeter {
    let meter = this.routes.get(name);
    if (meter === undefined) {
      meter = new RouteMeter();
      this.routes.set(name, meter);
    }
    return meter;
  }

  /** The meter of a model that is served. */
  model(name: string): ModelMeter {
    let meter = this.models.get(name);
    if (meter === undefined) {
      meter = new ModelMeter();
      this.models.set(name, meter);
    }
    return meter;
  }

  /** All that were answered, on whichever route. */
  get requests(): number {
    return [...this.routes.values()].reduce((sum, { latency }) => sum + latency.count, 0);
  }
}
