import { column, type Figure, figure, type Source, type Unit } from '../bench/report/figures.ts';
import { format, formatApart, formatInterval } from '../bench/report/format.ts';
import { compare, MODELS, modelFile, modelQuestions } from '../bench/report/models.ts';
import {
  BESIDE,
  counted,
  type Kept,
  limitOf,
  mustText,
  NOT_NUMBERS,
  promises,
} from '../bench/report/promises.ts';
import {
  advantage,
  closedLoop,
  coldStart,
  headlineClient,
  OURS,
  type Question,
  questions,
} from '../bench/report/questions.ts';
import type { Results } from '../bench/report/results.ts';
import { table } from './sections.ts';

const RIVALS = [
  { id: 'tf-serving', name: 'TensorFlow Serving' },
  { id: 'tf-serving-tuned', name: 'TensorFlow Serving, tuned' },
  { id: 'fastapi', name: 'FastAPI + TensorFlow' },
] as const;

/** What the README compares: enough to decide whether to read the report. */
const ASKED = ['rps-1', 'rps-32', 'rps-128', 'p99-32', 'cpu-32', 'cold', 'rss', 'anonymous'];

export function notMeasured(): string {
  return '*Not measured yet: `npm run bench` writes `results/`, and `npm run docs` puts its figures here.*';
}

export function plot(): string {
  return '![How many times better Celsiusify is than each other server, by question](results/plots/answer.svg)';
}

