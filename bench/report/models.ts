import { column, divide, type Figure, figure, type Source, type Unit } from './figures.ts';
import { OURS as CELSIUS_OURS, closedLoop, headlineClient } from './questions.ts';
import type { Results } from './results.ts';

/** Of the files about real models, where Celsiusify is one target. */
export const OURS = 'celsiusify';

/** TensorFlow Serving's settings whose answers have all digits. */
export const SERVING: readonly string[] = ['tf-serving', 'tf-serving-one', 'tf-serving-batching'];

/** A newer TensorFlow Serving beside these, whose library is of Celsiusify's age. */
export const NEWEST = 'tf-serving-newest';

/** Targets of load.csv that are no servers in Python. */
const OTHERS = new Set(['python', 'floor', 'before']);

/** Models in the report's order, with their names. */
export const MODELS: readonly (readonly [string, string])[] = [
  ['encoder', 'encoder'],
  ['mobilenet_v2', 'MobileNetV2'],
  ['resnet50', 'ResNet-50'],
  ['text', 'text'],
];

export function nameOf(model: string): string {
  return MODELS.find(([id]) => id === model)?.[1] ?? model;
}

/** A file of this run's real models; where it is not there, what bench:engine had measured before. */
export function modelFile(results: Results, name: string): string {
  const own = `models/${name}.csv`;
  return results.rows(own).length > 0 ? own : `engine/${name}.csv`;
}

/** Different values of a column, as numbers from small to large. */
export function valuesOf(results: Results, file: string, where: Record<string, string>, name: string) {
  const values = results.rows(file, where).map((row) => Number(row[name]));
  return [...new Set(values)].filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
}

export function loadOf(results: Results, model: string, clients: number, name: string) {
  const file = modelFile(results, 'load');
  return (target: string): Source => column(file, { model, target, clients }, name);
}

/** The probe of a load; each server has the path that a cluster would ask. */
export function probeOf(results: Results, model: string, clients: number, name: string) {
  const file = modelFile(results, 'probes');
  const during = { model, during: 'load', clients };
  return (target: string): Source => {
    const path = results.rows(file, { ...during, target })[0]?.path ?? '';
    return column(file, { ...during, target, path }, name);
  };
}

/** Servers in Python with any row in load.csv. */
export function pythonServers(results: Results): readonly string[] {
  const there = new Set(results.rows(modelFile(results, 'load')).map((row) => row.target ?? ''));
  return [...there]
    .filter((target) => !OTHERS.has(target) && !/^(celsiusify|tf-serving)/.test(target))
    .sort();
}

/** One thing that a model's servers are compared by. */
export interface ModelQuestion {
  readonly model: string;
  readonly label: string;
  readonly better: 'higher' | 'lower';
  readonly unit: Unit;
  readonly ours: Source;
  /** Who stands for TensorFlow Serving, and for Python; those without a row fall away. */
  readonly serving: readonly Side[];
  readonly python: readonly Side[];
  /** The newest TensorFlow Serving: in no plot, but in the box of page 1. */
  readonly newest?: readonly Side[];
  /** In the plot of page 1; all others count for its box only. */
  readonly shown: boolean;
}

export interface Side {
  readonly target: string;
  readonly source: Source;
}

/** How many times better Celsiusify is than the best of some sides: that with the best median of all. */
export interface Compared {
  readonly target: string;
  readonly ratio: Figure;
  readonly theirs: Figure;
}

export function bestOf(
  results: Results,
  sides: readonly Side[],
  better: 'higher' | 'lower',
): Side | undefined {
  const sign = better === 'higher' ? 1 : -1;
  const found = sides.flatMap((side) => {
    const value = figure(results, side.source, 'count');
    return value === undefined ? [] : [{ side, value: sign * value.median }];
  });
  return found.toSorted((a, b) => b.value - a.value)[0]?.side;
}

export function compare(
  results: Results,
  question: Pick<ModelQuestion, 'better' | 'unit' | 'ours'>,
  sides: readonly Side[],
): Compared | undefined {
  const best = bestOf(results, sides, question.better);
  if (best === undefined) return undefined;
  const { ours } = question;
  const source = question.better === 'higher' ? divide(ours, best.source) : divide(best.source, ours);
  const ratio = figure(results, source, '×');
  const theirs = figure(results, best.source, question.unit);
  // A load too short for a single answer has no ratio.
  return ratio === undefined || theirs === undefined || ratio.low <= 0
    ? undefined
    : { target: best.target, ratio, theirs };
}

/** All questions of page 1, model by model; celsius by the files of its own. */
export function modelQuestions(results: Results): readonly ModelQuestion[] {
  return [...ofCelsius(results), ...MODELS.flatMap(([model]) => ofModel(results, model))];
}

/** Makes questions of one model that all of these targets are asked. */
function asking(
  model: string,
  targets: { ours: string; serving: readonly string[]; python: readonly string[]; newest?: string },
) {
  const { ours, serving, python, newest } = targets;
  return (
    label: string,
    better: 'higher' | 'lower',
    unit: Unit,
    of: (target: string) => Source,
    shown = true,
  ): ModelQuestion => {
    const side = (target: string) => ({ target, source: of(target) });
    return {
      ...{ model, label, better, unit, shown, ours: of(ours) },
      serving: serving.map(side),
      python: python.map(side),
      newest: newest === undefined ? [] : [side(newest)],
    };
  };
}

