import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../function/errors.ts';
import { newestOf } from './engine/options.ts';
import { beside, type Settings as ModelSettings, quickBeside } from './engine/settings.ts';
import type { Newest } from './engine/target.ts';
import { targets as modelTargets } from './engine/targets.ts';
import { modelQuestions } from './loads/models.ts';
import { questions } from './loads/table.ts';
import { MODELS, type SavedModel } from './models/saved.ts';
import { full, quick, type Settings } from './settings.ts';
import { targets } from './targets/table.ts';

export const help = `Usage: npm run bench -- [options]              measure, into results/
       npm run bench -- compare A B [options]  what changed from results folder A to B
       npm run bench -- table [FOLDER]         medians and intervals of a results folder (default: results)

Measures Celsiusify next to TensorFlow Serving, FastAPI and a no-op server. Ctrl-C keeps what was measured, and the
same command goes on from there. Only a whole run with neither --quick, --only nor --targets writes to results/.

  --quick               less than three minutes, every question, figures not to be trusted; into .cache/bench/quick.
                        The first time Python environments come on top, a minute or two each. No servers in Python
  --only A,B            ask these questions only (models: all about real models); into .cache/bench/partial
  --targets A,B         measure these targets only; into .cache/bench/partial
  --models A,B          real models (default: encoder, mobilenet_v2, resnet50, text)
  --out FOLDER          write results to this folder
  --fresh               drop what an interrupted run has left, instead of going on
  --plan                show the plan and the time it takes, and end
  --repeat N            repeats of each load (default ${full.repeats} or ${full.side_repeats})
  --duration SECONDS    of each load, after its warm-up (default ${full.load_s}; of an open loop twice that)
  --soak-minutes N      of the soak (default ${full.soak_minutes}; asked only by --only soak)
  --tf-serving FILE     a tensorflow_model_server program (default: the one on PATH)
  --tf-serving-newest FILE        a newer one beside it, for real models: target tf-serving-newest
  --tf-serving-newest-build FILE  a line of how that one was built: the report says it
  --image TARGET=IMAGE  run celsiusify, tf-serving or fastapi from this image, by docker (repeatable)
  --url TARGET=URL      measure a server that is already running (repeatable)
  --pin-server CPUS     where servers may run, as taskset takes it, for example 0-3
  --pin-client CPUS     where clients may run
  --image-sizes FILE    sizes of images, as JSON from node image/sizes.ts
  --cluster FOLDER      copy the cluster tests' CSV files from here
  --help

compare:
  --against TARGET      compare ratios to this target instead of plain figures, for example floor: what the machine
                        does to all targets alike then cancels out
  --threshold SHARE     smaller changes than this are noise, whatever the interval says (default 0.03)
  --all                 list figures within noise, too
  --fail-on-regression  exit with 1 when a figure is worse

Questions: ${questions.map(({ name }) => name).join(', ')}
Targets:   ${targets.map(({ id }) => id).join(', ')}
`;

export interface RunOptions {
  readonly command: 'run';
  readonly mode: 'full' | 'partial' | 'quick';
  readonly settings: Settings;
  readonly modelSettings: ModelSettings;
  /** Real models. */
  readonly models: readonly SavedModel[];
  /** Names of questions; null: all but those that are asked only by name. */
  readonly only: readonly string[] | null;
  /** Those that serve real models included; null: all. */
  readonly targets: readonly string[] | null;
  readonly out: string;
  readonly fresh: boolean;
  readonly planOnly: boolean;
  readonly tfServing: string | null;
  readonly newest: Newest | null;
  readonly images: ReadonlyMap<string, string>;
  readonly urls: ReadonlyMap<string, string>;
  readonly pinServer: string | null;
  readonly pinClient: string | null;
  readonly imageSizes: string | null;
  readonly cluster: string | null;
}

export interface CompareOptions {
  readonly command: 'compare';
  readonly before: string;
  readonly after: string;
  readonly against: string | null;
  readonly threshold: number;
  readonly all: boolean;
  readonly failOnRegression: boolean;
}

export type Options =
  | RunOptions
  | CompareOptions
  | { readonly command: 'table'; readonly folder: string }
  | { readonly command: 'help' };

/** Models that are measured unless others are chosen, and with --quick. */
const SERVED: readonly string[] = ['encoder', 'mobilenet_v2', 'resnet50', 'text'];
const QUICK_SERVED: readonly string[] = ['encoder'];

/** What --quick leaves out: servers with other flags, and those in Python, which want a TensorFlow of their own each. */
const LEFT_OUT: readonly string[] = [
  ...['tf-serving-tuned', 'fastapi', 'fastapi-2-workers'],
  ...['tf-serving-one', 'tf-serving-batching', 'tf-serving-newest', 'celsiusify-batching'],
  ...['bentoml', 'python'],
];

/** Short for all questions about real models. */
const MODELS_ALL = 'models';

