import { describe, figure, type Source } from './figures.ts';
import { closedLoop } from './questions.ts';
import type { Results } from './results.ts';

/** Nobody runs servers at their very limit: how much of an instance's most is planned with. */
export const PLANNED_SHARE = 0.75;

export interface Instances {
  readonly count: number;
  readonly bytes: number;
  readonly rule: string;
}

/**
 * Instances that a rate takes: each as measured (one process tree on this machine), at 75 % of its closed-loop
 * requests/s over 32 connections, holding the memory that it held at the end of that load.
 */
export function instancesFor(
  results: Results,
  target: string,
  client: string,
  rate: number,
): Instances | undefined {
  const perSecond = closedLoop(target, client, 32, 'requests_per_s');
  const memory = closedLoop(target, client, 32, 'rss_bytes');
  const found = figure(results, perSecond, 'requests/s');
  const bytes = figure(results, memory, 'bytes');
  if (found === undefined || bytes === undefined) return undefined;
  const count = Math.ceil(rate / (PLANNED_SHARE * found.median));
  return { count, bytes: count * bytes.median, rule: instancesRule(rate, perSecond, memory) };
}

function instancesRule(rate: number, perSecond: Source, memory: Source) {
  return `instances = ceil(${rate} / (${PLANNED_SHARE} × median ${describe(perSecond)})); bytes = instances × median ${describe(memory)}`;
}

export interface MemoryLimit {
  readonly bytes: number;
  readonly rule: string;
}

/** The smallest limit whose rows, and those of all larger limits, are `ok`; undefined where none is or none was tried. @param model a real one; without it celsius */
export function smallestLimit(results: Results, target: string, model?: string): MemoryLimit | undefined {
  const file = model === undefined ? 'memory-limit.csv' : 'models/memory-limit.csv';
  const where = model === undefined ? { target } : { model, target };
  const rows = results.rows(file, where).filter((row) => row.limit_bytes !== '');
  const limits = [...new Set(rows.map((row) => Number(row.limit_bytes)))].sort((a, b) => b - a);
  let smallest: number | undefined;
  for (const limit of limits) {
    if (rows.some((row) => Number(row.limit_bytes) === limit && row.outcome !== 'ok')) break;
    smallest = limit;
  }
  const rule = `smallest limit_bytes of ${file}[${model === undefined ? '' : `model=${model} `}target=${target}] with outcome ok in all its rows and those of all larger limits`;
  return smallest === undefined ? undefined : { bytes: smallest, rule };
}
