import { column, divide, type Figure, figure, type Source, type Unit } from './figures.ts';
import { bestOf, SERVING, type Side } from './models.ts';
import type { Results } from './results.ts';

/** A comparison that an issue promised before it was measured. */
export interface Promised {
  readonly issue: number;
  readonly what: string;
  readonly must: Must;
  /** As the figure is written. */
  readonly unit: Unit;
  /** Where the figure may be from, the best first: this run, or what was measured before. */
  readonly of: readonly ((results: Results) => Source | undefined)[];
  /** Of several rows rather than of their median. */
  readonly sum?: boolean;
}

/** What it has to be at least or at most. */
export type Must = { readonly atLeast: number } | { readonly atMost: number };

export interface Kept {
  readonly promised: Promised;
  readonly verdict: 'met' | 'missed' | 'not measured';
  /** Undefined where nobody measured it. */
  readonly figure: Figure | undefined;
  readonly total: { readonly value: number; readonly rule: string } | undefined;
  /** Folder or file of the figure, such as `engine/load.csv`. */
  readonly from: string;
  /** The interval holds the limit, so that another run may say otherwise. */
  readonly close: boolean;
}

const OURS = 'celsiusify';
const REAL = [
  ['encoder', 'encoder'],
  ['mobilenet_v2', 'MobileNetV2'],
  ['resnet50', 'ResNet-50'],
] as const;

type Where = Readonly<Record<string, string | number>>;

/** A column of a file in one folder or another. */
function either(file: string, where: Where, name: string): Promised['of'] {
  return ['models', 'engine'].map((folder) => () => column(`${folder}/${file}.csv`, where, name));
}

/** A column over another one, both of one folder. */
function over(file: string, where: Where, name: string, below: Where, belowName = name): Promised['of'] {
  return ['models', 'engine'].map((folder) => () => {
    const path = `${folder}/${file}.csv`;
    return divide(column(path, where, name), column(path, below, belowName));
  });
}

/** Over TensorFlow Serving's best setting: that with the best median. */
function overBest(model: string, clients: number, name: string, better: 'higher' | 'lower'): Promised['of'] {
  return ['models/load.csv', 'engine/load.csv'].map((path) => overBestIn(path, model, clients, name, better));
}

function overBestIn(
  path: string,
  model: string,
  clients: number,
  name: string,
  better: 'higher' | 'lower',
  ours = OURS,
  theirs: readonly string[] = SERVING,
) {
  return (results: Results): Source | undefined => {
    const sides: Side[] = theirs.map((target) => ({
      target,
      source: column(path, { model, target, clients }, name),
    }));
    const best = bestOf(results, sides, better);
    return best && divide(column(path, { model, target: ours, clients }, name), best.source);
  };
}

interface Shape {
  readonly rows: number;
  readonly connections: number;
  readonly streams: number;
}

const GRPC = ['tf-serving-grpc', 'grpc'] as const;

/** The same question in this run's file and in the two of the version before. */
function protocols(
  model: string,
  shape: Shape,
  name: string,
  ours: string,
  theirs: readonly [string, string] = GRPC,
): Promised['of'] {
  const { rows, connections, streams } = shape;
  const now = (target: string, protocol: string) =>
    column('models/protocols.csv', { model, target, protocol, ...shape }, name);
  const before = (target: string, protocol: string) =>
    model === 'celsius'
      ? column('protocols/grpc.csv', { target, protocol, connections, streams }, name)
      : column('protocols/pictures.csv', { target, protocol, pictures: rows }, name);
  return [now, before].map((of) => () => divide(of(OURS, ours), of(...theirs)));
}

function promise(
  issue: number,
  what: string,
  must: Must,
  unit: Unit,
  of: Promised['of'],
  sum = false,
): Promised {
  return { issue, what, must, unit, of, sum };
}

const atMost = (value: number): Must => ({ atMost: value });
const atLeast = (value: number): Must => ({ atLeast: value });
const load = (model: string, clients: number, target = OURS): Where => ({ model, target, clients });
const probe = { target: OURS, path: '/healthz' };
const celsius = (target: string, connections: number) => ({ target, connections });
const one = (connections: number, streams = 1, rows = 1): Shape => ({ rows, connections, streams });

