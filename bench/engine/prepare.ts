import { join } from 'node:path';
import { shown } from '../environment.ts';
import { makeModels, readExpected, type SavedModel } from '../models/saved.ts';
import { makeVenv } from '../venv.ts';
import type { Bench, Example, Ready } from './plan.ts';
import type { Where } from './target.ts';
import { targets } from './targets.ts';

/** What is there of the targets that were chosen, and why the others are not. */
export async function findTargets(
  root: string,
  { targets: ids, ...where }: Omit<Where, 'root'> & { readonly targets: readonly string[] },
): Promise<{ ready: Ready[]; missing: { id: string; reason: string }[] }> {
  const ready: Ready[] = [];
  const missing: { id: string; reason: string }[] = [];
  for (const target of targets.filter(({ id }) => ids.includes(id))) {
    if (target.kind === 'python') {
      ready.push({ target, program: null });
      continue;
    }
    const program = await target.find({ root, ...where });
    if (typeof program === 'string') missing.push({ id: target.id, reason: program });
    else ready.push({ target, program });
  }
  return { ready, missing };
}

export interface Prepared {
  /** What a run is of, besides its settings: another program makes it another run. */
  readonly digests: readonly (readonly [id: string, digest: string | null])[];
  /** What steps have at hand of it. */
  readonly hand: Pick<Bench, 'python' | 'examples' | 'inputOf'>;
  /** Models and targets, for environment.json. */
  environment(): { models: object[]; targets: object[] };
}

/** Makes models, and Python's environment where a target needs it. @throws {FatalError} when they cannot be had */
export async function prepare(
  root: string,
  models: readonly SavedModel[],
  ready: readonly Ready[],
  say: (line: string) => void,
): Promise<Prepared> {
  await makeModels(root, models, say);
  const python = ready.some(({ program }) => program === null)
    ? join(await makeVenv(root, 'models', join(root, 'model/requirements.txt'), say), 'python')
    : '';
  return {
    digests: ready.map(({ target, program }) => [target.id, program?.digest ?? null] as const),
    hand: { python, examples: exampleReader(root), inputOf: (model) => readExpected(root, model).input },
    environment: () => ({
      models: models.map((name) => ({ ...readExpected(root, name), examples: undefined })),
      targets: ready.map(({ target, program }) => {
        const { id, tolerance } = target;
        const label = program?.label ?? target.label;
        return { id, label, tolerance, ...versionOf(program), ...commandOf(root, program) };
      }),
    }),
  };
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
  const { version = null, digest = null, notes = null } = program ?? {};
  return { version, digest, notes };
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
