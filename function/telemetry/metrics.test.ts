import t from 'tap';
import { testApp, testModel } from '../testing/app.ts';
import { Distribution } from './distribution.ts';
import { type Gauges, Metrics } from './metrics.ts';
import { createRegistry } from './prometheus.ts';

interface Sample {
  readonly name: string;
  /** `a="1",b="2"`, as it stands in the text. */
  readonly labels: string;
  readonly value: number;
}

/** Reads Prometheus' text format, strictly: a line that is no sample, HELP or TYPE is an error. */
function parsed(text: string): { samples: Sample[]; types: Map<string, string> } {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, name = '', type = ''] = /^# TYPE (\w+) (\w+)$/.exec(line) ?? [];
    if (name !== '') types.set(name, type);
    if (line.startsWith('# ')) continue;
    const sample = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`no sample: ${line}`);
    samples.push({ name: sample[1] ?? '', labels: sample[2] ?? '', value: Number(sample[3]) });
  }
  return { samples, types };
}

async function scraped(metrics: Metrics) {
  const { samples, types } = parsed(await createRegistry(metrics).metrics());
  const find = (name: string, ...labels: string[]) =>
    samples.filter(
      (sample) => sample.name === name && labels.every((label) => sample.labels.includes(label)),
    );
  return { samples, types, find, value: (...of: [string, ...string[]]) => find(...of)[0]?.value };
}

const zero = () => 0;
const GAUGES: Gauges = {
  queueRows: zero,
  calls: zero,
  threads: zero,
  threadsBusy: zero,
  inFlight: zero,
  coldStart: new Map(),
  states: () => [],
};

const celsius = await testModel(t);

t.test('counts requests by route and status', async (t) => {
  const { app, metrics } = testApp(celsius);
  const ask = (path: string, body?: string) =>
    app.fetch(new Request(`http://localhost${path}`, body === undefined ? {} : { method: 'POST', body }));
  await Promise.all([ask('/celsius', '{"fahrenheit":212}'), ask('/celsius', '{"fahrenheit":32}')]);
  await ask('/celsius', '{}');
  await ask('/celsius');
  await ask('/v1/models/celsius:predict', '{"instances":[1]}');
  await ask('/v1/models/celsius');
  await ask('/nothing/here');
  await ask('/nothing/there');
  const { find, value, types } = await scraped(metrics);
  t.equal(value('http_requests_total', 'route="celsius"', 'status="200"'), 2);
  t.equal(value('http_requests_total', 'route="celsius"', 'status="400"'), 1);
  t.equal(value('http_requests_total', 'route="celsius"', 'status="405"'), 1);
  t.equal(value('http_requests_total', 'route="predict"', 'status="200"'), 1);
  t.equal(value('http_requests_total', 'route="v1"', 'status="200"'), 1);
  t.equal(value('http_requests_total', 'route="unknown"', 'status="404"'), 2);
  t.equal(find('http_requests_total').length, 6, 'a path that a caller makes up makes no series');
  t.equal(value('http_request_duration_seconds_count', 'route="celsius"'), 4);
  t.ok((value('http_request_duration_seconds_sum', 'route="celsius"') ?? 0) > 0);
  t.equal(types.get('http_requests_total'), 'counter');
  t.equal(types.get('http_request_duration_seconds'), 'histogram');
});

t.test('is text that Prometheus can read: each series once, each with a type', async (t) => {
  const { metrics } = testApp(celsius);
  const { contentType } = createRegistry(metrics);
  t.match(contentType, /^text\/plain; version=/);
  const { samples, types } = await scraped(metrics);
  const series = samples.map(({ name, labels }) => `${name}{${labels}}`);
  t.same(
    series.filter((each, i) => series.indexOf(each) !== i),
    [],
  );
  for (const { name, value } of samples) {
    t.ok(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, '')), name);
    t.ok(Number.isFinite(value), name);
  }
});

const values = [
  { value: 0, bucket: 0 },
  { value: 1, bucket: 0 },
  { value: 1.001, bucket: 1 },
  { value: 2, bucket: 1 },
  { value: 4, bucket: 2 },
  { value: 5, bucket: 3 },
  { value: Number.POSITIVE_INFINITY, bucket: 3 },
];

