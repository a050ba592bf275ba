import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readResults } from '../bench/report/results.ts';
import { imagesTable, measuredTable, notMeasured, plot, promisesTable, sizing } from './figures.ts';
import { metricsTable, sampleScrape } from './metrics.ts';
import { alerts, dashboard } from './monitoring.ts';
import { differencesTable, fill, optionsTable, type Sections, theirFlagsTable } from './sections.ts';

export const ROOT = join(import.meta.dirname, '..');
const FILES = [
  'README.md',
  'docs/operators.md',
  'docs/options.md',
  'docs/promises.md',
  'docs/tensorflow-serving.md',
];

/** Everything that is generated, by the name of its marker. */
export async function sectionsOf(folder: string): Promise<Sections> {
  const results = existsSync(join(folder, 'environment.json')) ? readResults(folder) : undefined;
  return new Map([
    ['options', optionsTable()],
    ['differences', differencesTable()],
    ['figures', results ? measuredTable(results) : notMeasured()],
    ['images', results ? imagesTable(results) : notMeasured()],
    ['plot', results && existsSync(join(folder, 'plots/answer.svg')) ? plot() : ''],
    ['metrics', metricsTable(await sampleScrape())],
    ['promises', results ? promisesTable(results) : notMeasured()],
    ['their-flags', theirFlagsTable()],
    ['sizing', results ? sizing(results) : notMeasured()],
  ]);
}

/** File → the text it should have. */
export async function documents(folder: string): Promise<ReadonlyMap<string, string>> {
  const sections = await sectionsOf(folder);
  return new Map([
    ...FILES.map((file): [string, string] => [
      file,
      fill(readFileSync(join(ROOT, file), 'utf8'), sections, file),
    ]),
    ['docs/grafana-dashboard.json', `${JSON.stringify(dashboard(), null, 2)}\n`],
    ['docs/alerts.yaml', alerts()],
  ]);
}
