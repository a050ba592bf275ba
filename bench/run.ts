import { copyFileSync, existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf } from '../function/errors.ts';
import type { LoadClient } from './clients/client.ts';
import { formatGlance } from './engine/glance.ts';
import { findTargets as findServers, prepare } from './engine/prepare.ts';
import { describe } from './environment.ts';
import { readFigures } from './figures.ts';
import { readSizes } from './loads/image-size.ts';
import { questions } from './loads/table.ts';
import { modelFile } from './model-files.ts';
import type { RunOptions } from './options.ts';
import {
  type Bench,
  type Known,
  notMeasured,
  type Pinning,
  type Question,
  type Ready,
  type Step,
  type Tools,
} from './plan.ts';
import { duration, seconds } from './progress.ts';
import { runSteps, startedAt } from './steps.ts';
import { CLUSTER_FILES, Store } from './store.ts';
import { formatSummary, formatTable } from './table.ts';
import { onPath } from './targets/found.ts';
import { targets as allTargets } from './targets/table.ts';
import type { Target } from './targets/target.ts';
import { makeVenv } from './venv.ts';

/** Below this, giving cores to one side takes them from a server that can use them all. */
const CORES_TO_PIN = 4;

/** Measures. @returns the exit code: 1 when an answer was wrong, 130 after Ctrl-C */
export async function run(root: string, options: RunOptions, args: readonly string[]): Promise<number> {
  const say = (line: string) => process.stderr.write(`bench: ${line}\n`);
  const { settings, modelSettings, mode } = options;
  if (options.imageSizes !== null) readSizes(options.imageSizes);
  const asked = askedOf(options);
  const chosen = allTargets.filter(({ id }) => options.targets?.includes(id) ?? true);
  const { ready, missing } = await findTargets(root, options, chosen, say);
  const ofModels = await findModelTargets(root, options, asked);
  const tools = await findTools(root, asked, say);
  const models = { settings: modelSettings, models: options.models, ready: ofModels.ready };
  const known = { settings, tools, targets: [...ready.keys()], models };
  const steps = asked.flatMap((question) => question.steps(known));
  const folder = resolve(root, options.out);
  say(`${planText(asked, known.targets, steps)}; into ${options.out}`);
  for (const { id, reason } of [...missing, ...ofModels.missing]) say(`not measured: ${id}: ${reason}`);
  if (options.planOnly) {
    process.stdout.write(planTable(asked, known));
    return 0;
  }
  const serving = ofModels.ready.length > 0 ? asked : [];
  const needed = [...new Set(serving.flatMap((question) => question.models?.(options.models) ?? []))];
  const prepared = await prepare(root, needed, ofModels.ready, say);

  const plan = JSON.stringify([
    mode,
    settings,
    modelSettings,
    steps.map(({ id }) => id),
    [...ready].map(([id, { found }]) => [id, found.facts]),
    prepared.digests,
  ]);
  const store = new Store(folder, plan, mode, options.fresh);
  const started = startedAt(store);
  if (!store.isDone('missing')) {
    const rowsOf = (of: typeof missing, questions: readonly Question[]) =>
      of.flatMap(({ id, reason }) =>
        questions.filter((q) => q.targets.includes(id)).map((q) => notMeasured(q.name, id, '', reason)),
      );
    const [others, own] = partition(asked, (question) => question.ofModels === true);
    const rows = [...rowsOf(missing, others), ...rowsOf(ofModels.missing, own)];
    store.add('missing', 0, { rows, logs: [] });
  }
  const pinning = pinningOf(options);
  const environment = () => {
    const about = {
      root,
      mode,
      settings,
      modelSettings,
      tools,
      pinning,
      targets: chosen,
      ready,
      args,
      started,
    };
    const measured = { elapsed_s: store.elapsed_s, threads: threadsIn(store) };
    return describe({ ...about, ...measured, ofModels: prepared.environment() });
  };
  const benchOf = (client: LoadClient, signal: AbortSignal): Bench => ({
    ...{ root, settings, ready, tools, pinning, client, store, signal, imageSizes: options.imageSizes },
    models: {
      ...{ root, settings: modelSettings, client, signal, ...prepared.hand },
      ...{ wrk: tools.wrk, h2load: onPath('h2load'), first: false, cpus: pinning },
      rows: (file) => store.rows(modelFile(file)),
    },
  });
  const whole = await runSteps({ store, steps, clientCpus: pinning.client, say, benchOf, environment });
  if (!whole) return 130;
  copyCluster(options.cluster, store.partial);
  const notMeasuredRows = store.rows('not-measured');
  const voided = notMeasuredRows.filter(({ reason }) => /^\d* ?wrong answer/.test(String(reason)));
  store.finish(environment());
  process.stdout.write(`${mode === 'full' ? '' : `${mode} run: these figures are not for the report\n`}`);
  process.stdout.write(`${formatSummary(readFigures(folder), chosen)}\n`);
  const glance = formatGlance(join(folder, 'models'));
  if (glance !== null) process.stdout.write(`\n${glance}\n`);
  for (const { question, target, condition, reason } of voided)
    say(`void: ${question} ${target} ${condition}: ${reason}`);
  if (notMeasuredRows.length > 0)
    say(`${notMeasuredRows.length} lines in not-measured.csv say what is missing and why`);
  say(`done in ${duration(store.elapsed_s)}: ${options.out}`);
  return voided.length > 0 ? 1 : 0;
}

