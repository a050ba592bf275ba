import { column, divide, type Figure } from '../figures.ts';
import { type Bar, bars } from '../plots/bars.ts';
import { lookOf } from '../plots/theme.ts';
import { coldStart, OURS } from '../questions.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, get, plots, say, targetsIn, whyNot } from './context.ts';

const FILE = 'cold-start.csv';
const WIDTH = 493;

/** Process start to first right answer. */
export async function startPage(context: Context): Promise<Markup> {
  const targets = targetsIn(context.results, FILE);
  if (targets.length === 0)
    return typst`
= celsius: cold start
${whyNot(context, 'cold-start')}
`;
  const totals = targets.flatMap((target) =>
    ['warm', 'cold'].flatMap((cache) => totalBar(context, target, cache)),
  );
  const alt =
    'Milliseconds from process start to the first right answer, one bar for each server and state of the page cache.';
  const svg = await bars({
    title: 'Process start to first right answer',
    description: alt,
    width: WIDTH,
    axis: 'ms from process start to first right answer',
    divisor: 1,
    bars: totals,
    left: 150,
    right: 48,
  });
  const coldRows = totals.some(({ label }) => label === 'cold cache');
  return typst`
= celsius: cold start
From the start of the process to the end of the first right answer over HTTP, asked every 2 ms. ${coldRows ? typst`“Cold cache” means that the kernel’s page cache was dropped before, as on a node that never ran the server.` : typst`With a warm page cache; one dropped before each start was not measured.`} ${comparison(context)}
${plots(context, typst`Medians with their intervals. The no-op server is what Node itself needs.`, [{ path: 'plots/cold-start.svg', svg, alt }])}
`;
}

function totalBar(context: Context, target: string, cache: string): Bar[] {
  const whole = get(context, coldStart(target, cache, 'first_answer'), 'ms');
  if (whole === undefined) return [];
  const parts = [{ value: whole.median, shade: cache === 'warm' ? 1 : 0.5 }];
  return [
    {
      target,
      group: lookOf(target).name,
      label: `${cache} cache`,
      parts,
      whole,
      text: context.ledger.say(whole),
    },
  ];
}

function comparison(context: Context): Markup {
  const first = (target: string) => coldStart(target, 'warm', 'first_answer');
  const ratio = (a: string, b: string, words: (times: Markup) => Markup) => {
    const found = get(context, divide(first(a), first(b)), '×');
    return found === undefined ? [] : [words(say(context, found))];
  };
  const linkage = context.results.environment.targets.find(({ id }) => id === 'tf-serving')?.linkage;
  const caveat =
    linkage === 'shared'
      ? typst` (this build links TensorFlow’s libraries dynamically: nothing is claimed of the official image’s static one)`
      : typst``;
  const parts = [
    ...ratio(OURS, 'floor', (times) => typst`Celsiusify takes ${times} as long as a bare Node server`),
    ...ratio(
      'tf-serving',
      OURS,
      (times) => typst`TensorFlow Serving takes ${times} as long as Celsiusify${caveat}`,
    ),
    ...ratio('fastapi', OURS, (times) => typst`FastAPI takes ${times} as long`),
  ];
  return parts.length === 0 ? typst`` : typst`${joined(parts, '; ')}.`;
}

const SECOND = ['tf-serving-tuned', 'fastapi-2-workers'];

const STATES = [
  ['idle', 'idle'],
  ['thousand', 'after 1,000 requests'],
  ['loaded', 'after 32 connections'],
] as const;

/** Resident memory: anonymous dark, file pages (which the page cache holds anyway) light. */
export async function memoryPlot(context: Context): Promise<Markup> {
  // The second ways of the same two rivals hold what the first ones hold.
  const targets = targetsIn(context.results, 'memory.csv').filter((target) => !SECOND.includes(target));
  if (targets.length === 0) return whyNot(context, 'memory');
  const list = targets.flatMap((target) =>
    STATES.flatMap(([state, label]) => memoryBar(context, target, state, label)),
  );
  const alt =
    'Resident memory of each server when idle, after a thousand requests and after a load, with its anonymous part darker.';
  const svg = await bars({
    title: 'Resident memory',
    description: alt,
    width: WIDTH,
    axis: 'resident memory of all processes of the server, MB',
    divisor: 1e6,
    bars: list,
    left: 176,
    right: 96,
  });
  return plots(
    context,
    typst`Dark: anonymous memory, which nothing but the process holds. Light: pages of files, such as TensorFlow’s libraries, that the kernel may drop and read again. Behind the bar: all, and the anonymous part. Whisker: interval of all.`,
    [{ path: 'plots/memory.svg', svg, alt }],
  );
}

function memoryBar(context: Context, target: string, state: string, label: string): Bar[] {
  const of = (name: string): Figure | undefined =>
    get(context, column('memory.csv', { target, state }, name), 'bytes');
  const [whole, anonymous] = [of('rss_bytes'), of('anonymous_bytes')];
  if (whole === undefined) return [];
  const dark = anonymous?.median ?? 0;
  const parts = [
    { value: dark, shade: 1 },
    { value: Math.max(0, whole.median - dark), shade: 0.4 },
  ];
  const text = `${context.ledger.say(whole)}${anonymous === undefined ? '' : `, ${context.ledger.say(anonymous)}`}`;
  return [{ target, group: lookOf(target).name, label, parts, whole, text }];
}
