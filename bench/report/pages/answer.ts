import { smallestLimit } from '../cost.ts';
import { column } from '../figures.ts';
import { nameOf } from '../models.ts';
import { type AdvantageLine, advantagePlot } from '../plots/advantage.ts';
import { lookOf } from '../plots/theme.ts';
import {
  advantage,
  clientFor,
  closedLoop,
  coldStart,
  LATENCY_CLIENT,
  OURS,
  type Question,
  questions,
  sidesOf,
  verdict,
} from '../questions.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, cell, get, labelOf, plots, table, targetsIn } from './context.ts';

/** The servers that users have instead, in the order of the plot's columns. */
const RIVALS = ['tf-serving', 'tf-serving-tuned', 'fastapi', 'fastapi-2-workers'];

/** Questions that page 1's plot has, too. */
const ON_PAGE_1 = ['rps-1', 'rps-32', 'rps-128', 'p99-32', 'cpu-32', 'rss', 'anonymous'];

/** What the smallest model tells: the server around a model, in every question and against every rival. */
export async function answerPage(context: Context): Promise<Markup> {
  const { results } = context;
  const asked = questions(results);
  const there = rivalsOf(context, asked);
  const lines: AdvantageLine[] = asked
    .filter(({ id }) => !ON_PAGE_1.includes(id))
    .flatMap((question) => {
      const rivals = there.flatMap((target) => {
        const found = advantage(results, question, target);
        return found === undefined ? [] : [{ target, figure: found }];
      });
      return rivals.length === 0 ? [] : [{ label: question.label, rivals }];
    });
  for (const { rivals } of lines) for (const { figure } of rivals) context.ledger.say(figure);
  return typst`
= celsius: the server around a model
The smallest model there is, one multiplication and one addition, so that what is measured is the server. Page 1 has its throughput, p99, CPU time and memory; here are the other questions, each rival by itself.
${lines.length === 0 ? '' : await ratios(context, lines, there)}
${absolute(context)}
`;
}

function rivalsOf({ results }: Context, asked: readonly Question[]): readonly string[] {
  return RIVALS.filter((rival) =>
    asked.some((question) => advantage(results, question, rival) !== undefined),
  );
}

async function ratios(
  context: Context,
  lines: readonly AdvantageLine[],
  rivals: readonly string[],
): Promise<Markup> {
  const names = rivals.map((rival) => lookOf(rival).name).join(', ');
  const alt = `How many times better Celsiusify is than ${names}, one line for each question; the numbers stand at the right.`;
  const svg = await advantagePlot(lines, rivals, alt);
  const caption = typst`How many times better Celsiusify (`;
  return plots(
    context,
    typst`${caption}#raw(":predict")) is: median of the ratios within each repeat, with its interval. Throughput and CPU by ${context.client}, latency by ${LATENCY_CLIENT}.${notOfficial(context)}`,
    [{ path: 'plots/celsius.svg', svg, alt }],
  );
}

/** The official image's TensorFlow Serving is another build: its start and memory are its own. */
function notOfficial({ results }: Context): Markup {
  const serving = results.environment.targets.find(({ id }) => id === 'tf-serving');
  if (serving?.measured !== true || serving.how === 'image') return typst``;
  return typst` TensorFlow Serving is not the official image: its start and memory say nothing of that one (see Limits).`;
}

