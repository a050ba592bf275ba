/** What an alert is shown, and whether it fires at that. */
export interface AlertCase {
  readonly name: string;
  readonly alert: string;
  /** Series → values each 15 s, in promtool's notation: `a+bxn` is a, a + b, … n times more. */
  readonly series: Readonly<Record<string, string>>;
  /** When it is looked at. */
  readonly at: string;
  /** Labels of the alerts that fire then, besides severity. */
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const JOB = 'job="c"';
const REQUESTS = (status: string) => `http_requests_total{${JOB},route="predict",status="${status}"}`;
const CALLS = (code: string) =>
  `http_requests_total{${JOB},route="/tensorflow.serving.PredictionService/Predict",status="${code}"}`;
const LATENCY = (le: string) => `http_request_duration_seconds_bucket{${JOB},route="predict",le="${le}"}`;
const QUEUED = (le: string) => `celsiusify_queue_duration_seconds_bucket{${JOB},model="m",le="${le}"}`;
const DROPPED = (reason: string) => `celsiusify_calls_dropped_total{${JOB},model="m",reason="${reason}"}`;
const VERSION = `${JOB},model="m",model_version="2"`;
const MADE = `celsiusify_calls_made_total{${VERSION}}`;
const FAILED = (reason: string) => `celsiusify_calls_failed_total{${VERSION},reason="${reason}"}`;
const STATE = (state: string, code: string) =>
  `celsiusify_version_state{${VERSION},state="${state}",code="${code}"}`;
const OF_VERSION = [{ job: 'c', model: 'm', model_version: '2' }];
const OF_JOB = [{ job: 'c' }];
const OF_MODEL = [{ job: 'c', model: 'm' }];

export const alertCases: readonly AlertCase[] = [
  {
    name: 'every tenth answer is 503',
    alert: 'CelsiusifyErrors',
    series: { [REQUESTS('200')]: '0+900x60', [REQUESTS('503')]: '0+100x60' },
    at: '12m',
    fires: OF_JOB,
  },
  {
    name: 'every tenth gRPC call is UNAVAILABLE (14)',
    alert: 'CelsiusifyErrors',
    series: { [CALLS('0')]: '0+900x60', [CALLS('14')]: '0+100x60' },
    at: '12m',
    fires: OF_JOB,
  },
  {
    name: 'every second gRPC call is INVALID_ARGUMENT (3)',
    alert: 'CelsiusifyErrors',
    series: { [CALLS('0')]: '0+500x60', [CALLS('3')]: '0+500x60' },
    at: '12m',
    fires: [],
  },
  {
    name: 'one of a thousand, and many faults of callers',
    alert: 'CelsiusifyErrors',
    series: {
      [REQUESTS('200')]: '0+999x60',
      [REQUESTS('500')]: '0+1x60',
      [REQUESTS('400')]: '0+500x60',
    },
    at: '12m',
    fires: [],
  },
  {
    name: 'two of a hundred take a second',
    alert: 'CelsiusifySlow',
    series: { [LATENCY('0.1')]: '0+98x80', [LATENCY('1')]: '0+100x80', [LATENCY('+Inf')]: '0+100x80' },
    at: '18m',
    fires: OF_JOB,
  },
  {
    name: 'one of a thousand does',
    alert: 'CelsiusifySlow',
    series: { [LATENCY('0.1')]: '0+999x80', [LATENCY('1')]: '0+1000x80', [LATENCY('+Inf')]: '0+1000x80' },
    at: '18m',
    fires: [],
  },
  {
    name: 'late for a quarter of an hour',
    alert: 'CelsiusifyEventLoopLate',
    series: { [`celsiusify_event_loop_delay_seconds{${JOB},statistic="p99"}`]: '0.2x80' },
    at: '15m',
    fires: [{ job: 'c', statistic: 'p99' }],
  },
  {
    name: 'late once',
    alert: 'CelsiusifyEventLoopLate',
    series: { [`celsiusify_event_loop_delay_seconds{${JOB},statistic="p99"}`]: '0x30 0.2 0x50' },
    at: '8m',
    fires: [],
  },
  {
    name: 'over half of what is allowed',
    alert: 'CelsiusifyQueueLong',
    series: { [`celsiusify_queue_rows{${JOB}}`]: '40000x20' },
    at: '3m',
    fires: OF_JOB,
  },
  {
    name: 'under it',
    alert: 'CelsiusifyQueueLong',
    series: { [`celsiusify_queue_rows{${JOB}}`]: '30000x20' },
    at: '3m',
    fires: [],
  },
  {
    name: 'two of a hundred wait for 5 s',
    alert: 'CelsiusifyQueueSlow',
    series: { [QUEUED('1')]: '0+98x80', [QUEUED('5')]: '0+100x80', [QUEUED('+Inf')]: '0+100x80' },
    at: '18m',
    fires: OF_MODEL,
  },
  {
    name: 'none waits for a second',
    alert: 'CelsiusifyQueueSlow',
    series: { [QUEUED('1')]: '0+100x80', [QUEUED('5')]: '0+100x80', [QUEUED('+Inf')]: '0+100x80' },
    at: '18m',
    fires: [],
  },
  {
    name: 'all of two',
    alert: 'CelsiusifyThreadsBusy',
    series: { [`celsiusify_threads_busy{${JOB}}`]: '2x60', [`celsiusify_threads{${JOB}}`]: '2x60' },
    at: '12m',
    fires: OF_JOB,
  },
  {
    name: 'one of two',
    alert: 'CelsiusifyThreadsBusy',
    series: { [`celsiusify_threads_busy{${JOB}}`]: '1x60', [`celsiusify_threads{${JOB}}`]: '2x60' },
    at: '12m',
    fires: [],
  },
  {
    name: 'a full queue',
    alert: 'CelsiusifyCallsDropped',
    series: { [DROPPED('full')]: '0+1x60' },
    at: '12m',
    fires: OF_MODEL,
  },
  {
    name: 'clients that have gone',
    alert: 'CelsiusifyCallsDropped',
    series: { [DROPPED('gone')]: '0+1x60' },
    at: '12m',
    fires: [],
  },
  {
    name: 'every tenth run of a version fails',
    alert: 'CelsiusifyCallsFail',
    series: { [MADE]: '0+100x60', [FAILED('run')]: '0+10x60' },
    at: '12m',
    fires: OF_VERSION,
  },
  {
    name: 'callers send what does not fit',
    alert: 'CelsiusifyCallsFail',
    series: { [MADE]: '0+100x60', [FAILED('request')]: '0+100x60', [FAILED('run')]: '0x60' },
    at: '12m',
    fires: [],
  },
  {
    name: 'a version that is tried again and again',
    alert: 'CelsiusifyVersionNotLoaded',
    series: { [`celsiusify_version_loads_total{${VERSION},code="DATA_LOSS"}`]: '0+1x60' },
    at: '12m',
    fires: OF_VERSION,
  },
  {
    name: 'a version that was given up',
    alert: 'CelsiusifyVersionNotLoaded',
    series: { [STATE('END', 'DATA_LOSS')]: '1x60' },
    at: '12m',
    fires: OF_VERSION,
  },
  {
    name: 'a version that was loaded',
    alert: 'CelsiusifyVersionNotLoaded',
    series: {
      [STATE('AVAILABLE', 'OK')]: '1x60',
      [`celsiusify_version_loads_total{${VERSION},code="OK"}`]: '0+1x60',
    },
    at: '12m',
    fires: [],
  },
  {
    name: 'a model that only loads',
    alert: 'CelsiusifyModelMissing',
    series: { [STATE('LOADING', 'OK')]: '1x80' },
    at: '15m',
    fires: [{ job: 'c', model: 'm' }],
  },
  {
    name: 'a broken version beside one that answers',
    alert: 'CelsiusifyModelMissing',
    series: { [STATE('END', 'DATA_LOSS')]: '1x80', [STATE('AVAILABLE', 'OK').replace('"2"', '"1"')]: '1x80' },
    at: '15m',
    fires: [],
  },
  {
    name: 'calls without requests',
    alert: 'CelsiusifyCallsLeak',
    series: { [`celsiusify_calls{${JOB}}`]: '2000x150', [`celsiusify_requests_in_flight{${JOB}}`]: '1x150' },
    at: '35m',
    fires: OF_JOB,
  },
  {
    name: 'as many calls as requests',
    alert: 'CelsiusifyCallsLeak',
    series: {
      [`celsiusify_calls{${JOB}}`]: '2000x150',
      [`celsiusify_requests_in_flight{${JOB}}`]: '2000x150',
    },
    at: '35m',
    fires: [],
  },
  {
    name: 'four starts in a quarter of an hour',
    alert: 'CelsiusifyRestarts',
    series: { [`process_start_time_seconds{${JOB}}`]: '1x10 2x10 3x10 4x10' },
    at: '10m',
    fires: OF_JOB,
  },
  {
    name: 'one',
    alert: 'CelsiusifyRestarts',
    series: { [`process_start_time_seconds{${JOB}}`]: '1x10 2x40' },
    at: '10m',
    fires: [],
  },
  {
    name: 'two versions for two hours',
    alert: 'CelsiusifyVersionsMixed',
    series: {
      [`celsiusify_info{${JOB},version="1"}`]: '1x480',
      [`celsiusify_info{${JOB},version="2"}`]: '1x480',
    },
    at: '70m',
    fires: OF_JOB,
  },
  {
    name: 'a roll-out of ten minutes',
    alert: 'CelsiusifyVersionsMixed',
    series: {
      [`celsiusify_info{${JOB},version="1"}`]: '1x40 stale',
      [`celsiusify_info{${JOB},version="2"}`]: '1x480',
    },
    at: '70m',
    fires: [],
  },
];
