import { resolve } from 'node:path';
import { FatalError } from '../../function/errors.ts';
import type { LoadClient } from '../clients/client.ts';
import { machine, shown } from '../environment.ts';
import { git } from '../git.ts';
import { duration, seconds } from '../progress.ts';
import { runSteps, startedAt } from '../steps.ts';
import { Store } from '../store.ts';
import { onPath } from '../targets/found.ts';
import type { RunOptions } from './options.ts';
import { parts } from './parts/table.ts';
import type { Bench, Known, Part } from './plan.ts';
import { findTargets, prepare } from './prepare.ts';
import { goFirst } from './priority.ts';
import { columns } from './schema.ts';
import { formatSummary } from './summary.ts';

/** Measures. @returns the exit code: 1 when something was not measured, 130 after Ctrl-C */
export async function run(root: string, options: RunOptions, args: readonly string[]): Promise<number> {
  const say = (line: string) => process.stderr.write(`bench: ${line}\n`);
  const { settings, mode } = options;
  const chosen = chosenOf(options);
  const { ready, missing } = await findTargets(root, options);
  for (const { id, reason } of missing) say(`not measured: ${id}: ${reason}`);
  if (ready.length === 0) throw new FatalError('nothing to measure');
  const known: Known = { settings, models: options.models, ready };
  const steps = chosen.flatMap((part) => part.steps(known));
  const names = chosen.map(({ name }) => name).join(', ');
  const ids = ready.map(({ target }) => target.id).join(', ');
  say(`${names}; ${ids}; ${steps.length} steps, ${duration(seconds(steps))}; into ${options.out}`);
  if (options.planOnly) return 0;

  const models = [...new Set(chosen.flatMap((part) => part.models(options.models)))];
  const prepared = await prepare(root, models, ready, say);
  const folder = resolve(root, options.out);
  const { first, env } = options;
  const plan = JSON.stringify([mode, first, settings, env, steps.map(({ id }) => id), prepared.digests]);
  const store = new Store(folder, plan, mode, options.fresh, columns);
  const started = startedAt(store);
  const environment = () => ({
    schema: 1,
    mode,
    started,
    finished: new Date().toISOString(),
    elapsed_s: Math.round(store.elapsed_s),
    command: ['npm run bench:engine --', ...args.map((arg) => shown(root, arg))].join(' '),
    commit: git(root, ['rev-parse', 'HEAD']),
    dirty: git(root, ['status', '--porcelain', '--untracked-files=no']) !== '',
    machine: machine(),
    node: process.versions.node,
    settings,
    env,
    ...prepared.environment(),
  });
  const goBack = first ? goFirst(process.pid) : () => {}; // clients, probes and Python are children
  try {
    const benchOf = (client: LoadClient, signal: AbortSignal): Bench => ({
      ...{ root, settings, client, signal, first, ...prepared.hand },
      ...{ wrk: onPath('wrk'), h2load: onPath('h2load'), cpus: { server: null, client: null } },
      rows: (file) => store.rows(file),
    });
    if (!(await runSteps({ store, steps, clientCpus: null, say, benchOf, environment }))) return 130;
  } finally {
    goBack();
  }
  const lost = store.rows('not-measured');
  store.finish(environment());
  process.stdout.write(`${formatSummary(folder)}\n`);
  for (const { part, model, target, condition, reason } of lost)
    say(`void: ${part} ${model} ${target} ${condition}: ${reason}`);
  say(`done in ${duration(store.elapsed_s)}: ${options.out}`);
  return lost.length > 0 ? 1 : 0;
}

/** The parts to measure, those that others build on included. */
function chosenOf({ only }: RunOptions): Part[] {
  const named = parts.filter(({ name, onlyWhenNamed }) => only?.includes(name) ?? !onlyWhenNamed);
  const needed = new Set(named.flatMap(({ needs = [] }) => needs));
  return parts.filter((part) => named.includes(part) || needed.has(part.name));
}