/** The figures themselves, one line for each target. */
function absolute(context: Context): Markup {
  const { results, client } = context;
  const targets = targetsIn(results, 'closed-loop.csv');
  const of = (target: string, name: string, unit: 'requests/s' | 'ms' | 'µs') =>
    get(context, closedLoop(target, clientFor(unit, client), 32, name), unit);
  // The two ways to ask Celsiusify are one process: its start and its memory were measured once.
  const process = (target: string) => (target === 'celsiusify-celsius' ? OURS : target);
  const lines = targets.map((target) => [
    labelOf(results, target),
    cell(context, of(target, 'requests_per_s', 'requests/s')),
    ...['p50_ms', 'p99_ms', 'p999_ms'].map((name) => cell(context, of(target, name, 'ms'), 1)),
    cell(context, of(target, 'cpu_us_per_request', 'µs'), 1),
    cell(
      context,
      get(
        context,
        column('memory.csv', { target: process(target), state: 'thousand' }, 'rss_bytes'),
        'bytes',
      ),
    ),
    cell(
      context,
      get(
        context,
        column('memory.csv', { target: process(target), state: 'thousand' }, 'anonymous_bytes'),
        'bytes',
      ),
    ),
    cell(context, get(context, coldStart(process(target), 'warm', 'first_answer'), 'ms')),
  ]);
  return table({
    caption: typst`The figures: 32 connections (${client}, latency ${LATENCY_CLIENT}); memory after 1,000 requests; start with a warm page cache. Below each median its interval.`,
    head: [
      '',
      'requests/s',
      'p50, ms',
      'p99, ms',
      'p99.9, ms',
      'CPU, µs',
      'memory',
      'anonymous',
      'first answer',
    ],
    lines,
    strong: targets.flatMap((target, index) => (target === OURS ? [index] : [])),
  });
}

/** Every question of celsius' plot whose interval lies on the rival's side, or holds 1; `certain` ones have an interval. */
export function celsiusVerdicts(context: Context) {
  const asked = questions(context.results);
  const rivals = rivalsOf(context, asked);
  const found = rivals.map((rival) => ({ rival, ...verdicts(context, asked, rival) }));
  const named = (side: 'worse' | 'even') =>
    found.flatMap(({ rival, [side]: items }) =>
      items.length === 0
        ? []
        : [typst`celsius, *${labelOf(context.results, rival)}*: ${joined(items, '; ')}.`],
    );
  return {
    worse: [...named('worse'), ...rivals.flatMap((rival) => smallerLimit(context, rival))],
    even: named('even'),
    certain: found.reduce((sum, { certain }) => sum + certain, 0),
  };
}

/** The memory limit is searched, not repeated as a whole: it has no interval, and a smaller one is said as it is. */
export function smallerLimit({ results, ledger }: Context, rival: string, model?: string): Markup[] {
  const ours = smallestLimit(results, model === undefined ? OURS : 'celsiusify', model);
  const theirs = smallestLimit(results, rival, model);
  if (ours === undefined || theirs === undefined || theirs.bytes >= ours.bytes) return [];
  const small = ledger.derived(theirs.bytes, 'MiB', theirs.rule);
  const large = ledger.derived(ours.bytes, 'MiB', ours.rule);
  return [
    typst`${model === undefined ? 'celsius' : nameOf(model)}, *${labelOf(results, rival)}*: memory limit at which it keeps its speed (${small} against ${large}).`,
  ];
}

function verdicts(context: Context, asked: readonly Question[], rival: string) {
  const { results, ledger } = context;
  const [worse, even]: [Markup[], Markup[]] = [[], []];
  let certain = 0;
  for (const question of asked) {
    const found = advantage(results, question, rival);
    if (found === undefined) continue;
    const result = verdict(found);
    if (found.n > 1) certain++;
    if (result === 'worse') worse.push(typst`${question.label} ${against(context, question, rival)}`);
    if (result === 'even') even.push(typst`${question.label} (${ledger.say(found)})`);
  }
  return { worse, even, certain };
}

/** `0.80 ms against 1.10 ms`: theirs, ours. */
function against(context: Context, question: Question, rival: string): Markup {
  const { ledger } = context;
  const sides = sidesOf(question, rival).map((source) => get(context, source, question.unit));
  const [theirs, ours] = sides.map((side) => (side === undefined ? '–' : ledger.say(side)));
  return typst`(${theirs ?? ''} against Celsiusify’s ${ours ?? ''})`;
}
