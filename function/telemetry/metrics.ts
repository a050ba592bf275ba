import { Distribution, LATENCY_BUCKETS } from './distribution.ts';
import { VersionMeters, type VersionName } from './version-meters.ts';

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
  /** Where each version stands that is not simply gone. */
  readonly states: () => Iterable<VersionState>;
}

/** Where a version stands; `code` says why, where it could not be loaded. */
export interface VersionState extends VersionName {
  readonly state: string;
  readonly code: string;
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

/** All that the process counts. */
export class Metrics {
  /** Labels of `celsiusify_info`, whose value is always 1. */
  readonly info: Readonly<Record<string, string>>;
  readonly gauges: Gauges;
  readonly routes = new Map<string, RouteMeter>();
  readonly versions: VersionMeters;

  constructor(info: Readonly<Record<string, string>>, gauges: Gauges, versions = new VersionMeters()) {
    this.info = info;
    this.gauges = gauges;
    this.versions = versions;
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

  /** All that were answered, on whichever route. */
  get requests(): number {
    return [...this.routes.values()].reduce((sum, { latency }) => sum + latency.count, 0);
  }
}
