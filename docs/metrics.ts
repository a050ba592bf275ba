import { Metrics } from '../function/telemetry/metrics.ts';
import { createRegistry } from '../function/telemetry/prometheus.ts';
import { table } from './sections.ts';

/** What a server that has answered once says at /metrics. */
export async function sampleScrape(): Promise<string> {
  const zero = () => 0;
  const states = () => [{ model: 'celsius', version: '1', state: 'AVAILABLE', code: 'OK' }];
  const gauges = { queueRows: zero, calls: zero, threads: zero, threadsBusy: zero, inFlight: zero, states };
  const metrics = new Metrics(
    { run_id: 'x', version: '1', revision: 'r' },
    { ...gauges, coldStart: new Map([['model', 1]]) },
  );
  metrics.route('predict').record(200, 0.001);
  const meter = metrics.versions.of('celsius', '1');
  meter.loadSeconds = 1;
  meter.loads.set('DATA_LOSS', 1);
  meter.calls.parsed(0.001);
  meter.calls.queued(0.001);
  meter.calls.ran(0.001, 1);
  return createRegistry(metrics).metrics();
}

/** Series name → label names, of a scrape. */
export function labelsOf(scrape: string): Map<string, Set<string>> {
  const labels = new Map<string, Set<string>>();
  for (const [, name = '', inside = ''] of scrape.matchAll(/^([a-z_]+)(?:\{([^}]*)\})? /gm)) {
    const names = labels.get(name) ?? new Set();
    for (const [, label = ''] of inside.matchAll(/(\w+)="/g)) names.add(label);
    labels.set(name, names);
  }
  return labels;
}

/** All metrics of a scrape, with their own words. */
export function metricsTable(scrape: string): string {
  const labels = labelsOf(scrape);
  const types = new Map([...scrape.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  const rows = [...scrape.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name = '', help = '']) => {
    const type = types.get(name) ?? '';
    const of = labels.get(type === 'histogram' ? `${name}_count` : name) ?? [];
    return [`\`${name}\``, type, [...of].map((label) => `\`${label}\``).join(', '), help];
  });
  return table(
    ['Metric', 'Type', 'Labels', 'What it is'],
    rows.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  );
}
