import { figure } from '../figures.ts';
import {
  type Compared,
  compare,
  MODELS,
  type ModelQuestion,
  modelFile,
  modelQuestions,
  NEWEST,
  nameOf,
  pythonServers,
} from '../models.ts';
import { type AdvantageLine, advantagePlot } from '../plots/advantage.ts';
import { lookOf } from '../plots/theme.ts';
import { verdict } from '../questions.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { celsiusVerdicts, smallerLimit } from './answer.ts';
import { type Context, labelOf, list, plots, say, shortened } from './context.ts';
import { librariesCompared, librariesText, newestCompared } from './limits.ts';

const HEADS = {
  'tf-serving': ['TF Serving’s', 'best setting'],
  fastapi: ['strongest in', 'Python'],
} as const;

interface Answer {
  readonly question: ModelQuestion;
  readonly serving: Compared | undefined;
  readonly python: Compared | undefined;
  readonly newest: Compared | undefined;
}

/** All models at a glance: the answer, a plot of ratios, and every row that does not say "better". */
export async function glancePage(context: Context): Promise<Markup> {
  const { results } = context;
  const answers = modelQuestions(results)
    .map((question) => ({
      question,
      serving: compare(results, question, question.serving),
      python: compare(results, question, question.python),
      newest: compare(results, question, question.newest ?? []),
    }))
    .filter(({ serving, python }) => serving !== undefined || python !== undefined);
  return typst`
= The answer
${headline(context, answers)}
${await plot(context, answers)}
${box(context, answers)}
#pagebreak(weak: true)
`;
}

function headline(context: Context, answers: readonly Answer[]): Markup {
  const find = (model: string, label: string) =>
    answers.find(({ question }) => question.model === model && question.label === label);
  const said = (names: readonly string[], label: (model: string) => string) =>
    names.flatMap((model) => {
      const found = find(model, label(model))?.serving?.ratio;
      return found === undefined ? [] : [typst`${nameOf(model)} ${say(context, found)}`];
    });
  const models = MODELS.map(([id]) => id);
  const rest = said(['celsius', ...models], (model) => `requests/s, ${model === 'celsius' ? 32 : 8} clients`);
  const alone = said(models, () => 'requests/s, 1 client');
  const grpc = said(['celsius', ...models], (model) => `gRPC, ${model === 'celsius' ? 32 : 8} clients`);
  const items = [
    rest.length === 0
      ? typst`*No server was compared with TensorFlow Serving in this run.*`
      : typst`*REST, 8 clients (celsius: 32).* Requests/s, as a multiple of TensorFlow Serving’s in its best setting: ${joined(rest, ', ')}.`,
    ...(alone.length === 0
      ? []
      : [
          typst`*REST, one client at a time:* ${joined(alone, ', ')}. A lone request of a real model is mostly TensorFlow’s own work.`,
        ]),
    grpc.length === 0
      ? typst`*gRPC and V2* were not measured in this run.`
      : typst`*gRPC against gRPC, 8 clients (celsius: 32):* ${joined(grpc, ', ')}.`,
  ];
  return list([...items, ...age(context), ...worse(answers), ...absent(context)]);
}

/** How much of it may be the library's, which the servers do not have in common. */
function age(context: Context): Markup[] {
  const { old, now, ratios } = librariesCompared(context);
  const newest = newestCompared(context, 8);
  const library =
    ratios.length === 0
      ? []
      : [
          typst`${old} takes ${librariesText(context, ratios, false)} the CPU of ${now}, which Celsiusify runs.`,
        ];
  const over =
    newest.length === 0
      ? []
      : [
          typst`Over ${labelOf(context.results, NEWEST)} (default flags), requests/s of 8 clients are ${librariesText(context, newest, false)}.`,
        ];
  const said = [...library, ...over];
  if (said.length === 0) return [];
  return [typst`*TensorFlow’s age is a part of it* (see Limits): ${joined(said, ' ')}`];
}

