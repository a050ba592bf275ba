/** What is watched, once: the dashboard and the alerts are written from here, and tests hold them to /metrics. */

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly help: string;
  /** Legend → PromQL. `$job` is the dashboard's variable. */
  readonly series: Readonly<Record<string, string>>;
}

const RATE = '$__rate_interval';
const quantile = (q: number) =>
  `histogram_quantile(${q}, sum by (le) (rate(http_request_duration_seconds_bucket{job="$job",route=~"celsius|predict|v1"}[${RATE}])))`;

export const panels: readonly Panel[] = [
  {
    title: 'Requests',
    unit: 'reqps',
    help: 'Answers a second, by route.',
    series: { '{{route}}': `sum by (route) (rate(http_requests_total{job="$job"}[${RATE}]))` },
  },
  {
    title: 'Errors',
    unit: 'percentunit',
    help: 'Share of answers with status 5xx (the server) and 4xx (the caller).',
    series: {
      '5xx': `sum(rate(http_requests_total{job="$job",status=~"5.."}[${RATE}])) / sum(rate(http_requests_total{job="$job"}[${RATE}]))`,
      '4xx': `sum(rate(http_requests_total{job="$job",status=~"4.."}[${RATE}])) / sum(rate(http_requests_total{job="$job"}[${RATE}]))`,
    },
  },
  {
    title: 'Latency',
    unit: 's',
    help: 'From a request read in full to its answer handed over; probes and metrics left out.',
    series: { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) },
  },
  {
    title: 'Rows in one model run',
    unit: 'short',
    help: 'Above 1 where requests share a run.',
    series: {
      p90: `histogram_quantile(0.9, sum by (le) (rate(celsiusify_batch_rows_bucket{job="$job"}[${RATE}])))`,
      mean: `sum(rate(celsiusify_batch_rows_sum{job="$job"}[${RATE}])) / sum(rate(celsiusify_batch_rows_count{job="$job"}[${RATE}]))`,
    },
  },
  {
    title: 'In waiting',
    unit: 'short',
    help: 'Rows waiting for a model run, and requests read but not answered.',
    series: {
      'rows {{pod}}': 'celsiusify_queue_rows{job="$job"}',
      'requests {{pod}}': 'celsiusify_requests_in_flight{job="$job"}',
    },
  },
  {
    title: 'Event loop delay',
    unit: 's',
    help: 'How late the only thread was: the first sign of too much work for one process.',
    series: {
      '{{statistic}} {{pod}}': 'celsiusify_event_loop_delay_seconds{job="$job",statistic=~"p99|max"}',
    },
  },
  {
    title: 'CPU',
    unit: 'short',
    help: 'Cores in use. One process can use little more than one.',
    series: { '{{pod}}': `rate(process_cpu_seconds_total{job="$job"}[${RATE}])` },
  },
  {
    title: 'Resident memory',
    unit: 'bytes',
    help: 'Holds pages of TensorFlow’s libraries, which the kernel can take back.',
    series: { '{{pod}}': 'process_resident_memory_bytes{job="$job"}' },
  },
  {
    title: 'Tensors alive',
    unit: 'short',
    help: 'Between requests always the same; a rising line is a leak.',
    series: { '{{pod}}': 'celsiusify_tensors{job="$job"}' },
  },
  {
    title: 'Cold start by phase',
    unit: 's',
    help: 'Of the processes that run now.',
    series: { '{{phase}}': 'avg by (phase) (celsiusify_cold_start_seconds{job="$job"})' },
  },
  {
    title: 'Versions',
    unit: 'short',
    help: 'Processes by version and revision: two lines during a roll-out.',
    series: { '{{version}} {{revision}}': 'count by (version, revision) (celsiusify_info{job="$job"})' },
  },
];

