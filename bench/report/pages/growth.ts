import { column, divide, figure, type Unit } from '../figures.ts';
import { modelFile, nameOf, OURS, valuesOf } from '../models.ts';
import { slopeOf } from '../slopes.ts';
import { type Markup, typst } from '../typst.ts';
import { type Context, labelOf, say, table, whyNot } from './context.ts';

/** What one more row, byte, model, version, connection or core costs. */
export function growthPage(context: Context): Markup {
  return typst`
= How cost grows
${growthTable(context)}
`;
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