/** What a reader should know before the plot: where TensorFlow Serving is certainly better. */
function worse(answers: readonly Answer[]): Markup[] {
  const behind = answers.filter(({ serving }) => serving !== undefined && verdict(serving.ratio) === 'worse');
  if (behind.length === 0) return [];
  const short = (label: string) => label.replace('… its', 'celsius’').replace(/, \d+ clients?$/, '');
  const said = [...Map.groupBy(behind, ({ question }) => short(question.label))].map(([label, some]) => {
    const models = [...new Set(some.map(({ question }) => nameOf(question.model)))];
    return models.length > 2 || models.includes('celsius') ? label : `${label} (${models.join(', ')})`;
  });
  return [typst`*TensorFlow Serving is better at:* ${said.join('; ')}. The box has the figures.`];
}

/** What page 1 should hold and does not. */
function absent({ results }: Context): Markup[] {
  const file = modelFile(results, 'load');
  const missing = MODELS.filter(([model]) => results.rows(file, { model }).length === 0).map(
    ([, name]) => name,
  );
  const said: Markup[] = [];
  if (missing.length > 0) said.push(typst`*Not measured:* ${missing.join(', ')}.`);
  if (pythonServers(results).length === 0)
    said.push(typst`*No server in Python* was measured with the real models.`);
  if (file.startsWith('engine/') && results.rows(file).length > 0)
    said.push(
      typst`*The real models’ figures are of another day* than celsius’: they are from ${file}, by npm run bench:engine.`,
    );
  return said;
}

async function plot(context: Context, answers: readonly Answer[]): Promise<Markup> {
  const shown = answers.filter(({ question }) => question.shown);
  if (shown.length === 0) return typst``;
  const side = (target: string, found: Compared | undefined) =>
    found === undefined ? [] : [{ target, figure: found.ratio }];
  const lines: AdvantageLine[] = shown.map(({ question, serving, python }) => ({
    group: nameOf(question.model),
    ...pythonOf(context, answers, question.model),
    label: question.label,
    rivals: [...side('tf-serving', serving), ...side('fastapi', python)],
  }));
  for (const { rivals } of lines) for (const { figure } of rivals) context.ledger.say(figure);
  const rivals = ['tf-serving', 'fastapi'].filter((target) =>
    lines.some(({ rivals }) => rivals.some((rival) => rival.target === target)),
  );
  const alt =
    'How many times better Celsiusify is than TensorFlow Serving’s best setting and than the strongest server in Python, one line for each model and question; the numbers stand at the right.';
  const svg = await advantagePlot(lines, rivals, alt, HEADS);
  return plots(
    context,
    typst`How many times better Celsiusify is: median of the ratios within each repeat, with its interval; the line of 1 means the same. The rival is the one with the best median in that line: of TensorFlow Serving’s settings (default, one thread, batching; for celsius default and tuned), and of servers in Python: for celsius FastAPI with one worker or two, for the others${pythonNames(context)}, all in all the strongest of four (bench\/README.md).`,
    [{ path: 'plots/answer.svg', svg, alt }],
  );
}

/** Who stands for Python in a model's lines: FastAPI for celsius, what is strongest for the others. */
function pythonOf({ results }: Context, answers: readonly Answer[], model: string): { note?: string } {
  const rivals = answers
    .filter(({ question }) => question.model === model)
    .flatMap(({ python }) =>
      python === undefined ? [] : [labelOf(results, python.target).split(',')[0] ?? ''],
    );
  return rivals.length === 0 ? {} : { note: `Python: ${[...new Set(rivals)].join(', ')}` };
}

function pythonNames({ results }: Context): string {
  const names = pythonServers(results).map((target) => labelOf(results, target));
  return names.length === 0 ? ' none' : ` ${names.join(' or ')}`;
}