/** A Grafana dashboard; panels stand two in a row. */
export function dashboard(): object {
  return {
    title: 'Celsiusify',
    uid: 'celsiusify',
    tags: ['celsiusify', 'tensorflow'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
        {
          name: 'job',
          type: 'query',
          label: 'Job',
          datasource: { type: 'prometheus', uid: '$datasource' },
          query: 'label_values(celsiusify_info, job)',
          refresh: 2,
        },
      ],
    },
    panels: panels.map(({ title, unit, help, series }, index) => ({
      id: index + 1,
      type: 'timeseries',
      title,
      description: help,
      datasource: { type: 'prometheus', uid: '$datasource' },
      gridPos: { x: 12 * (index % 2), y: 8 * Math.floor(index / 2), w: 12, h: 8 },
      fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 5 } }, overrides: [] },
      options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
      targets: Object.entries(series).map(([legendFormat, expr], i) => ({
        refId: String.fromCharCode(65 + i),
        expr,
        legendFormat,
      })),
    })),
  };
}

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  /** What to do. */
  readonly action: string;
}

const USE = 'route=~"celsius|predict|v1"';

export const alertRules: readonly Alert[] = [
  {
    name: 'CelsiusifyErrors',
    expr: `sum by (job) (rate(http_requests_total{${USE},status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total{${USE}}[5m])) > 0.01`,
    for: '5m',
    severity: 'critical',
    summary: 'More than 1 % of the answers are 5xx.',
    action: '503 with a queue of rows: too few replicas. 500: read the log, it names the signature.',
  },
  {
    name: 'CelsiusifySlow',
    expr: `histogram_quantile(0.99, sum by (job, le) (rate(http_request_duration_seconds_bucket{${USE}}[5m]))) > 0.1`,
    for: '10m',
    severity: 'warning',
    summary: 'One request in a hundred takes over 100 ms.',
    action: 'See the event loop and CPU: more replicas, fewer rows a request, or more intra-op threads.',
  },
  {
    name: 'CelsiusifyEventLoopLate',
    expr: 'celsiusify_event_loop_delay_seconds{statistic="p99"} > 0.1',
    for: '10m',
    severity: 'warning',
    summary: 'The event loop is over 100 ms late.',
    action: 'One process does too much: more replicas, or smaller requests.',
  },
  {
    name: 'CelsiusifyQueueLong',
    expr: 'celsiusify_queue_rows > 32768',
    for: '1m',
    severity: 'warning',
    summary: 'Half of MAX_QUEUE_ROWS (as it is by default) waits for the model.',
    action: 'At the whole of it requests get 503: more replicas.',
  },
  {
    name: 'CelsiusifyTensorsLeak',
    expr: 'min_over_time(celsiusify_tensors[30m]) > 1000',
    for: '30m',
    severity: 'warning',
    summary: 'Over 1,000 tensors were alive at every scrape of half an hour.',
    action: 'File a bug with the model’s signature. A restart frees them.',
  },
  {
    name: 'CelsiusifyRestarts',
    expr: 'changes(process_start_time_seconds[15m]) > 2',
    for: '0m',
    severity: 'warning',
    summary: 'A process started more than twice in 15 minutes.',
    action: 'kubectl describe pod: OOMKilled means that the memory limit is too small.',
  },
  {
    name: 'CelsiusifyVersionsMixed',
    expr: 'count by (job) (count by (job, version) (celsiusify_info)) > 1',
    for: '1h',
    severity: 'warning',
    summary: 'Two versions have run side by side for an hour.',
    action: 'A roll-out is stuck: kubectl rollout status, then go on or undo.',
  },
];

/** Prometheus rules as YAML. Values are JSON strings, which YAML takes as they are. */
export function alerts(): string {
  const rules = alertRules.map(
    (rule) => `      - alert: ${rule.name}
        expr: ${JSON.stringify(rule.expr)}
        for: ${rule.for}
        labels:
          severity: ${rule.severity}
        annotations:
          summary: ${JSON.stringify(rule.summary)}
          description: ${JSON.stringify(rule.action)}
`,
  );
  return `# Written by npm run docs from docs/monitoring.ts. Thresholds are a beginning: set them by your own objectives.
groups:
  - name: celsiusify
    rules:
${rules.join('')}`;
}