t.test('a value counts in the first bucket whose bound it does not pass', async (t) => {
  for (const { value, bucket } of values) {
    const distribution = new Distribution([1, 2, 4]);
    distribution.record(value);
    t.equal(distribution.counts.indexOf(1), bucket, `${value}`);
    t.equal(distribution.sum, value);
  }
});

t.test('buckets are cumulated, up to the count', async (t) => {
  const metrics = new Metrics({}, GAUGES);
  const { calls: meter } = metrics.versions.of('celsius', '1');
  for (const rows of [1, 1, 2, 3, 100, 1e6]) meter.ran(0.001, rows);
  const { find, value } = await scraped(metrics);
  const buckets = find('celsiusify_batch_rows_bucket').map((sample) => sample.value);
  t.same(buckets, [2, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6]);
  t.match(find('celsiusify_batch_rows_bucket').at(-1), {
    labels: 'le="+Inf",model="celsius",model_version="1"',
  });
  t.equal(value('celsiusify_batch_rows_count'), 6);
  t.equal(value('celsiusify_batch_rows_sum'), 1_000_107);
});

t.test('gauges are read with each scrape', async (t) => {
  let rows = 3;
  const coldStart = new Map([['process', 0.02]]);
  const metrics = new Metrics(
    {},
    {
      queueRows: () => rows,
      calls: () => 7,
      threads: () => 4,
      threadsBusy: () => 1,
      inFlight: () => 2,
      coldStart,
      states: () => [],
    },
  );
  const first = await scraped(metrics);
  t.equal(first.value('celsiusify_queue_rows'), 3);
  t.equal(first.value('celsiusify_calls'), 7);
  t.equal(first.value('celsiusify_threads'), 4);
  t.equal(first.value('celsiusify_threads_busy'), 1);
  t.equal(first.value('celsiusify_requests_in_flight'), 2);
  t.equal(first.value('celsiusify_cold_start_seconds', 'phase="process"'), 0.02);
  t.equal(first.find('celsiusify_cold_start_seconds').length, 1);
  rows = 0;
  coldStart.set('native', 0.05);
  const second = await scraped(metrics);
  t.equal(second.value('celsiusify_queue_rows'), 0);
  t.equal(second.value('celsiusify_cold_start_seconds', 'phase="native"'), 0.05);
});

t.test('says what runs; labels are escaped', async (t) => {
  const metrics = new Metrics({ run_id: 'r', revision: 'a"b\\c\nd' }, GAUGES);
  const { find } = await scraped(metrics);
  t.match(find('celsiusify_info'), [{ value: 1, labels: String.raw`run_id="r",revision="a\"b\\c\nd"` }]);
});

t.test('of the process: memory, CPU, start, how late the event loop is', async (t) => {
  const { find, value } = await scraped(new Metrics({}, GAUGES));
  t.ok((value('process_resident_memory_bytes') ?? 0) > 1e6);
  t.ok((value('process_cpu_seconds_total') ?? 0) > 0);
  t.equal(value('process_start_time_seconds'), performance.timeOrigin / 1000);
  const delay = find('celsiusify_event_loop_delay_seconds');
  t.same(
    delay.map(({ labels }) => labels),
    ['statistic="mean"', 'statistic="p99"', 'statistic="max"'],
  );
  t.ok(delay.every((sample) => sample.value >= 0));
});

t.test('two in one process share nothing', async (t) => {
  const [one, other] = [new Metrics({}, GAUGES), new Metrics({}, GAUGES)];
  one.route('celsius').record(200, 0.001);
  one.route('celsius').record(200, 0.001);
  t.equal((await scraped(one)).value('http_requests_total'), 2);
  t.equal((await scraped(other)).value('http_requests_total'), undefined);
});

t.test("prom-client's JSON form has the same buckets", async (t) => {
  const metrics = new Metrics({}, GAUGES);
  metrics.route('celsius').record(200, 0.001);
  const json = await createRegistry(metrics).getMetricsAsJSON();
  const values = json.find(({ name }) => name === 'http_request_duration_seconds')?.values;
  t.match(
    values?.find(({ labels }) => labels.le === 0.001),
    { value: 1, labels: { route: 'celsius' } },
  );
  t.match(values?.at(-1), { value: 1, labels: { route: 'celsius' } });
});

