import { column, divide, figure, type Source, type Unit } from '../figures.ts';
import { MODELS, modelFile, nameOf, OURS, PROTOCOLS, protocolOf, valuesOf } from '../models.ts';
import { slopeOf } from '../slopes.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, cell, get, labelOf, say, table, targetsIn, whyNot } from './context.ts';

/** Other protocols, arrival rates that do not wait, mixed loads, and how cost grows. */
export function moreModelsPage(context: Context): Markup {
  return typst`
= Real models: protocols, arrival rates, mixed loads
${protocols(context)}
${openLoop(context)}
${mixed(context)}
= How cost grows
${growthTable(context)}
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
        'CPU, gRPC ÷ TFS',
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
  const shares = valuesOf(results, file, {}, 'share_of_basis');
  const models = WITH_CELSIUS.filter((model) => results.rows(file, { model }).length > 0);
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
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return table({
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
}

const SCENARIOS = [
  ['heavy', 'ResNet-50 beside celsius'],
  ['greedy', 'large batches beside single rows'],
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
    head: [
      '',
      'small p99 alone, ms',
      'beside, ms',
      'times',
      'small/s alone',
      'beside',
      'large/s alone',
      'beside',
    ],
    lines,
    strong,
  });
}

interface Dimension {
  readonly id: string;
  readonly label: string;
  readonly each: string;
  readonly name: string;
  readonly unit: Unit;
  /** Multiplies the slope to the unit said in `each`. */
  readonly scale: number;
  /** What grows is this column's number rather than `value`. */
  readonly over?: string;
}

const DIMENSIONS: readonly Dimension[] = [
  { id: 'rows', label: 'time of a request', each: 'row', name: 'p50_ms', unit: 'ms', scale: 1 },
  { id: 'rows', label: 'CPU of a request', each: 'row', name: 'cpu_us_per_request', unit: 'µs', scale: 1 },
  {
    id: 'bytes',
    label: 'time of a request',
    each: 'MB of JSON',
    name: 'p50_ms',
    unit: 'ms',
    scale: 1e6,
    over: 'request_bytes',
  },
  { id: 'models', label: 'memory at rest', each: 'model', name: 'rss_bytes', unit: 'bytes', scale: 1 },
  { id: 'models', label: 'start until all answer', each: 'model', name: 'ready_ms', unit: 'ms', scale: 1 },
  { id: 'versions', label: 'memory at rest', each: 'version', name: 'rss_bytes', unit: 'bytes', scale: 1 },
  {
    id: 'versions',
    label: 'start until all answer',
    each: 'version',
    name: 'ready_ms',
    unit: 'ms',
    scale: 1,
  },
  {
    id: 'connections',
    label: 'resident memory',
    each: 'connection',
    name: 'rss_bytes',
    unit: 'bytes',
    scale: 1,
  },
];

const GROWTH = 'models/growth.csv';

function growthTable(context: Context): Markup {
  const { results, ledger } = context;
  if (results.rows(GROWTH).length === 0) return whyNot(context, 'models/growth');
  const targets = [OURS, 'tf-serving'].filter((target) => results.rows(GROWTH, { target }).length > 0);
  const lines: (string | Markup)[][] = [];
  for (const { id, label, each, name, unit, scale, over } of DIMENSIONS) {
    for (const model of modelsOf(context, id)) {
      const where = { dimension: id, model };
      const values = valuesOf(results, GROWTH, where, 'value');
      const cells = targets.flatMap((target) => {
        const at = (value: number, of: string) => column(GROWTH, { ...where, target, value }, of);
        const x = (value: number) => (over === undefined ? value : at(value, over));
        const found = slopeOf(results, values, x, (value) => at(value, name));
        if (found === undefined) return [typst`#quiet[–]`, typst`#quiet[–]`];
        const scaled = `${found.rule}${scale === 1 ? '' : `; slope × ${scale}`}`;
        return [
          ledger.derived(found.fixed, unit, found.rule),
          typst`*${ledger.derived(found.each * scale, unit, scaled)}*`,
        ];
      });
      lines.push([
        typst`${label}, ${nameOf(model)}`,
        `1 ${each}`,
        values.map((value) => value.toLocaleString('en-GB')).join(', '),
        ...cells,
      ]);
    }
  }
  return typst`
${table({
  caption: typst`A straight line through the medians, each weighing by its relative error: what is fixed, and what each one more costs. ${targets.map((target) => labelOf(results, target)).join(', then ')}.`,
  columns: ['auto', 'auto', '1fr', ...targets.flatMap(() => ['auto', 'auto'])],
  head: [
    '',
    'each',
    'measured at',
    ...targets.flatMap((target) => [`${target === OURS ? 'here' : 'TFS'}: fixed`, 'each']),
  ],
  lines,
  texts: [1, 2],
})}
${cores(context)}
`;
}

function modelsOf({ results }: Context, dimension: string): readonly string[] {
  return [...new Set(results.rows(GROWTH, { dimension }).map((row) => row.model ?? ''))];
}

/** More cores: the ratio to one, which would be their number if nothing were shared. */
function cores(context: Context): Markup {
  const { results } = context;
  const [model] = modelsOf(context, 'cores');
  if (model === undefined) return typst`*Cores.* ${whyNot(context, 'models/growth')}`;
  const values = valuesOf(results, GROWTH, { dimension: 'cores' }, 'value');
  const most = values.at(-1) ?? 1;
  if (most === 1) return typst`*Cores.* This machine has one: how it scales over cores was not measured.`;
  const at = (target: string, value: number) =>
    column(GROWTH, { dimension: 'cores', model, target, value }, 'requests_per_s');
  const ratio = (target: string) =>
    say(context, figure(results, divide(at(target, most), at(target, 1)), '×'));
  return typst`*Cores.* ${nameOf(model)} with 8 clients on ${String(most)} cores instead of 1 (taskset; the client may use all): ${ratio(OURS)} the requests/s here, ${ratio('tf-serving')} with TensorFlow Serving. ${modelFile(results, 'load').startsWith('models') ? typst`More cores than ${String(results.environment.machine.cores)} were not to be had.` : typst``}`;
}
