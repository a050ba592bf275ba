import { CODE_NUMBERS } from '../function/errors.ts';
import { STATUS_OF } from '../function/http/errors.ts';

/** What is watched, once: the dashboard and the alerts are written from here, and tests hold them to /metrics. */

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly help: string;
  /** Legend → PromQL. `$job` is the dashboard's variable. */
  readonly series: Readonly<Record<string, string>>;
}

const RATE = '$__rate_interval';
/** Of a histogram's values, by labels other than `le`. */
const quantile = (q: number, histogram: string, by = '', selector = '') =>
  `histogram_quantile(${q}, sum by (${by}le) (rate(${histogram}_bucket{job="$job"${selector}}[${RATE}])))`;
/** Routes that ask a model, by whichever API. */
const USE = 'route=~"celsius|predict|v1|v2-infer|.*Predict|.*Classify|.*Regress|.*Inference|.*ModelInfer"';

const HTTP_STATUS: ReadonlyMap<string, number> = new Map(Object.entries(STATUS_OF));

/** The statuses of a hundred, 4 or 5: HTTP's, and for gRPC's routes the numbers of the codes that HTTP has these for. */
function statuses(hundred: 4 | 5): string {
  const codes = Object.entries(CODE_NUMBERS).filter(
    ([code]) => Math.floor((HTTP_STATUS.get(code) ?? 0) / 100) === hundred,
  );
  return `status=~"${[`${hundred}..`, ...codes.map(([, number]) => number)].join('|')}"`;
}