function ofModel(results: Results, model: string): ModelQuestion[] {
  const counts = valuesOf(results, modelFile(results, 'load'), { model, target: OURS }, 'clients');
  const most = counts.at(-1) ?? 8;
  const tail = counts.findLast((count) => count <= 32) ?? 8;
  const by = asking(model, { ours: OURS, serving: SERVING, newest: NEWEST, python: pythonServers(results) });
  const load = (clients: number, name: string) => loadOf(results, model, clients, name);
  const start = modelFile(results, 'start');
  const memory = modelFile(results, 'memory');
  return [
    by(`requests/s, ${plural(1)}`, 'higher', 'requests/s', load(1, 'requests_per_s')),
    by(`requests/s, ${plural(8)}`, 'higher', 'requests/s', load(8, 'requests_per_s')),
    ...(most > 8
      ? [by(`requests/s, ${plural(most)}`, 'higher', 'requests/s', load(most, 'requests_per_s'))]
      : []),
    by(`p99 latency, ${plural(tail)}`, 'lower', 'ms', load(tail, 'p99_ms')),
    by('CPU time per answer, 8 clients', 'lower', 'ms', load(8, 'cpu_ms_per_request')),
    by(`most memory ever held, ${plural(tail)}`, 'lower', 'bytes', load(tail, 'peak_rss_bytes')),
    by(
      `memory at rest`,
      'lower',
      'bytes',
      (target) => column(memory, { model, target, state: 'idle' }, 'rss_bytes'),
      false,
    ),
    by(`health probe’s p99, ${plural(tail)}`, 'lower', 'ms', probeOf(results, model, tail, 'p99_ms'), false),
    by(
      'start to first answer',
      'lower',
      'ms',
      (target) => column(start, { model, target }, 'first_answer_ms'),
      false,
    ),
    ...overProtocols(results, model, { rows: 1, connections: 8, streams: 1 }),
    ...overProtocols(results, model, { rows: 16, connections: 1, streams: 1 }),
    ...besideOthers(results, model),
  ];
}

function plural(clients: number): string {
  return clients === 1 ? '1 client' : `${clients} clients`;
}

export const PROTOCOLS = 'models/protocols.csv';

export function protocolOf(
  model: string,
  target: string,
  protocol: string,
  shape: { readonly rows: number; readonly connections: number; readonly streams: number },
  name: string,
): Source {
  return column(PROTOCOLS, { model, target, protocol, ...shape }, name);
}

/** TensorFlow Serving has no V2: its gRPC is what a caller with binary tensors would take there. */
function overProtocols(
  results: Results,
  model: string,
  shape: { readonly rows: number; readonly connections: number; readonly streams: number },
): ModelQuestion[] {
  const { rows, connections } = shape;
  const serving = protocolOf(model, 'tf-serving-grpc', 'grpc', shape, 'requests_per_s');
  return (['grpc', 'v2'] as const).flatMap((protocol) => {
    const ours = protocolOf(model, OURS, protocol, shape, 'requests_per_s');
    if (figure(results, ours, 'count') === undefined) return [];
    const many = rows === 1 ? plural(connections) : `${rows} rows in a request`;
    return [
      {
        ...{ model, better: 'higher' as const, unit: 'requests/s' as const, ours, python: [] },
        shown: rows === 1 && protocol === 'grpc', // the rest stands in the table of protocols
        label: `${protocol === 'grpc' ? 'gRPC' : 'V2 against gRPC'}, ${many}`,
        serving: [{ target: 'tf-serving-grpc', source: serving }],
      },
    ];
  });
}

/** What large requests are left with while small ones are asked beside them. */
function besideOthers(results: Results, model: string): ModelQuestion[] {
  const file = 'models/mixed.csv';
  const where = { model, role: 'large', beside: 'true' };
  if (results.rows(file, where).length === 0) return [];
  const of = (target: string) => column(file, { ...where, target }, 'requests_per_s');
  return [
    {
      ...{ model, better: 'higher', unit: 'requests/s', ours: of(OURS), python: [], shown: false },
      label: 'large requests/s beside small ones',
      serving: [{ target: 'tf-serving', source: of('tf-serving') }],
    },
  ];
}

function idleConnection(): ModelQuestion {
  const of = (target: string) => column('idle-connections.csv', { target }, 'bytes_per_connection');
  return {
    ...{ model: 'celsius', better: 'lower', unit: 'bytes', ours: of(CELSIUS_OURS), python: [], shown: false },
    label: 'memory of an idle connection',
    serving: [{ target: 'tf-serving', source: of('tf-serving') }],
  };
}

const CELSIUS_SERVING = ['tf-serving', 'tf-serving-tuned'];
const CELSIUS_PYTHON = ['fastapi', 'fastapi-2-workers'];

function ofCelsius(results: Results): ModelQuestion[] {
  const client = headlineClient(results);
  const by = asking('celsius', { ours: CELSIUS_OURS, serving: CELSIUS_SERVING, python: CELSIUS_PYTHON });
  const closed = (connections: number, name: string, by_client: string) => (target: string) =>
    closedLoop(target, by_client, connections, name);
  const memory = (name: string) => (target: string) =>
    column('memory.csv', { target, state: 'thousand' }, name);
  return [
    by('requests/s, 1 client', 'higher', 'requests/s', closed(1, 'requests_per_s', client)),
    by('requests/s, 32 clients', 'higher', 'requests/s', closed(32, 'requests_per_s', client)),
    by('requests/s, 128 clients', 'higher', 'requests/s', closed(128, 'requests_per_s', client)),
    by('p99 latency, 32 clients', 'lower', 'ms', closed(32, 'p99_ms', 'autocannon')),
    by('CPU time per answer, 32 clients', 'lower', 'µs', closed(32, 'cpu_us_per_request', client)),
    by('memory after 1,000 requests', 'lower', 'bytes', memory('rss_bytes')),
    by('… its anonymous part', 'lower', 'bytes', memory('anonymous_bytes')),
    ...overProtocols(results, 'celsius', { rows: 1, connections: 32, streams: 1 }),
    idleConnection(),
  ];
}
