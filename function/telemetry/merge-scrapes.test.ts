import t from 'tap';
import { mergeScrapes } from './merge-scrapes.ts';
import { Metrics } from './metrics.ts';
import { createRegistry } from './prometheus.ts';

const head = (name: string, type: string) => `# HELP ${name} Words.\n# TYPE ${name} ${type}\n`;

for (const { name, scrapes, merged } of [
  {
    name: 'counters and histograms are added up, series by series',
    scrapes: [
      `${head('n_total', 'counter')}n_total{route="a b",status="200"} 1\nn_total{route="}\\" 1"} 2\n`,
      `${head('n_total', 'counter')}n_total{route="}\\" 1"} 3.5\nn_total{route="c"} 4\n`,
    ],
    merged: `${head('n_total', 'counter')}n_total{route="a b",status="200"} 1\nn_total{route="}\\" 1"} 5.5\nn_total{route="c"} 4\n`,
  },
  {
    name: 'what the process has once is the largest',
    scrapes: ['10', '12.5', '11'].map(
      (value) => `${head('process_cpu_seconds_total', 'counter')}process_cpu_seconds_total ${value}\n`,
    ),
    merged: `${head('process_cpu_seconds_total', 'counter')}process_cpu_seconds_total 12.5\n`,
  },
  {
    name: 'the share of its time that a loop is busy stays a share',
    scrapes: ['1', '2'].map(
      (value) =>
        `${head('celsiusify_event_loop_active_seconds_total', 'counter')}celsiusify_event_loop_active_seconds_total ${value}\n`,
    ),
    merged: `${head('celsiusify_event_loop_active_seconds_total', 'counter')}celsiusify_event_loop_active_seconds_total 1.5\n`,
  },
  {
    name: 'a metric that only one has keeps its place',
    scrapes: [
      `${head('a', 'gauge')}a 1\n${head('b', 'gauge')}b 1\n`,
      `${head('b', 'gauge')}b 1\n${head('c', 'gauge')}c 0\n`,
    ],
    merged: `${head('a', 'gauge')}a 1\n${head('b', 'gauge')}b 2\n${head('c', 'gauge')}c 0\n`,
  },
  {
    name: 'OpenMetrics: exemplars stay, and it has one end',
    scrapes: [
      `${head('h', 'histogram')}h_bucket{le="1"} 0\n# EOF\n`,
      `${head('h', 'histogram')}h_bucket{le="1"} 2 # {trace_id="x"} 0.5 1.5\n# EOF\n`,
    ],
    merged: `${head('h', 'histogram')}h_bucket{le="1"} 2 # {trace_id="x"} 0.5 1.5\n# EOF\n`,
  },
]) {
  t.test(name, async (t) => t.equal(mergeScrapes(scrapes), merged));
}

/** Of a server that has answered once. */
function scrapeOfOne(): Promise<string> {
  const zero = () => 0;
  const states = () => [{ model: 'm', version: '1', state: 'AVAILABLE', code: 'OK' }];
  const gauges = {
    queueRows: zero,
    calls: zero,
    threads: () => 2,
    threadsBusy: zero,
    inFlight: zero,
    states,
  };
  const metrics = new Metrics({ run_id: 'x' }, { ...gauges, coldStart: new Map([['model', 1]]) });
  metrics.route('predict').record(200, 0.001);
  const meter = metrics.versions.of('m', '1');
  meter.loadSeconds = 1;
  meter.loads.set('OK', 1);
  meter.calls.ran(0.001, 1);
  return createRegistry(metrics).metrics();
}

t.test('a scrape of the server', async (t) => {
  const scrape = await scrapeOfOne();
  const lines = scrape.split('\n');
  t.equal(mergeScrapes([scrape]), scrape.replaceAll('\n\n', '\n'), 'one is as it was');
  const merged = mergeScrapes([scrape, scrape]);
  const once = lines.filter((line) =>
    /^(?:process_|celsiusify_(?:info|cold_start|event_loop|version_))/.test(line),
  );
  t.equal(once.length, 12, 'of two, what the process has once');
  for (const line of [
    ...once,
    'http_requests_total{route="predict",status="200"} 2',
    'http_request_duration_seconds_count{route="predict"} 2',
    'celsiusify_batch_rows_bucket{le="1",model="m",model_version="1"} 2',
    'celsiusify_threads 4',
  ])
    t.ok(merged.includes(`${line}\n`), line);
});