const latency = (q: number) => quantile(q, 'http_request_duration_seconds', '', `,${USE}`);
const VERSION = 'model, model_version, ';
const perVersion = (series: string) => `sum by (model, model_version) (rate(${series}{job="$job"}[${RATE}]))`;

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
    help: 'Share of answers with status 5xx (the server) and 4xx (the caller), or a code of gRPC that is such a status.',
    series: {
      '5xx': `sum(rate(http_requests_total{job="$job",${statuses(5)}}[${RATE}])) / sum(rate(http_requests_total{job="$job"}[${RATE}]))`,
      '4xx': `sum(rate(http_requests_total{job="$job",${statuses(4)}}[${RATE}])) / sum(rate(http_requests_total{job="$job"}[${RATE}]))`,
    },
  },
  {
    title: 'Calls by model and version',
    unit: 'reqps',
    help: 'What callers ask of each version, by any API; while versions switch, two lines of a model cross.',
    series: { '{{model}} {{model_version}}': perVersion('celsiusify_calls_made_total') },
  },
  {
    title: 'Calls failed',
    unit: 'reqps',
    help: 'Bodies that do not fit the signature (request), and runs that the model refused (run).',
    series: {
      '{{model}} {{model_version}} {{reason}}': `sum by (model, model_version, reason) (rate(celsiusify_calls_failed_total{job="$job"}[${RATE}]))`,
    },
  },
  {
    title: 'Latency',
    unit: 's',
    help: 'From a request read in full to its answer handed over; probes and metrics left out.',
    series: { p50: latency(0.5), p90: latency(0.9), p99: latency(0.99) },
  },
  {
    title: 'Where the time goes',
    unit: 's',
    help: 'p99 of each part of a request: reading a large body, waiting for a thread, the model run.',
    series: {
      'parse {{model}} {{model_version}}': quantile(0.99, 'celsiusify_parse_duration_seconds', VERSION),
      'queue {{model}} {{model_version}}': quantile(0.99, 'celsiusify_queue_duration_seconds', VERSION),
      'run {{model}} {{model_version}}': quantile(0.99, 'celsiusify_run_duration_seconds', VERSION),
    },
  },
  {
    title: 'Rows in one model run',
    unit: 'short',
    help: 'Above 1 where requests share a run.',
    series: {
      'p90 {{model}} {{model_version}}': quantile(0.9, 'celsiusify_batch_rows', VERSION),
      'mean {{model}} {{model_version}}': `${perVersion('celsiusify_batch_rows_sum')} / ${perVersion('celsiusify_batch_rows_count')}`,
    },
  },
  {
    title: 'Threads busy',
    unit: 'percentunit',
    help: 'Share of the threads that run a model; short runs are done by the event loop and need none.',
    series: { '{{pod}}': 'celsiusify_threads_busy{job="$job"} / celsiusify_threads{job="$job"}' },
  },
  {
    title: 'Calls dropped',
    unit: 'reqps',
    help: 'Ended without an answer of the model: its client had gone, its deadline passed, or the queue was full.',
    series: {
      '{{model}} {{model_version}} {{reason}}': `sum by (model, model_version, reason) (rate(celsiusify_calls_dropped_total{job="$job"}[${RATE}]))`,
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
    help: 'How late the thread was that reads requests, writes answers and does short runs.',
    series: {
      '{{statistic}} {{pod}}': 'celsiusify_event_loop_delay_seconds{job="$job",statistic=~"p99|max"}',
    },
  },
  {
    title: 'Event loop busy',
    unit: 'percentunit',
    help: 'Share of its time in which that thread had something to do; near 1 more replicas help, not more THREADS.',
    series: { '{{pod}}': `rate(celsiusify_event_loop_active_seconds_total{job="$job"}[${RATE}])` },
  },
  {
    title: 'CPU',
    unit: 'short',
    help: 'Cores in use: those of THREADS, and one for the event loop.',
    series: { '{{pod}}': `rate(process_cpu_seconds_total{job="$job"}[${RATE}])` },
  },
  {
    title: 'Resident memory',
    unit: 'bytes',
    help: 'Holds pages of TensorFlow’s libraries, which the kernel can take back.',
    series: { '{{pod}}': 'process_resident_memory_bytes{job="$job"}' },
  },
  {
    title: 'Calls in native memory',
    unit: 'short',
    help: 'Between requests none; a rising line is a leak.',
    series: { '{{pod}}': 'celsiusify_calls{job="$job"}' },
  },
  {
    title: 'Cold start by phase',
    unit: 's',
    help: 'Of the processes that run now.',
    series: { '{{phase}}': 'avg by (phase) (celsiusify_cold_start_seconds{job="$job"})' },
  },
  {
    title: 'Model versions by state',
    unit: 'short',
    help: 'Over all processes. LOADING that stays is a load that fails and is tried again; END is one that was given up.',
    series: {
      '{{model}} {{model_version}} {{state}} {{code}}':
        'sum by (model, model_version, state, code) (celsiusify_version_state{job="$job"})',
    },
  },
  {
    title: 'Loads of model versions',
    unit: 's',
    help: 'How long the last load of each version took, warming up included; the slowest process.',
    series: {
      '{{model}} {{model_version}}':
        'max by (model, model_version) (celsiusify_version_load_seconds{job="$job"})',
    },
  },
  {
    title: 'Tries to load',
    unit: 'short',
    help: 'In the last 10 minutes: OK, or the code of what was wrong, for which the log has the words.',
    series: {
      '{{model}} {{model_version}} {{code}}':
        'sum by (model, model_version, code) (increase(celsiusify_version_loads_total{job="$job"}[10m]))',
    },
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

export const alertRules: readonly Alert[] = [
  {
    name: 'CelsiusifyErrors',
    expr: `sum by (job) (rate(http_requests_total{${USE},${statuses(5)}}[5m])) / sum by (job) (rate(http_requests_total{${USE}}[5m])) > 0.01`,
    for: '5m',
    severity: 'critical',
    summary: 'More than 1 % of the answers are 5xx, or a code of gRPC that means such a status.',
    action:
      '503 (UNAVAILABLE) with a queue of rows: too few replicas. 500: read the log, it names the signature.',
  },
  {
    name: 'CelsiusifySlow',
    expr: `histogram_quantile(0.99, sum by (job, le) (rate(http_request_duration_seconds_bucket{${USE}}[5m]))) > 0.1`,
    for: '10m',
    severity: 'warning',
    summary: 'One request in a hundred takes over 100 ms.',
    action:
      'See where the time goes. Queue: more replicas, or more CPUs. Run: fewer rows a request, or more intra-op threads.',
  },
  {
    name: 'CelsiusifyEventLoopLate',
    expr: 'celsiusify_event_loop_delay_seconds{statistic="p99"} > 0.1',
    for: '10m',
    severity: 'warning',
    summary: 'The event loop is over 100 ms late.',
    action: 'The event loop does too much: more replicas, smaller requests, or RUN=pool.',
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
    name: 'CelsiusifyQueueSlow',
    expr: 'histogram_quantile(0.99, sum by (job, model, le) (rate(celsiusify_queue_duration_seconds_bucket[5m]))) > 1',
    for: '10m',
    severity: 'warning',
    summary: 'One call in a hundred waits over a second for a thread.',
    action: 'More replicas, or more CPUs for each; BATCHING=true where the model is row-wise.',
  },
  {
    name: 'CelsiusifyThreadsBusy',
    expr: 'celsiusify_threads_busy >= celsiusify_threads',
    for: '10m',
    severity: 'warning',
    summary: 'All threads run a model, and have for 10 minutes.',
    action:
      'Too few replicas or CPUs. With no request under way a run does not end: read the log, restart the process.',
  },
  {
    name: 'CelsiusifyCallsDropped',
    expr: 'sum by (job, model) (increase(celsiusify_calls_dropped_total{reason!="gone"}[5m])) > 0',
    for: '5m',
    severity: 'warning',
    summary: 'Calls were refused by a full queue, or were too late for their deadline.',
    action: 'More replicas, or a longer REQUEST_DEADLINE_MS where callers would wait.',
  },
  {
    name: 'CelsiusifyCallsFail',
    expr: 'sum by (job, model, model_version) (rate(celsiusify_calls_failed_total{reason="run"}[5m])) / sum by (job, model, model_version) (rate(celsiusify_calls_made_total[5m])) > 0.05',
    for: '5m',
    severity: 'warning',
    summary: 'More than 5 % of the calls of a model version fail in its run.',
    action:
      'After a new version: go back to the one before, by its label or its folder. Else see what callers send.',
  },
  {
    name: 'CelsiusifyVersionNotLoaded',
    expr: 'sum by (job, model, model_version) (increase(celsiusify_version_loads_total{code!="OK"}[10m])) > 0 or sum by (job, model, model_version) (celsiusify_version_state{state="END",code!="OK"}) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'A model version cannot be loaded; what was served before is served on.',
    action:
      'GET /v1/models/NAME and the log say why: a file that is missing or damaged, an unknown op, too little memory.',
  },
  {
    name: 'CelsiusifyModelMissing',
    expr: 'sum by (job, instance, model) (celsiusify_version_state) > 0 unless sum by (job, instance, model) (celsiusify_version_state{state="AVAILABLE"}) > 0',
    for: '10m',
    severity: 'critical',
    summary: 'A model has had no version available for 10 minutes.',
    action: 'Its callers get 404 or 503. GET /v1/models says what is wrong with each version.',
  },
  {
    name: 'CelsiusifyCallsLeak',
    expr: 'celsiusify_calls > 1000 and celsiusify_requests_in_flight < 100',
    for: '30m',
    severity: 'warning',
    summary: 'For half an hour over 1,000 calls were held, with hardly a request under way.',
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