/** Those that are not so, and those that are. */
function partition<T>(items: readonly T[], is: (item: T) => boolean): [T[], T[]] {
  return [items.filter((item) => !is(item)), items.filter(is)];
}

/** The questions to ask, those that others build on included. */
function askedOf({ only }: RunOptions): Question[] {
  const named = questions.filter((q) => (only === null ? !q.onlyWhenNamed : only.includes(q.name)));
  const needed = new Set(named.flatMap((q) => q.needs ?? []));
  return questions.filter((q) => named.includes(q) || needed.has(q.name));
}

async function findTargets(
  root: string,
  options: RunOptions,
  chosen: readonly Target[],
  say: (line: string) => void,
) {
  const where = { root, tfServing: options.tfServing, images: options.images, urls: options.urls, say };
  const ready = new Map<string, Ready>();
  const missing: { id: string; reason: string }[] = [];
  for (const target of chosen) {
    const found = await target.find(where);
    if (typeof found === 'string') missing.push({ id: target.id, reason: found });
    else ready.set(target.id, { target, found });
  }
  return { ready, missing };
}

/** Targets that serve real models, as far as a question asks them. */
async function findModelTargets(root: string, options: RunOptions, asked: readonly Question[]) {
  const wanted = asked.flatMap(({ ofModels, targets }) => (ofModels ? targets : []));
  const ids = [...new Set(wanted)].filter((id) => options.targets?.includes(id) ?? true);
  const { tfServing, newest } = options;
  return findServers(root, { targets: ids, against: null, tfServing, newest, env: {} });
}

async function findTools(
  root: string,
  asked: readonly Question[],
  say: (line: string) => void,
): Promise<Tools> {
  const wrk = onPath('wrk');
  if (wrk === null) say('no wrk on PATH: closed loops are by autocannon alone');
  if (!asked.some(({ name }) => name === 'locust')) return { wrk, locust: null };
  try {
    const bin = await makeVenv(root, 'locust', join(root, 'locust/requirements.txt'), say);
    return { wrk, locust: join(bin, 'locust') };
  } catch (error) {
    say(messageOf(error));
    return { wrk, locust: null };
  }
}

function pinningOf({ pinServer, pinClient }: RunOptions): Pinning {
  const cores = availableParallelism();
  if (pinServer !== null || pinClient !== null)
    return { server: pinServer, client: pinClient, reason: 'chosen on the command line' };
  if (cores < CORES_TO_PIN) {
    const reason = `${cores} cores: a core of its own for the client would take it from servers with several threads`;
    return { server: null, client: null, reason: `${reason}, so all share all cores, every target alike` };
  }
  const first = cores - Math.max(1, Math.floor(cores / 4));
  const reason = 'a quarter of the cores for the client, the others for the server, every target alike';
  return { server: `0-${first - 1}`, client: `${first}-${cores - 1}`, reason };
}

function planText(asked: readonly Question[], targets: readonly string[], steps: readonly Step[]): string {
  const names = asked.map(({ name }) => name).join(', ');
  return `${asked.length} questions (${names}) to ${targets.length} targets, ${steps.length} steps, ${duration(seconds(steps))}`;
}

/** The same by question, with the time of each. */
function planTable(asked: readonly Question[], known: Known): string {
  const rows = asked.map((question) => {
    const steps = question.steps(known);
    return [question.name, question.title, `${steps.length}`, duration(seconds(steps))];
  });
  return `${formatTable([['question', 'what', 'steps', 'time'], ...rows])}\n`;
}

function threadsIn(store: Store): Map<string, number> {
  const idle = store.rows('memory').filter(({ state }) => state === 'idle');
  return new Map(idle.map(({ target, threads }) => [String(target), Number(threads)]));
}

function copyCluster(from: string | null, to: string): void {
  if (from === null) return;
  for (const name of CLUSTER_FILES) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
}
