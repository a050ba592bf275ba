import hdr from 'hdr-histogram-js';
import t from 'tap';
import { logHead, logLine, newHistogram, percentiles, record } from './histogram.ts';

t.test('percentiles of 1 … 1000 ms', async (t) => {
  const histogram = newHistogram();
  for (let ms = 1; ms <= 1000; ms++) record(histogram, ms);
  const found = percentiles(histogram);
  const want = { p50_ms: 500, p90_ms: 900, p99_ms: 990, p999_ms: 999, max_ms: 1000 };
  for (const name of ['p50_ms', 'p90_ms', 'p99_ms', 'p999_ms', 'max_ms'] as const)
    t.ok(Math.abs((found[name] ?? 0) / want[name] - 1) < 0.0011, `${name} is ${found[name]}`);
});

t.test('fractions of a millisecond are kept', async (t) => {
  const histogram = newHistogram();
  record(histogram, 0.0614);
  t.ok(Math.abs((percentiles(histogram).p50_ms ?? 0) - 0.0614) < 0.0001);
});

t.test('unfinished requests are slower than all others', async (t) => {
  const histogram = newHistogram();
  for (let i = 0; i < 98; i++) record(histogram, 1);
  const found = percentiles(histogram, 2);
  t.ok(Math.abs((found.p90_ms ?? 0) - 1) < 0.001);
  t.ok(found.p99_ms === null && found.max_ms === null);
  t.equal(percentiles(newHistogram()).p50_ms, null);
});

t.test('a log is read again by the library', async (t) => {
  const histogram = newHistogram();
  for (const ms of [0.5, 2, 20_000]) record(histogram, ms);
  const log = `${logHead()}${logLine(histogram, 'connections=32/repeat=1', 1000, 3000)}\n`;
  t.same(hdr.listTags(log), ['connections=32/repeat=1']);
  const read = new hdr.HistogramLogReader(log).nextIntervalHistogram();
  t.equal(read?.totalCount, 3);
  t.ok(Math.abs((read?.maxValue ?? 0) / 1e6 - 20_000) < 20);
});
