import { loadYaml } from '@kubernetes/client-node';
import t from 'tap';
import { Metrics } from '../function/telemetry/metrics.ts';
import { createRegistry } from '../function/telemetry/prometheus.ts';
import { alertRules, alerts, dashboard, panels } from './monitoring.ts';

interface Exposed {
  /** Series name → label names. */
  readonly labels: Map<string, Set<string>>;
}

/** What a server that has answered once says at /metrics. */
async function exposed(): Promise<Exposed> {
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
  const body = await createRegistry(metrics).metrics();
  const labels = new Map<string, Set<string>>();
  for (const [, name = '', inside = ''] of body.matchAll(/^([a-z_]+)(?:\{([^}]*)\})? /gm)) {
    const names = labels.get(name) ?? new Set();
    for (const [, label = ''] of inside.matchAll(/(\w+)="/g)) names.add(label);
    labels.set(name, names);
  }
  return { labels };
}

/** Labels that Prometheus adds to what it scrapes. */
const ADDED = ['job', 'instance', 'pod', 'namespace'];
const SERIES = /\b((?:http|celsiusify|process)_[a-z_]+)(?:\{([^}]*)\})?/g;

t.test('the dashboard and the alerts ask for what /metrics has', async (t) => {
  const { labels } = await exposed();
  const expressions = [
    ...panels.flatMap(({ series }) => Object.values(series)),
    ...alertRules.map(({ expr }) => expr),
  ];
  const asked = new Set<string>();
  for (const expression of expressions) {
    for (const [, name = '', selector = ''] of expression.matchAll(SERIES)) {
      asked.add(name);
      const known = labels.get(name);
      t.ok(known, `${name} is there`);
      for (const [, label = ''] of selector.matchAll(/(\w+)!?=/g)) {
        t.ok(known?.has(label) || ADDED.includes(label), `${name} has the label ${label}`);
      }
    }
    for (const [, list = ''] of expression.matchAll(/by \(([^)]*)\)/g)) {
      for (const label of list.split(', ')) {
        t.ok(ADDED.includes(label) || [...labels.values()].some((names) => names.has(label)), `by ${label}`);
      }
    }
  }
  for (const name of labels.keys()) {
    if (/_(sum|count)$/.test(name)) continue;
    t.ok(asked.has(name), `${name} is looked at`);
  }
});

t.test('the rules are YAML that says what to do', async (t) => {
  const rules: { groups: { rules: { annotations: { description: string } }[] }[] } = loadYaml(alerts());
  t.equal(rules.groups[0]?.rules.length, alertRules.length);
  for (const { annotations } of rules.groups[0]?.rules ?? []) t.match(annotations.description, /\S/);
});

t.test('the dashboard has each panel in a place of its own', async (t) => {
  const { panels: placed }: { panels?: { gridPos: { x: number; y: number } }[] } = dashboard();
  const places = new Set(placed?.map(({ gridPos }) => `${gridPos.x},${gridPos.y}`));
  t.equal(places.size, panels.length);
});
