import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Counter, Gauge, Registry, type RegistryContentType } from 'prom-client';
import { DistributionHistogram } from './distribution-histogram.ts';
import type { Metrics } from './metrics.ts';
import { type Exposition, versionsText } from './prometheus-versions.ts';

/** How often the event loop's delay is sampled, in ms: seldom, as each sample wakes an idle process. */
const SAMPLE_MS = 50;

/** The figures of the versions, and after them prom-client's, at whose end OpenMetrics says that it is the end. */
class MetricsRegistry extends Registry {
  readonly #metrics: Metrics;
  readonly #exposition: Exposition;

  constructor(metrics: Metrics, exposition: Exposition) {
    super();
    this.#metrics = metrics;
    this.#exposition = exposition;
  }

  override async metrics(): Promise<string> {
    return `${await versionsText(this.#metrics, this.#exposition)}${await super.metrics()}`;
  }
}

export type { Exposition };

export type AnyRegistry = Registry<RegistryContentType>;

/** A registry of its own for one process' figures; nothing goes into prom-client's global one. */
export function createRegistry(metrics: Metrics, exposition: Exposition = 'text'): AnyRegistry {
  const registry = new MetricsRegistry(metrics, exposition);
  const any: AnyRegistry = registry;
  if (exposition === 'openmetrics') any.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const { info, gauges, routes } = metrics;

  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  const labelled = (
    name: string,
    help: string,
    label: string,
    values: () => Iterable<readonly [string, number]>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        for (const [key, value] of values()) this.set({ [label]: key }, value);
      },
    });

  new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['route', 'status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [route, { statuses }] of routes) {
        for (const [status, count] of statuses) this.inc({ route, status }, count);
      }
    },
  });
  const help = 'Seconds from a request read in full to its answer handed over.';
  new DistributionHistogram(registry, 'http_request_duration_seconds', help, function* () {
    for (const [route, { latency }] of routes) yield [{ route }, latency];
  });
  gauge('celsiusify_queue_rows', 'Rows waiting for a model run.', gauges.queueRows);
  gauge('celsiusify_threads', 'Threads that run models.', gauges.threads);
  gauge('celsiusify_threads_busy', 'Threads that run a model now.', gauges.threadsBusy);
  gauge('celsiusify_requests_in_flight', 'Requests read but not answered yet.', gauges.inFlight);
  gauge('celsiusify_calls', 'Calls held in native memory, from being read to being answered.', gauges.calls);
  labelled(
    'celsiusify_cold_start_seconds',
    'Seconds of each phase of the cold start.',
    'phase',
    () => gauges.coldStart,
  );
  labelled(
    'celsiusify_event_loop_delay_seconds',
    'How late the event loop was since the scrape before, in seconds.',
    'statistic',
    eventLoopDelay(),
  );
  new Counter({
    name: 'celsiusify_event_loop_active_seconds_total',
    help: 'Seconds that the event loop had something to do: its rate is the share of its time that it is busy.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(performance.eventLoopUtilization().active / 1000);
    },
  });
  gauge('process_resident_memory_bytes', 'Resident memory in bytes.', () => process.memoryUsage.rss());
  gauge(
    'process_start_time_seconds',
    'Start of the process, Unix time in seconds.',
    () => performance.timeOrigin / 1000,
  );
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'celsiusify_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: Object.keys(info),
    registers: [registry],
  }).set({ ...info }, 1);
  return any;
}

/** Mean, 99th percentile and maximum of the loop's delay since the call before, in seconds. */
function eventLoopDelay(): () => Iterable<readonly [string, number]> {
  const monitor = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  monitor.enable();
  return () => {
    // A sample holds the interval itself; before the first sample mean is NaN and max 0.
    const late = (nanoseconds: number) => Math.max(0, (nanoseconds || 0) / 1e9 - SAMPLE_MS / 1000);
    const figures = [
      ['mean', late(monitor.mean)],
      ['p99', late(monitor.percentile(99))],
      ['max', late(monitor.max)],
    ] as const;
    monitor.reset();
    return figures;
  };
}
