import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../../function/errors.ts';
import { MODELS, type SavedModel } from '../models/saved.ts';
import { parts } from './parts/table.ts';
import { full, quick, type Settings } from './settings.ts';
import type { Newest } from './target.ts';
import { targets } from './targets.ts';

const named = parts.filter(({ onlyWhenNamed }) => onlyWhenNamed).map(({ name }) => name);

export const help = `Usage: npm run bench:engine -- [options]        measure, into .cache/bench/engine
       npm run bench:engine -- table [FOLDER]  the tables of a results folder again

Measures models that take milliseconds: requests and latencies under a few clients, probes meanwhile, cores, memory,
starts, drains. Ctrl-C keeps what was measured, and the same command goes on from there.

  --only A,B            measure these parts only (${named.join(', ')} are measured only so)
  --models A,B          default: encoder, mobilenet_v2, resnet50
  --targets A,B         measure these targets only
  --also A,B            measure these targets, too, which are otherwise left out
  --against FOLDER      another checkout of this project, set up there: target "before"
  --env NAME=VALUE      more environment of this checkout's server (repeatable)
  --tf-serving FILE     a tensorflow_model_server program (default: the one on PATH)
  --tf-serving-newest FILE        a newer one beside it: target "tf-serving-newest"
  --tf-serving-newest-build FILE  a line of how that one was built, for environment.json
  --clients A,B         of the loads (default ${full.clients.join(',')})
  --repeat N            repeats (default ${full.repeats}; of starts ${full.starts}, of drains ${full.drains})
  --duration SECONDS    of each load, after its warm-up (default ${full.load_s}; ResNet-50 twice that)
  --rest-minutes N      between a load and the second look at memory (default ${full.rest_minutes})
  --upload-minutes N    of uploads (default ${full.upload_minutes})
  --first               go before everything else on this machine (root): for one that is busy; it hardly moves then
  --quick               one short repeat of everything: figures not to be trusted
  --out FOLDER          default .cache/bench/engine
  --fresh               drop what an interrupted run has left, instead of going on
  --plan                show the plan and the time it takes, and end
  --help

Parts:   ${parts.map(({ name }) => name).join(', ')}
Models:  ${MODELS.join(', ')}
Targets: ${targets.map(({ id }) => id).join(', ')}
`;

export interface RunOptions {
  readonly command: 'run';
  readonly mode: 'full' | 'quick';
  readonly settings: Settings;
  /** Names of parts; null: all but those that are measured only by name. */
  readonly only: readonly string[] | null;
  readonly models: readonly SavedModel[];
  readonly targets: readonly string[];
  readonly against: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly tfServing: string | null;
  readonly newest: Newest | null;
  readonly out: string;
  readonly first: boolean;
  readonly fresh: boolean;
  readonly planOnly: boolean;
}

export type Options =
  | RunOptions
  | { readonly command: 'table'; readonly folder: string }
  | { readonly command: 'help' };

const OUT = '.cache/bench/engine';
const flags = {
  only: { type: 'string' },
  models: { type: 'string', default: 'encoder,mobilenet_v2,resnet50' },
  targets: { type: 'string' },
  also: { type: 'string', default: '' },
  against: { type: 'string' },
  env: { type: 'string', multiple: true },
  'tf-serving': { type: 'string' },
  'tf-serving-newest': { type: 'string' },
  'tf-serving-newest-build': { type: 'string' },
  clients: { type: 'string' },
  repeat: { type: 'string' },
  duration: { type: 'string' },
  'rest-minutes': { type: 'string' },
  'upload-minutes': { type: 'string' },
  first: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  out: { type: 'string', default: OUT },
  fresh: { type: 'boolean', default: false },
  plan: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** @throws {FatalError} with exit code 2 for anything that is not as `help` says */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const [command = 'run', ...folders] = positionals;
  if (values.help) return { command: 'help' };
  if (command === 'table' && folders.length <= 1) return { command, folder: folders[0] ?? OUT };
  if (command !== 'run' || folders.length > 0)
    throw new FatalError(`unknown command ${positionals.join(' ')}: see --help`, 2);
  const ids = targets.map(({ id }) => id);
  const usual = targets.filter(({ onlyWhenNamed }) => !onlyWhenNamed).map(({ id }) => id);
  const chosen = values.targets === undefined ? usual : list('--targets', values.targets, ids);
  const also = values.also === '' ? [] : list('--also', values.also, ids);
  const names = parts.map(({ name }) => name);
  return {
    command,
    mode: values.quick ? 'quick' : 'full',
    settings: settingsOf(values),
    only: values.only === undefined ? null : list('--only', values.only, names),
    models: list('--models', values.models, MODELS),
    targets: ids.filter((id) => chosen.includes(id) || also.includes(id)),
    against: values.against ?? null,
    env: Object.fromEntries((values.env ?? []).map(pair)),
    tfServing: values['tf-serving'] ?? null,
    newest: newestOf(values),
    out: values.out,
    first: values.first,
    fresh: values.fresh,
    planOnly: values.plan,
  };
}

/** What both benches' options say of a newer TensorFlow Serving. @throws {FatalError} when it is told how and not where */
export function newestOf(values: {
  readonly 'tf-serving-newest'?: string | undefined;
  readonly 'tf-serving-newest-build'?: string | undefined;
}): Newest | null {
  const file = values['tf-serving-newest'];
  const build = values['tf-serving-newest-build'] ?? null;
  if (file !== undefined) return { file, build };
  if (build !== null)
    throw new FatalError('--tf-serving-newest-build: give --tf-serving-newest FILE, too', 2);
  return null;
}

function settingsOf(values: ReturnType<typeof parse>['values']): Settings {
  const base = values.quick ? quick : full;
  const numbers = {
    repeats: optional('--repeat', values.repeat, whole),
    starts: optional('--repeat', values.repeat, whole),
    drains: optional('--repeat', values.repeat, whole),
    protocol_repeats: optional('--repeat', values.repeat, whole),
    load_s: optional('--duration', values.duration, positive),
    rest_minutes: optional('--rest-minutes', values['rest-minutes'], positive),
    upload_minutes: optional('--upload-minutes', values['upload-minutes'], positive),
    clients: optional('--clients', values.clients, (flag, text) =>
      text.split(',').map((item) => whole(flag, item)),
    ),
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(given) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true, strict: true });
  } catch (error) {
    throw new FatalError(`${messageOf(error)}: see --help`, 2);
  }
}

function list<T extends string>(flag: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((item) => {
    const found = known.find((name) => name === item.trim());
    if (found === undefined) throw new FatalError(`${flag} ${item}: choose from ${known.join(', ')}`, 2);
    return found;
  });
}

function optional<T>(
  flag: string,
  text: string | undefined,
  read: (flag: string, text: string) => T,
): T | undefined {
  return text === undefined ? undefined : read(flag, text);
}

function positive(flag: string, text: string): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number)))
    throw new FatalError(`${flag} ${text}: give a number above 0`, 2);
  return number;
}

function whole(flag: string, text: string): number {
  const number = positive(flag, text);
  if (!Number.isInteger(number)) throw new FatalError(`${flag} ${text}: give a whole number`, 2);
  return number;
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new FatalError(`--env ${text}: give NAME=VALUE`, 2);
  return [text.slice(0, at), text.slice(at + 1)];
}
