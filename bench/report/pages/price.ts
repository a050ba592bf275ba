import { smallestLimit } from '../cost.ts';
import { column, constant, divide, multiply, type Source } from '../figures.ts';
import { bestOf, loadOf, MODELS, modelFile, nameOf, OURS, pythonServers, SERVING } from '../models.ts';
import { OURS as CELSIUS_OURS, closedLoop } from '../questions.ts';
import { code, joined, type Markup, typst } from '../typst.ts';
import { type Context, cell, get, labelOf, table, whyNot } from './context.ts';

/** Answers by core-hour and by GB-hour, what a pod costs at rest, and the formula for a cloud's prices. */
export function pricePage(context: Context): Markup {
  const lines = [...celsius(context), ...MODELS.flatMap(([model]) => ofModel(context, model))];
  if (lines.length === 0)
    return typst`
= Price
${whyNot(context, 'models/load')}
`;
  return typst`
= Price
${table({
  caption: typst`Million answers from one core-hour of CPU, and from one GB held for an hour, at 8 clients (celsius: 32), REST; a GB is a thousand million bytes. Memory is resident: the most since the start, while a model is loaded and its variables become constants (celsius: at the end of the load); file pages count, so a limit may be lower: the smallest is below, and at rest, after the first answers.`,
  columns: ['24%', '22%', '22%', '1fr', '1fr'],
  head: ['', 'million answers a core-hour', 'million answers a GB-hour', 'memory to reserve', 'at rest'],
  lines: lines.map(({ cells }) => cells),
  strong: lines.flatMap(({ own }, i) => (own ? [i] : [])),
})}
Put in your cloud’s prices: ${code('price of a million answers = price of a core-hour ÷ A + price of a GB-hour ÷ B')}, where A and B are the two columns. That is for a pod that is busy all the time. A pod that nobody asks costs ${code('memory at rest × price of a GB-hour')} and next to no CPU.${limits(context)}
`;
}

/** The least that a container has to be given; searched, so without an interval. */
function limits({ results, ledger }: Context): Markup {
  const found = MODELS.flatMap(([model]) => {
    const [ours, theirs] = [OURS, 'tf-serving'].map((target) => {
      const limit = smallestLimit(results, target, model);
      return limit === undefined ? 'none' : ledger.derived(limit.bytes, 'MiB', limit.rule);
    });
    return ours === 'none' && theirs === 'none'
      ? []
      : [typst`${nameOf(model)} *${ours ?? ''}* (TensorFlow Serving ${theirs ?? ''})`];
  });
  if (found.length === 0) return typst``;
  return typst` The smallest memory limit of a container at which 8 clients get 80 % of the speed without one, of those tried: ${joined(found, '; ')}.`;
}

interface Line {
  readonly own: boolean;
  readonly cells: readonly (string | Markup)[];
}

/** @param cpu of one answer, in µs @param held bytes */
function line(
  context: Context,
  name: Markup,
  own: boolean,
  cpu: Source,
  rate: Source,
  held: Source,
  rest: Source,
): Line[] {
  const million = (source: Source) => cell(context, get(context, source, 'count'));
  if (get(context, cpu, 'µs') === undefined && get(context, rate, 'requests/s') === undefined) return [];
  // 3.6e9 µs are an hour; requests/s × 3600 s ÷ GB.
  const byCore = divide(constant(3600), cpu);
  const byMemory = multiply(divide(rate, held), constant(3.6e6));
  return [
    {
      own,
      cells: [
        name,
        million(byCore),
        million(byMemory),
        cell(context, get(context, held, 'bytes')),
        cell(context, get(context, rest, 'bytes')),
      ],
    },
  ];
}

function celsius(context: Context): Line[] {
  const { results, client } = context;
  const at = (target: string, name: string) => closedLoop(target, client, 32, name);
  return [CELSIUS_OURS, 'tf-serving', 'fastapi'].flatMap((target) =>
    line(
      context,
      typst`${target === CELSIUS_OURS ? typst`*celsius*, ` : ''}${labelOf(results, target)}`,
      target === CELSIUS_OURS,
      at(target, 'cpu_us_per_request'),
      at(target, 'requests_per_s'),
      at(target, 'rss_bytes'),
      column('memory.csv', { target, state: 'idle' }, 'rss_bytes'),
    ),
  );
}

function ofModel(context: Context, model: string): Line[] {
  const { results } = context;
  const at = (target: string, name: string) => loadOf(results, model, 8, name)(target);
  const best = (targets: readonly string[]) =>
    bestOf(
      results,
      targets.map((target) => ({ target, source: at(target, 'requests_per_s') })),
      'higher',
    )?.target;
  const memory = modelFile(results, 'memory');
  return [OURS, best(SERVING), best(pythonServers(results))].flatMap((target) =>
    target === undefined
      ? []
      : line(
          context,
          typst`${target === OURS ? typst`*${nameOf(model)}*, ` : ''}${labelOf(results, target)}`,
          target === OURS,
          multiply(at(target, 'cpu_ms_per_request'), constant(1000)),
          at(target, 'requests_per_s'),
          at(target, 'peak_rss_bytes'),
          column(memory, { model, target, state: 'idle' }, 'rss_bytes'),
        ),
  );
}