/** The one figure as a sentence, then the table of ratios. */
export function measuredTable(results: Results): string {
  const asked = questions(results).filter(({ id }) => ASKED.includes(id));
  const there = RIVALS.filter(({ id }) => asked.some((question) => advantage(results, question, id)));
  const rows = asked.map((question) => [
    question.label,
    said(figure(results, question.of(OURS), question.unit)),
    ...there.map(({ id }) => ratio(advantage(results, question, id))),
  ]);
  const absent = RIVALS.filter((rival) => !there.includes(rival)).map(({ name }) => name);
  return [
    headline(results, asked),
    modelsTable(results),
    'celsius alone, the smallest model there is:',
    table(['', 'Celsiusify', ...there.map(({ name }) => `better than ${name}`)], rows),
    `Median of the ratios within each repeat, and the interval around it: above 1 Celsiusify is better. ${origin(results)}${
      absent.length === 0 ? '' : ` Not measured: ${absent.join(', ')}.`
    }`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What real models are compared by: REST and gRPC, speed, tail, CPU and memory. */
const OF_MODELS = [
  /^requests\/s, 1 client$/,
  /^requests\/s, 8 clients$/,
  /^p99 latency/,
  /^CPU time per answer/,
  /^most memory ever held/,
  /^gRPC, 8 clients$/,
] as const;
const HEAD = ['requests/s, 1 client', '8 clients', 'p99', 'CPU time', 'most memory', 'gRPC, 8 clients'];

/** Each real model against TensorFlow Serving's best setting in that question. */
function modelsTable(results: Results): string {
  const asked = modelQuestions(results);
  const rows = MODELS.filter(([model]) => results.rows(modelFile(results, 'load'), { model }).length > 0).map(
    ([model, name]) => [
      name,
      ...OF_MODELS.map((label) => {
        const question = asked.find((one) => one.model === model && label.test(one.label));
        const found = question && compare(results, question, question.serving);
        return ratio(found?.ratio);
      }),
    ],
  );
  if (rows.length === 0) return '';
  return `Real models, times better than TensorFlow Serving in its best setting for each figure (below 1: TensorFlow Serving is better):\n\n${table(['', ...HEAD], rows)}`;
}

/** Every comparison that was promised before it was measured. */
export function promisesTable(results: Results): string {
  const all = promises(results);
  const count = (verdict: Kept['verdict']) => counted(all, verdict);
  const rows = all.map(({ promised, figure: found, total, verdict, close, from }) => [
    `#${promised.issue}`,
    promised.beside ? `*beside it:* ${promised.what}` : promised.what,
    `${mustText(promised)}${promised.unit === 'ms' ? ' ms' : ''}`,
    total !== undefined
      ? format(total.value, promised.unit)
      : found === undefined
        ? '–'
        : `${formatApart(found.median, found.unit, limitOf(promised.must))}${found.n > 1 ? ` (${formatInterval(found)})` : ''}`,
    `${verdict === 'missed' ? '**missed**' : verdict}${close ? ', close' : ''}`,
    from === '' ? '' : `results/${from}`,
  ]);
  return `Met: ${count('met')}. Missed: ${count('missed')}. Not measured: ${count('not measured')}. “Close”: the interval holds the limit. ${BESIDE}\n\n${table(['Issue', 'What', 'Must be', 'Is', '', 'From'], rows)}\n\n${NOT_NUMBERS}`;
}

function headline(results: Results, asked: readonly Question[]): string {
  const throughput = asked.find(({ id }) => id === 'rps-32');
  const found = throughput && advantage(results, throughput, 'tf-serving');
  if (!found) return '';
  return `**${format(found.median, '×')} the requests per second of TensorFlow Serving** with the same model on the same machine, over 32 connections.`;
}

/** Where the figures are from; a run that is not a full one says so. */
function origin(results: Results): string {
  const { machine, started, targets } = results.environment;
  const serving = targets.find(({ id }) => id === 'tf-serving');
  const built =
    serving?.measured && serving.how !== 'image'
      ? ' TensorFlow Serving was not the official image, whose start and memory may differ.'
      : '';
  const mode = results.mode === 'full' ? '' : ` **A ${results.mode} run: not to be trusted.**`;
  return `Measured on ${machine.cores} cores of ${machine.cpu}, ${started.slice(0, 10)}.${built}${mode}`;
}

const ratio = (found: Figure | undefined) =>
  found === undefined ? 'not measured' : `**${format(found.median, '×')}** (${formatInterval(found, false)})`;

const said = (found: Figure | undefined) =>
  found === undefined ? 'not measured' : format(found.median, found.unit);

/** What an operator sizes by. */
export function sizing(results: Results): string {
  const client = headlineClient(results);
  const wanted: readonly (readonly [string, Source, Unit])[] = [
    [
      'requests/s of one process, 32 connections',
      closedLoop(OURS, client, 32, 'requests_per_s'),
      'requests/s',
    ],
    ['CPU time of one request', closedLoop(OURS, client, 32, 'cpu_us_per_request'), 'µs'],
    ['resident memory after 1,000 requests', memory('thousand', 'rss_bytes'), 'bytes'],
    ['its anonymous part', memory('thousand', 'anonymous_bytes'), 'bytes'],
    ['resident memory under load', memory('loaded', 'rss_bytes'), 'bytes'],
    ['its anonymous part', memory('loaded', 'anonymous_bytes'), 'bytes'],
    [
      'process start to first right answer, files in the page cache',
      coldStart(OURS, 'warm', 'first_answer'),
      'ms',
    ],
    ['the same, files not in the page cache', coldStart(OURS, 'cold', 'first_answer'), 'ms'],
  ];
  const rows = wanted.map(([label, source, unit]) => {
    const found = figure(results, source, unit);
    return [label, said(found), found === undefined ? '' : formatInterval(found)];
  });
  return `${table(['Figure', 'Median', 'Interval'], rows)}\n\n${origin(results)}`;
}

const IMAGES = [
  [
    'celsiusify-celsius',
    'celsius',
    'Node, its C++ library and glibc; TensorFlow’s libraries with the binding; the server; its health check, `check.mjs` for `helm test`, and `freeze.mjs`; licences of all of them; the celsius model',
  ],
  ['celsiusify', 'celsiusify', 'the same without a model'],
  ['celsius-locust', 'celsius-locust', 'Python on Debian, with its shell; Locust; the locustfile'],
] as const;

/** What images hold and take. */
export function imagesTable(results: Results): string {
  const rows = IMAGES.map(([target, name, holds]) => {
    const said = (compression: string, name: string) => {
      const source = column('image-size.csv', { target, compression }, name);
      const found = figure(results, source, 'bytes');
      return found === undefined ? 'not measured' : format(found.median, found.unit);
    };
    const packed = ['gzip', 'zstd'].map((compression) => said(compression, 'compressed_bytes'));
    return [`\`${name}\``, holds, ...packed, said('zstd', 'uncompressed_bytes')];
  });
  return table(['Image', 'What is in it', 'gzip', 'zstd', 'unpacked'], rows);
}

function memory(state: string, name: string): Source {
  return column('memory.csv', { target: OURS, state }, name);
}