/** Computed, not chosen: all questions, shown in the plot or not, whose interval lies on a rival's side or holds 1. */
function box(context: Context, answers: readonly Answer[]): Markup {
  const title = 'Where somebody else is better, or it is too close to call';
  // What celsius is asked by REST has an account of its own, by rival.
  const sides = answers
    .filter(({ question }) => question.model !== 'celsius' || question.python.length === 0)
    .flatMap(({ question, serving, python }) =>
      [serving, python].flatMap((found) => (found === undefined ? [] : [{ question, found }])),
    );
  const celsius = celsiusVerdicts(context);
  if (celsius.certain === 0 && sides.every(({ found }) => found.ratio.n < 2)) {
    return typst`
#answer-box[${title}][One repeat has no interval: this run cannot say.]
`;
  }
  const named = (wanted: 'worse' | 'even') =>
    [...Map.groupBy(sides, ({ question }) => question.label)].flatMap(([label, items]) => {
      const some = items.filter(({ found }) => verdict(found.ratio) === wanted);
      if (some.length === 0) return [];
      const rows = some.map(({ question, found }) =>
        wanted === 'worse' ? worseRow(context, question, found) : evenRow(context, question, found),
      );
      return [typst`*${label}*: ${joined(rows, ', ')}.`];
    });
  const [worse, even] = [named('worse'), named('even')];
  const [better, close] = [
    [...celsius.worse, ...worse, ...MODELS.flatMap(([model]) => smallerLimit(context, 'tf-serving', model))],
    [...celsius.even, ...even],
  ];
  const all = [
    typst`*Somebody else is better:* ${better.length === 0 ? typst`in none of the questions of this report; see Limits for those that were not asked.` : joined(better, ' ')}`,
    ...(close.length === 0 ? [] : [typst`*Too close to call* (the interval holds 1): ${joined(close, ' ')}`]),
    ...newestIn(context, answers),
    ...missingRivals(context),
    typst`Ratios are medians of those within a repeat, not of the medians beside them. What rows, versions, connections and a GB-hour cost stands on pages of its own.`,
  ];
  return typst`
#answer-box[${title}][#text(size: 6.8pt)[${joined(all, '\n\n')}]]
`;
}

/** The newest TensorFlow Serving by ratios alone: it is one of many rivals that are not compared by everything. */
function newestIn(context: Context, answers: readonly Answer[]): Markup[] {
  const said = (wanted: 'worse' | 'even') =>
    [...Map.groupBy(answers, ({ question }) => question.label)].flatMap(([label, items]) => {
      const rows = items.flatMap(({ question, newest }) =>
        newest !== undefined && verdict(newest.ratio) === wanted
          ? [typst`${nameOf(question.model)} ${context.ledger.say(newest.ratio)}`]
          : [],
      );
      return rows.length === 0 ? [] : [typst`${label}: ${joined(rows, ', ')}`];
    });
  const [worse, even] = [said('worse'), said('even')];
  if (worse.length + even.length === 0) return [];
  const parts = [
    ...(worse.length === 0 ? [] : [typst`better at ${joined(worse, '\\; ')}`]),
    ...(even.length === 0 ? [] : [typst`too close to call: ${joined(even, '\\; ')}`]),
  ];
  return [typst`*${labelOf(context.results, NEWEST)}* (default flags): ${joined(parts, '. ')}.`];
}

/** `encoder 0.91× (TF Serving 133, here 121)`: below 1 they are better. */
function worseRow(context: Context, question: ModelQuestion, found: Compared): Markup {
  const { ledger, results } = context;
  const ours = figure(results, question.ours, question.unit);
  const mine = ours === undefined ? '–' : ledger.say(ours);
  return typst`${nameOf(question.model)} ${ledger.say(found.ratio)} (${lookOf(found.target).name} ${ledger.say(found.theirs)}, here ${mine})`;
}

function evenRow({ ledger }: Context, question: ModelQuestion, found: Compared): Markup {
  return typst`${nameOf(question.model)} ${ledger.say(found.ratio)} (${lookOf(found.target).name})`;
}

/** A rival of celsius that could not be measured is said here, where its figures are looked for. */
function missingRivals({ results }: Context): Markup[] {
  return ['tf-serving', 'fastapi']
    .filter((target) => results.rows('closed-loop.csv', { target }).length === 0)
    .map((target) => {
      const reason = results.rows('not-measured.csv', { target })[0]?.reason;
      return typst`*${labelOf(results, target)}* was not measured with celsius${reason === undefined ? '' : `: ${shortened(reason)}`}.`;
    });
}