t.test('each version has series of its own', async (t) => {
  const state = (version: string, state: string, code = 'OK') => ({ model: 'm', version, state, code });
  const states = [state('2', 'AVAILABLE'), state('3', 'LOADING'), state('4', 'END', 'DATA_LOSS')];
  const metrics = new Metrics({}, { ...GAUGES, states: () => states });
  const two = metrics.versions.of('m', '2');
  two.loadSeconds = 1.5;
  two.calls.asked += 3;
  two.calls.failed('run');
  two.calls.dropped('full');
  metrics.versions.of('m', '4').loads.set('DATA_LOSS', 6);
  const { find, value } = await scraped(metrics);
  const of2 = ['model="m"', 'model_version="2"'];
  t.equal(value('celsiusify_calls_made_total', ...of2), 3);
  t.equal(value('celsiusify_calls_failed_total', ...of2, 'reason="run"'), 1);
  t.equal(value('celsiusify_calls_failed_total', ...of2, 'reason="request"'), 0);
  t.equal(value('celsiusify_calls_dropped_total', ...of2, 'reason="full"'), 1);
  t.equal(value('celsiusify_version_load_seconds', ...of2), 1.5);
  t.equal(find('celsiusify_version_load_seconds').length, 1, 'none for what was not loaded');
  t.match(find('celsiusify_version_loads_total'), [
    { labels: 'model="m",model_version="4",code="DATA_LOSS"', value: 6 },
  ]);
  t.same(
    find('celsiusify_version_state').map(({ labels, value }) => [labels, value]),
    [
      ['model="m",model_version="2",state="AVAILABLE",code="OK"', 1],
      ['model="m",model_version="3",state="LOADING",code="OK"', 1],
      ['model="m",model_version="4",state="END",code="DATA_LOSS"', 1],
    ],
  );
  states.shift();
  t.equal(
    (await scraped(metrics)).find('celsiusify_version_state').length,
    2,
    'a state that is over is gone',
  );
});

t.test('a name that is no word is escaped', async (t) => {
  const metrics = new Metrics({}, GAUGES);
  metrics.versions.of('a"b\\c\nd', '1');
  const { find } = await scraped(metrics);
  t.match(find('celsiusify_calls_made_total'), [
    { labels: String.raw`model="a\"b\\c\nd",model_version="1"` },
  ]);
});

t.test('OpenMetrics: families without _total, exemplars of traced requests, an end', async (t) => {
  const metrics = new Metrics({}, GAUGES);
  metrics.versions.of('m', '1').calls.ran(0.001, 1, 'f00d');
  const text = await createRegistry(metrics, 'openmetrics').metrics();
  t.match(text, /^# TYPE celsiusify_calls_made counter$/m);
  t.match(text, /^celsiusify_calls_made_total\{model="m",model_version="1"\} 0$/m);
  t.match(
    text,
    /^celsiusify_run_duration_seconds_bucket\{le="0.001",model="m",model_version="1"\} 1 # \{trace_id="f00d"\} 0.001 \d+/m,
  );
  t.ok(text.endsWith('# EOF\n'));
  t.equal(text.split('# EOF').length, 2);
  const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
  t.equal(new Set(families).size, families.length, 'each family once');
  t.notMatch(await createRegistry(metrics).metrics(), 'trace_id');
});

t.test('a thousand models make a bounded number of series', async (t) => {
  const names = Array.from({ length: 1000 }, (_, i) => `m${i}`);
  const states = () => names.map((model) => ({ model, version: '1', state: 'AVAILABLE', code: 'OK' }));
  const metrics = new Metrics({}, { ...GAUGES, states });
  for (const name of names) metrics.versions.of(name, '1').calls.asked++;
  const { find } = await scraped(metrics);
  const calls = find('celsiusify_calls_made_total');
  t.equal(calls.length, 101);
  t.match(calls.at(-1), { labels: 'model="other",model_version="other"', value: 900 });
  const seen = find('celsiusify_version_state');
  t.equal(seen.length, 201);
  t.match(seen.at(-1), {
    labels: 'model="other",model_version="other",state="AVAILABLE",code="OK"',
    value: 800,
  });
});