const ENGINE: readonly Promised[] = [
  ...(['p99_ms', 'max_ms'] as const).map((name) =>
    promise(
      16,
      `GET /healthz, 32 clients of ResNet-50, ${name === 'p99_ms' ? 'p99' : 'max'}`,
      atMost(name === 'p99_ms' ? 20 : 100),
      'ms',
      either('probes', { ...probe, model: 'resnet50', during: 'load', clients: 32 }, name),
    ),
  ),
  ...(['p99_ms', 'max_ms'] as const).map((name) =>
    promise(
      16,
      `GET /healthz while a model of 1 GB loads, ${name === 'p99_ms' ? 'p99' : 'max'}`,
      atMost(name === 'p99_ms' ? 20 : 100),
      'ms',
      either('probes-loading', { ...probe, model: 'big', during: 'loading' }, name),
    ),
  ),
  ...REAL.map(([model, label]) =>
    promise(
      16,
      `p99 ÷ p50, 32 clients, ${label}`,
      atMost(1.6),
      '×',
      over('load', load(model, 32), 'p99_ms', load(model, 32), 'p50_ms'),
    ),
  ),
  ...REAL.map(([model, label], i) =>
    promise(
      16,
      `requests/s, 8 clients ÷ one thread of Python, ${label}`,
      atLeast([1.8, 2.2, 2.2][i] ?? 0),
      '×',
      over('load', load(model, 8), 'requests_per_s', { model, target: 'python' }),
    ),
  ),
  ...REAL.map(([model, label], i) =>
    promise(
      16,
      `requests/s, 8 clients ÷ TensorFlow Serving’s best, ${label}`,
      atLeast([1.4, 1.5, 1.2][i] ?? 0),
      '×',
      overBest(model, 8, 'requests_per_s', 'higher'),
    ),
  ),
  ...REAL.map(([model, label], i) =>
    promise(
      16,
      `requests/s, 8 clients, bfloat16 ÷ TensorFlow Serving’s best, its bfloat16 included, ${label}`,
      atLeast([1.5, 1.5, 2.5][i] ?? 0),
      '×',
      [
        overBestIn('engine/bfloat16.csv', model, 8, 'requests_per_s', 'higher', 'celsiusify-bfloat16', [
          ...SERVING,
          'tf-serving-bfloat16',
        ]),
      ],
    ),
  ),
  ...REAL.map(([model, label], i) =>
    promise(
      16,
      `one client’s p50 ÷ TensorFlow Serving’s best, ${label}`,
      atMost([0.6, 0.6, 0.8][i] ?? 0),
      '×',
      overBest(model, 1, 'p50_ms', 'lower'),
    ),
  ),
  ...[1, 32, 128].map((connections) =>
    promise(
      16,
      `celsius, requests/s ÷ the commit before, ${connections} connections`,
      atLeast(0.98),
      '×',
      over('celsius', celsius(OURS, connections), 'requests_per_s', celsius('before', connections)),
    ),
  ),
  ...(
    [
      ['first_answer_ms', 'start'],
      ['rss_bytes', 'resident memory'],
      ['anonymous_bytes', 'anonymous memory'],
    ] as const
  ).map(([name, label]) =>
    promise(
      16,
      `celsius, ${label} ÷ the commit before`,
      atMost(1),
      '×',
      over('start', { model: 'celsius', target: OURS }, name, { model: 'celsius', target: 'before' }),
    ),
  ),
  ...(['resnet50', 'mobilenet_v2'] as const).flatMap((model) => [
    promise(
      16,
      `memory, 32 clients ÷ TensorFlow Serving’s, ${model === 'resnet50' ? 'ResNet-50' : 'MobileNetV2'}`,
      atMost(1),
      '×',
      over('load', load(model, 32), 'rss_bytes', load(model, 32, 'tf-serving')),
    ),
    promise(
      16,
      `… five minutes later, ${model === 'resnet50' ? 'ResNet-50' : 'MobileNetV2'}`,
      atMost(0.9),
      '×',
      over('memory', { model, target: OURS, state: 'rested' }, 'rss_bytes', {
        model,
        target: 'tf-serving',
        state: 'rested',
      }),
    ),
  ]),
  promise(
    16,
    'requests sent around SIGTERM, 16 clients, runs of 0.5 s',
    atLeast(200),
    'count',
    either('drain', { target: OURS }, 'sent'),
    true,
  ),
  promise(
    16,
    'requests lost around SIGTERM',
    atMost(0),
    'count',
    either('drain', { target: OURS }, 'lost'),
    true,
  ),
  promise(
    16,
    '408 answers to uploads of 3 MB, 32 clients',
    atMost(0),
    'count',
    either('uploads', { target: OURS }, 'status_408'),
    true,
  ),
  promise(
    16,
    'a picture as JSON: time on the event loop',
    atMost(0.5),
    'ms',
    either('load', load('mobilenet_v2', 1), 'main_thread_ms_per_request'),
  ),
];

const SWITCHING = (model: string) => `switching/switches-${model}.csv`;

const MODELS_ISSUE: readonly Promised[] = [
  ...(
    [
      ['celsius', '1,000 switches of celsius under 32 clients'],
      ['mobilenet_v2', '20 switches of MobileNetV2 under 8 clients'],
    ] as const
  ).flatMap(([model, label]) => [
    promise(17, `${label}: failed requests`, atMost(0), 'count', [
      () => column(SWITCHING(model), { phase: 'switching' }, 'failed'),
    ]),
    promise(17, `${label}: wrong answers`, atMost(0), 'count', [
      () => column(SWITCHING(model), { phase: 'switching' }, 'wrong'),
    ]),
  ]),
  promise(17, 'memory at rest after the 1,000 switches ÷ before', atMost(1.05), '×', [
    () =>
      divide(
        column('switching/memory-celsius.csv', { state: 'rest', switches: 1000 }, 'rss_bytes'),
        column('switching/memory-celsius.csv', { state: 'rest', switches: 0 }, 'rss_bytes'),
      ),
  ]),
];