const flags = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  targets: { type: 'string' },
  models: { type: 'string' },
  out: { type: 'string' },
  fresh: { type: 'boolean', default: false },
  plan: { type: 'boolean', default: false },
  repeat: { type: 'string' },
  duration: { type: 'string' },
  'soak-minutes': { type: 'string' },
  'tf-serving': { type: 'string' },
  'tf-serving-newest': { type: 'string' },
  'tf-serving-newest-build': { type: 'string' },
  image: { type: 'string', multiple: true },
  url: { type: 'string', multiple: true },
  'pin-server': { type: 'string' },
  'pin-client': { type: 'string' },
  'image-sizes': { type: 'string' },
  cluster: { type: 'string' },
  against: { type: 'string' },
  threshold: { type: 'string', default: '0.03' },
  all: { type: 'boolean', default: false },
  'fail-on-regression': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** @throws {FatalError} with exit code 2 for anything that is not as `help` says */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const [command = 'run', ...folders] = positionals;
  if (values.help) return { command: 'help' };
  if (command === 'table' && folders.length <= 1) return { command, folder: folders[0] ?? 'results' };
  if (command === 'compare') {
    const [before, after, ...rest] = folders;
    if (before === undefined || after === undefined || rest.length > 0)
      throw new FatalError('compare needs two results folders', 2);
    return {
      command,
      before,
      after,
      against: values.against === undefined ? null : oneOf('--against', values.against, targetIds()),
      threshold: positive('--threshold', values.threshold),
      all: values.all,
      failOnRegression: values['fail-on-regression'],
    };
  }
  if (command !== 'run' || folders.length > 0)
    throw new FatalError(`unknown command ${positionals.join(' ')}: see --help`, 2);
  const only =
    values.only === undefined
      ? null
      : list('--only', values.only, [...questions.map(({ name }) => name), MODELS_ALL]).flatMap((name) =>
          name === MODELS_ALL ? modelQuestions.map((question) => question.name) : name,
        );
  const ofModels = modelTargets.map(({ id }) => id);
  const chosen =
    values.targets === undefined ? null : list('--targets', values.targets, [...targetIds(), ...ofModels]);
  const plain = [...targetIds(), ...ofModels].filter((id) => !LEFT_OUT.includes(id));
  const chosenModels = values.models === undefined ? null : list('--models', values.models, MODELS);
  const all = only === null && chosen === null && chosenModels === null;
  const chosenMode = all ? 'full' : 'partial';
  const mode = values.quick ? 'quick' : chosenMode;
  const base = values.quick ? quick : full;
  const modelBase = values.quick ? quickBeside : beside;
  const repeats = values.repeat === undefined ? null : whole('--repeat', values.repeat);
  const duration = values.duration === undefined ? null : positive('--duration', values.duration);
  return {
    command,
    mode,
    settings: {
      ...base,
      ...(repeats !== null && { repeats, side_repeats: repeats }),
      load_s: duration ?? base.load_s,
      open_load_s: duration === null ? base.open_load_s : duration * 2,
      payload_s: duration === null ? base.payload_s : duration / 2,
      soak_minutes:
        values['soak-minutes'] === undefined
          ? base.soak_minutes
          : whole('--soak-minutes', values['soak-minutes']),
    },
    modelSettings: { ...modelBase, ...(repeats !== null && { repeats, protocol_repeats: repeats }) },
    models: MODELS.filter((name) => (chosenModels ?? (values.quick ? QUICK_SERVED : SERVED)).includes(name)),
    only,
    targets: chosen ?? (values.quick ? plain : null),
    out: values.out ?? (mode === 'full' ? 'results' : `.cache/bench/${mode}`),
    fresh: values.fresh,
    planOnly: values.plan,
    tfServing: values['tf-serving'] ?? null,
    newest: newestOf(values),
    images: pairs('--image', values.image ?? []),
    urls: pairs('--url', values.url ?? []),
    pinServer: values['pin-server'] ?? null,
    pinClient: values['pin-client'] ?? null,
    imageSizes: values['image-sizes'] ?? null,
    cluster: values.cluster ?? null,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true, strict: true });
  } catch (error) {
    throw new FatalError(`${messageOf(error)}: see --help`, 2);
  }
}

function targetIds(): string[] {
  return targets.map(({ id }) => id);
}

function oneOf(flag: string, value: string, known: readonly string[]): string {
  if (!known.includes(value)) throw new FatalError(`${flag} ${value}: choose from ${known.join(', ')}`, 2);
  return value;
}

function list(flag: string, value: string, known: readonly string[]): string[] {
  return value.split(',').map((item) => oneOf(flag, item.trim(), known));
}

function positive(flag: string, value: string): number {
  const number = Number(value);
  if (!(number > 0 && Number.isFinite(number)))
    throw new FatalError(`${flag} ${value}: give a number above 0`, 2);
  return number;
}

function whole(flag: string, value: string): number {
  const number = positive(flag, value);
  if (!Number.isInteger(number)) throw new FatalError(`${flag} ${value}: give a whole number`, 2);
  return number;
}

function pairs(flag: string, values: readonly string[]): Map<string, string> {
  const servers = ['celsiusify', 'tf-serving', 'fastapi'];
  return new Map(
    values.map((value) => {
      const [name = '', ...rest] = value.split('=');
      if (rest.length === 0) throw new FatalError(`${flag} ${value}: give TARGET=…`, 2);
      return [oneOf(flag, name, servers), rest.join('=').replace(/\/$/, '')];
    }),
  );
}
