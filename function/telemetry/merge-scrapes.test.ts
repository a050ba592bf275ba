import t from 'tap';
import { sampleScrape } from '../../docs/metrics.ts';
import { mergeScrapes } from './merge-scrapes.ts';

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

t.test('a scrape of the server', async (t) => {
  const scrape = await sampleScrape();
  const sortedLines = (text: string) => text.split('\n').filter(Boolean).sort();
  t.same(sortedLines(mergeScrapes([scrape])), sortedLines(scrape), 'one is as it was');
  const merged = mergeScrapes([scrape, scrape]);
  for (const line of [
    'http_requests_total{route="predict",status="200"} 2',
    'http_request_duration_seconds_count{route="predict"} 2',
    'celsiusify_batch_rows_bucket{le="1",model="celsius",model_version="1"} 2',
    'celsiusify_version_state{model="celsius",model_version="1",state="AVAILABLE",code="OK"} 1',
    'celsiusify_version_load_seconds{model="celsius",model_version="1"} 1',
    'celsiusify_cold_start_seconds{phase="model"} 1',
    'celsiusify_info{run_id="x",version="1",revision="r"} 1',
  ])
    t.ok(merged.includes(`${line}\n`), line);
});
