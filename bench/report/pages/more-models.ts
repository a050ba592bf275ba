import { column, divide, figure, type Source, type Unit } from '../figures.ts';
import { MODELS, nameOf, OURS, PROTOCOLS, protocolOf, valuesOf } from '../models.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, cell, get, labelOf, say, table, targetsIn, whyNot } from './context.ts';

/** Other protocols, arrival rates that do not wait, and mixed loads. */
export function moreModelsPage(context: Context): Markup {
  return typst`
= Real models: protocols, arrival rates, mixed loads
${protocols(context)}
${openLoop(context)}
${mixed(context)}
`;
}

const WITH_CELSIUS = ['celsius', ...MODELS.map(([model]) => model)];

function protocols(context: Context): Markup {
  const { results } = context;
  const shapes = WITH_CELSIUS.flatMap((model) => {
    const all = results.rows(PROTOCOLS, { model }).map((row) => ({
      ...{
        model,
        rows: Number(row.rows),
        connections: Number(row.connections),
        streams: Number(row.streams),
      },
    }));
    return [...new Map(all.map((shape) => [JSON.stringify(shape), shape])).values()];
  });
  if (shapes.length === 0) return typst`*gRPC and V2.* ${whyNot(context, 'models/protocols')}`;
  const lines = shapes.map(({ model, ...shape }) => {
    const of = (target: string, protocol: string, name = 'requests_per_s'): Source =>
      protocolOf(model, target, protocol, shape, name);
    const theirs = of('tf-serving-grpc', 'grpc');
    const rate = (source: Source) => cell(context, get(context, source, 'requests/s'));
    const ratio = (a: Source, b: Source) => cell(context, get(context, divide(a, b), '×'));
    const many = shape.streams > 1 ? ` × ${shape.streams} streams` : '';
    const rows = shape.rows > 1 ? `, ${shape.rows} rows` : '';
    return [
      `${nameOf(model)}, ${shape.connections}${many}${rows}`,
      ...['rest', 'v2', 'grpc'].map((protocol) => rate(of(OURS, protocol))),
      rate(of('tf-serving-grpc', 'rest')),
      rate(theirs),
      ratio(of(OURS, 'grpc'), theirs),
      ratio(of(OURS, 'v2'), theirs),
      ratio(of(OURS, 'grpc', 'cpu_us_per_request'), of('tf-serving-grpc', 'grpc', 'cpu_us_per_request')),
    ];
  });
  return joined([
    table({
      caption: typst`Requests/s by h2load over so many connections, each with a body made beforehand: JSON over REST, V2 with binary tensors over HTTP, and gRPC Predict. TensorFlow Serving has 64 gRPC threads here. Ratios: ours over its gRPC; a CPU time below 1 is better here.`,
      columns: ['20%', ...Array.from({ length: 8 }, () => '1fr')],
      head: [
        '',
        'REST',
        'V2',
        'gRPC',
        'TFS REST',
        'TFS gRPC',
        'gRPC ÷ TFS',
        'V2 ÷ TFS gRPC',
        'its CPU ÷ TFS',
      ],
      lines,
    }),
    floorText(context),
  ]);
}

/** A server without a model: near it, the figure is about the client. */
function floorText(context: Context): Markup {
  const { results } = context;
  const shape = { rows: 1, connections: 32, streams: 1 };
  const said = ['rest', 'grpc'].flatMap((protocol) => {
    const floor = protocolOf('celsius', 'floor', protocol, shape, 'requests_per_s');
    const found = figure(results, floor, 'requests/s');
    if (found === undefined) return [];
    const ratio = get(
      context,
      divide(protocolOf('celsius', OURS, protocol, shape, 'requests_per_s'), floor),
      '×',
    );
    return [
      typst`${protocol === 'grpc' ? 'gRPC' : 'REST'} ${say(context, found)} requests/s, of which celsius here reaches ${say(context, ratio)}`,
    ];
  });
  return said.length === 0
    ? typst``
    : typst`A server without a model, 32 connections: ${joined(said, ', ')}.`;
}

