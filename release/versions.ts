import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');

/** Folders of helm/ that are published. */
export const CHARTS = ['celsius', 'kserve', 'locust'] as const;

/** Each place that names the version of Celsiusify, and how it is found there. */
const PLACES: readonly (readonly [string, RegExp])[] = [
  ['package.json', /"version": "([^"]+)"/],
  ['package-lock.json', /"version": "([^"]+)"/],
  ...CHARTS.flatMap((chart): [string, RegExp][] => [
    [`helm/${chart}/Chart.yaml`, /^version: (\S+)/m],
    [`helm/${chart}/Chart.yaml`, /^appVersion: "?([^"\s]+)/m],
  ]),
  ['Dockerfile', /^ARG VERSION=(\S+)/m],
  ['locust/Dockerfile', /^ARG VERSION=(\S+)/m],
  ['tf-serving/Dockerfile', /^ARG VERSION=(\S+)/m],
];

export const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

export function versionOf(pattern: RegExp, file: string): string {
  return pattern.exec(read(file))?.[1] ?? 'none';
}

/** package.json's. */
export const version = (): string => versionOf(/"version": "([^"]+)"/, 'package.json');

/** One line for each place that names another version than package.json. */
export function disagreements(): string[] {
  const wanted = version();
  return PLACES.map(([file, pattern]) => ({ file, pattern, found: versionOf(pattern, file) }))
    .filter(({ found }) => found !== wanted)
    .map(
      ({ file, pattern, found }) =>
        `${file} says ${found} where package.json says ${wanted} (${pattern.source})`,
    );
}
