import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FatalError } from '../../function/errors.ts';
import { LoadClient } from '../clients/client.ts';
import { git, machine, shown } from '../environment.ts';
import { makeModels, readExpected, type SavedModel } from '../models/saved.ts';
import { duration, Progress, seconds } from '../progress.ts';
import { Store } from '../store.ts';
import { onPath } from '../targets/found.ts';
import { makeVenv } from '../venv.ts';
import type { RunOptions } from './options.ts';
import { parts } from './parts/table.ts';
import type { Bench, Example, Known, Ready } from './plan.ts';
import { goFirst } from './priority.ts';
import { columns } from './schema.ts';
import { formatSummary } from './summary.ts';
import { targets } from './targets.ts';

/** Measures. @returns the exit code: 1 when something was not measured, 130 after Ctrl-C */
export async function run(root: string, options: RunOptions, args: readonly string[]): Promise<number> {
  const say = (line: string) => process.stderr.write(`bench: ${line}\n`);
  const { settings, mode } = options;
  const chosen = parts.filter(({ name, onlyWhenNamed }) => options.only?.includes(name) ?? !onlyWhenNamed);
  const { ready, missing } = await findTargets(root, options);
  for (const { id, reason } of missing) say(`not measured: ${id}: ${reason}`);
  if (ready.length === 0) throw new FatalError('nothing to measure');
  const known: Known = { settings, models: options.models, ready };
  const steps = chosen.flatMap((part) => part.steps(known));
  const names = chosen.map(({ name }) => name).join(', ');
  const ids = ready.map(({ target }) => target.id).join(', ');
  say(`${names}; ${ids}; ${steps.length} steps, ${duration(seconds(steps))}; into ${options.out}`);
  if (options.planOnly) return 0;

  const models = new Set(chosen.flatMap((part) => part.models(options.models)));
  await makeModels(root, [...models], say);
  const python = ready.some(({ program }) => program === null)
    ? join(await makeVenv(root, 'models', join(root, 'model/requirements.txt'), say), 'python')
    : '';
  const folder = resolve(root, options.out);
  const digests = ready.map(({ target, program }) => [target.id, program?.digest ?? null]);
  const plan = JSON.stringify([
    mode,
    options.first,
    settings,
    options.env,
    steps.map(({ id }) => id),
    digests,
  ]);
  const store = new Store(folder, plan, mode, options.fresh, columns);
  const left = steps.filter(({ id }) => !store.isDone(id));
  if (left.length < steps.length)
    say(`going on: ${steps.length - left.length} of ${steps.length} steps were done before`);
  const started = startedAt(join(store.partial, 'started'));
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
    env: options.env,
    models: [...models].map((name) => ({ ...readExpected(root, name), examples: undefined })),
    targets: ready.map(({ target, program }) => {
      const { id, label, tolerance } = target;
      return { id, label, tolerance, ...versionOf(program), ...commandOf(root, program) };
    }),
  });

  const stopped = new AbortController();
  const onSignal = () => stopped.abort(new Error('stopped'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const progress = new Progress(process.stderr, steps, left);
  const goBack = options.first ? goFirst(process.pid) : () => {}; // clients, probes and Python are children
  const client = await LoadClient.start();
  stopped.signal.addEventListener('abort', () => client.stop());
  const bench: Bench = {
    ...{ root, settings, client, python, signal: stopped.signal },
    wrk: onPath('wrk'),
    h2load: onPath('h2load'),
    first: options.first,
    examples: exampleReader(root),
    inputOf: (model) => readExpected(root, model).input,
  };
  try {
    for (const step of left) {
      progress.begin(step);
      const measured = await step.run(bench);
      stopped.signal.throwIfAborted(); // an aborted load may look like a server's failure
      store.add(step.id, progress.end(), measured);
    }
  } catch (error) {
    store.write(environment());
    progress.close();
    if (!stopped.signal.aborted) throw error;
    say(
      `stopped; ${store.doneSteps} of ${steps.length} steps are kept in ${store.partial}. The same command goes on.`,
    );
    return 130;
  } finally {
    progress.close();
    client.stop();
    goBack();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  const lost = store.rows('not-measured');
  store.finish(environment());
  process.stdout.write(`${formatSummary(folder)}\n`);
  for (const { part, model, target, condition, reason } of lost)
    say(`void: ${part} ${model} ${target} ${condition}: ${reason}`);
  say(`done in ${duration(store.elapsed_s)}: ${options.out}`);
  return lost.length > 0 ? 1 : 0;
}

async function findTargets(root: string, options: RunOptions) {
  const { against, tfServing, env } = options;
  const ready: Ready[] = [];
  const missing: { id: string; reason: string }[] = [];
  for (const target of targets.filter(({ id }) => options.targets.includes(id))) {
    if (target.kind === 'python') {
      ready.push({ target, program: null });
      continue;
    }
    const program = await target.find({ root, against, tfServing, env });
    if (typeof program === 'string') missing.push({ id: target.id, reason: program });
    else ready.push({ target, program });
  }
  return { ready, missing };
}

/** Each model's examples are read once: bodies of pictures are megabytes. */
function exampleReader(root: string): (model: SavedModel) => readonly Example[] {
  const read = new Map<SavedModel, readonly Example[]>();
  return (model) => {
    const known = read.get(model) ?? examplesIn(root, model);
    read.set(model, known);
    return known;
  };
}

function examplesIn(root: string, model: SavedModel): Example[] {
  return readExpected(root, model).examples.map(({ request, response }) => ({
    body: JSON.stringify(request),
    answer: JSON.stringify(response),
    rows: Array.isArray(request.instances) ? request.instances.length : null,
  }));
}

function versionOf(program: Ready['program']) {
  return { version: program?.version ?? null, digest: program?.digest ?? null };
}

function commandOf(root: string, program: Ready['program']) {
  if (program === null) return { command: 'bench/engine/python_baseline.py', environment: {} };
  const { argv, env } = program.command(
    { name: 'MODEL', folder: join(root, '.cache/models/MODEL') },
    8501,
    8500,
  );
  const environment = Object.entries(env).map(([name, value]) => [name, shown(root, value)]);
  return {
    command: argv.map((arg) => shown(root, arg)).join(' '),
    environment: Object.fromEntries(environment),
  };
}

/** When this run was started first, before any Ctrl-C. */
function startedAt(file: string): string {
  if (!existsSync(file)) writeFileSync(file, new Date().toISOString());
  return readFileSync(file, 'utf8');
}