const PROTOCOLS_ISSUE: readonly Promised[] = [
  promise(
    18,
    'gRPC, celsius, 1 connection: requests/s ÷ TensorFlow Serving’s',
    atLeast(1.5),
    '×',
    protocols('celsius', one(1), 'requests_per_s', 'grpc'),
  ),
  promise(
    18,
    'gRPC, celsius, 32 connections: requests/s ÷ TensorFlow Serving’s',
    atLeast(2),
    '×',
    protocols('celsius', one(32), 'requests_per_s', 'grpc'),
  ),
  promise(
    18,
    'gRPC, celsius, 4 connections of 32 streams: requests/s ÷ theirs',
    atLeast(2),
    '×',
    protocols('celsius', one(4, 32), 'requests_per_s', 'grpc'),
  ),
  promise(
    18,
    'gRPC, celsius, 32 connections: CPU time ÷ theirs',
    atMost(0.4),
    '×',
    protocols('celsius', one(32), 'cpu_us_per_request', 'grpc'),
  ),
  promise(
    18,
    'a picture by gRPC, 8 clients: requests/s ÷ theirs',
    atLeast(1.5),
    '×',
    protocols('mobilenet_v2', one(8), 'requests_per_s', 'grpc'),
  ),
  promise(
    18,
    'a picture by V2, 8 clients: requests/s ÷ their gRPC',
    atLeast(1.5),
    '×',
    protocols('mobilenet_v2', one(8), 'requests_per_s', 'v2'),
  ),
  promise(
    18,
    '16 pictures by V2: time ÷ JSON’s',
    atMost(0.5),
    '×',
    protocols('mobilenet_v2', one(1, 1, 16), 'mean_ms', 'v2', [OURS, 'rest']),
  ),
  promise(
    18,
    '16 pictures by V2: time ÷ their gRPC’s',
    atMost(0.8),
    '×',
    protocols('mobilenet_v2', one(1, 1, 16), 'mean_ms', 'v2'),
  ),
  promise(
    18,
    'REST, celsius, 32 connections: requests/s ÷ the commit before',
    atLeast(0.98),
    '×',
    over('celsius', celsius(OURS, 32), 'requests_per_s', celsius('before', 32)),
  ),
];

/** All that issues 16, 17 and 18 promised as a number; what they wanted beside it is tested, not measured. */
export const PROMISES: readonly Promised[] = [...ENGINE, ...MODELS_ISSUE, ...PROTOCOLS_ISSUE];

/** Each promise with its figure of the first source that has one. */
export function promises(results: Results): readonly Kept[] {
  return PROMISES.map((promised) => {
    const nothing = { promised, verdict: 'not measured' as const, figure: undefined, total: undefined };
    for (const make of promised.of) {
      const source = make(results);
      const found = source && figure(results, source, promised.unit);
      if (source === undefined || found === undefined) continue;
      const total = promised.sum ? sumOf(results, source) : undefined;
      const value = total?.value ?? found.median;
      return {
        ...{ promised, figure: found, total, from: fileOf(source) },
        verdict: holds(promised.must, value) ? 'met' : 'missed',
        close: total === undefined && holds(promised.must, found.low) !== holds(promised.must, found.high),
      };
    }
    return { ...nothing, from: '', close: false };
  });
}

function holds(must: Must, value: number): boolean {
  return 'atLeast' in must ? value >= must.atLeast : value <= must.atMost;
}

function sumOf(results: Results, source: Source): Kept['total'] {
  if (source.op !== 'column') return undefined;
  const { file, where, column: name } = source;
  const rows = results.rows(file, where);
  const condition = Object.entries(where).map(([key, value]) => `${key}=${value}`);
  return {
    value: rows.reduce((sum, row) => sum + Number(row[name]), 0),
    rule: `sum of ${file}[${condition.join(' ')}].${name}`,
  };
}

function fileOf(source: Source): string {
  if (source.op === 'column') return source.file;
  return source.op === 'constant' ? '' : fileOf(source.a);
}

/** `≥ 1.5`, in the figure's unit. */
export function mustText({ must }: Promised): string {
  return 'atLeast' in must ? `≥ ${must.atLeast}` : `≤ ${must.atMost}`;
}

/** The figure as it is printed, before its interval. */
export const NOT_NUMBERS =
  'What these issues wanted shown without a number (recorded answers, real clients, h2spec, sanitizers, cases) is in the tests and in CHANGELOG.md, not here.';
