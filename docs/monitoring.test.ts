import { loadYaml } from '@kubernetes/client-node';
import t from 'tap';
import { labelsOf, sampleScrape } from './metrics.ts';
import { alertRules, alerts, dashboard, panels } from './monitoring.ts';

/** Labels that Prometheus adds to what it scrapes. */
const ADDED = ['job', 'instance', 'pod', 'namespace'];
const SERIES = /\b((?:http|celsiusify|process)_[a-z_]+)(?:\{([^}]*)\})?/g;

t.test('the dashboard and the alerts ask for what /metrics has', async (t) => {
  const labels = labelsOf(await sampleScrape());
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