function openLoop(context: Context): Markup {
  const { results } = context;
  const file = 'models/open-loop.csv';
  if (results.rows(file).length === 0) return typst`*Open loop.* ${whyNot(context, 'models/open-loop')}`;
  const asked = WITH_CELSIUS.filter((model) => results.rows(file, { model }).length > 0);
  const sharesOf = (model: string) => valuesOf(results, file, { model }, 'share_of_basis');
  const models = asked.filter((model) => sharesOf(model).length > 1);
  const shares = [...new Set(models.flatMap(sharesOf))].sort((a, b) => a - b);
  const strong: number[] = [];
  const lines = models.flatMap((model) =>
    targetsIn(results, file)
      .filter((target) => results.rows(file, { model, target }).length > 0)
      .toSorted((a, b) => Number(b === OURS) - Number(a === OURS))
      .map((target, i) => {
        const at = (share: number, name: string) =>
          column(file, { model, target, share_of_basis: share }, name);
        const rate = get(context, at(shares[0] ?? 0.5, 'basis_requests_per_s'), 'requests/s');
        return [
          typst`${i === 0 ? typst`*${nameOf(model)}*, ` : ''}${labelOf(results, target)}`,
          cell(context, rate),
          ...['p50_ms', 'p99_ms'].flatMap((name) =>
            shares.map((share) => {
              const rows = results.rows(file, { model, target, share_of_basis: share });
              const found = get(context, at(share, name), 'ms');
              return rows.length === (found?.n ?? 0) ? cell(context, found, 1) : typst`#quiet[unfinished]`;
            }),
          ),
        ];
      }),
  );
  lines.forEach((_, i) => {
    if (i % 2 === 0) strong.push(i);
  });
  const single = asked.filter((model) => !models.includes(model));
  if (models.length === 0) return atOneRate(context, file, single);
  const whole = table({
    caption: typst`Open loop: requests start at fixed times, and latency counts from then, so that a stall shows. p50 at the left, p99 at the right, in ms, by share of what the slower server answers at most (“maximum”, requests/s, 8 clients).`,
    columns: ['18%', 'auto', ...shares.flatMap(() => ['1fr', '1fr'])],
    head: [
      '',
      'maximum',
      ...shares.map((share) => `p50 ${percent(share)}`),
      ...shares.map((share) => `p99 ${percent(share)}`),
    ],
    lines,
    strong,
  });
  return joined([whole, atOneRate(context, file, single)]);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Models that were asked at one rate alone: a table would have a column each and be empty. Typst takes a bare semicolon for the end of a figure. */
function atOneRate(context: Context, file: string, models: readonly string[]): Markup {
  const { results } = context;
  const said = models.map((model) => {
    const [row] = results.rows(file, { model });
    const both = (target: string) => {
      const of = (name: string) => get(context, column(file, { model, target }, name), 'ms');
      return typst`${say(context, of('p50_ms'))} and ${say(context, of('p99_ms'))}`;
    };
    return typst`${nameOf(model)} at ${percent(Number(row?.share_of_basis))} ${both(OURS)}, TensorFlow Serving ${both('tf-serving')}`;
  });
  return said.length === 0
    ? typst``
    : typst`
*Open loop, p50 and p99:* ${joined(said, '\\; ')}.
`;
}

const SCENARIOS = [
  ['heavy', 'ResNet-50 beside celsius'],
  ['greedy', 'batches beside rows'],
] as const;

function mixed(context: Context): Markup {
  const { results } = context;
  const file = 'models/mixed.csv';
  if (results.rows(file).length === 0) return typst`*Mixed loads.* ${whyNot(context, 'models/mixed')}`;
  const strong: number[] = [];
  const lines: (string | Markup)[][] = [];
  for (const [scenario, title] of SCENARIOS) {
    for (const target of [OURS, 'tf-serving']) {
      if (results.rows(file, { scenario, target }).length === 0) continue;
      const of = (role: string, beside: string, name: string): Source =>
        column(file, { scenario, target, role, beside }, name);
      const number = (source: Source, unit: Unit, like?: number) =>
        cell(context, get(context, source, unit), like);
      if (target === OURS) strong.push(lines.length);
      lines.push([
        typst`${target === OURS ? typst`*${title}*, ` : ''}${labelOf(results, target)}`,
        number(of('small', 'false', 'p99_ms'), 'ms', 1),
        number(of('small', 'true', 'p99_ms'), 'ms', 1),
        number(divide(of('small', 'true', 'p99_ms'), of('small', 'false', 'p99_ms')), '×'),
        number(of('small', 'false', 'requests_per_s'), 'requests/s'),
        number(of('small', 'true', 'requests_per_s'), 'requests/s'),
        number(of('large', 'false', 'requests_per_s'), 'requests/s'),
        number(of('large', 'true', 'requests_per_s'), 'requests/s'),
      ]);
    }
  }
  const [heavy] = results.rows(file, { scenario: 'heavy', role: 'large' });
  const [small] = results.rows(file, { scenario: 'heavy', role: 'small' });
  const [greedy] = results.rows(file, { scenario: 'greedy', role: 'large' });
  const [single] = results.rows(file, { scenario: 'greedy', role: 'small' });
  return table({
    caption: typst`Does the p99 of small requests hold? One process, two loads: ${heavy?.clients ?? '–'} clients of ResNet-50 beside ${small?.clients ?? '–'} of celsius; one client of the encoder with ${greedy?.rows ?? '–'} rows a request beside ${single?.clients ?? '–'} with one row. Each alone, then both at once. On two cores a small request waits at least while both run something large.`,
    columns: ['25%', ...Array.from({ length: 7 }, () => '1fr')],
    head: ['', 'p99 alone, ms', 'beside, ms', 'times', 'small/s alone', 'beside', 'large/s alone', 'beside'],
    lines,
    strong,
  });
}
