import { divide, type Source, type Unit } from '../figures.ts';
import {
  bestOf,
  loadOf,
  MODELS,
  modelFile,
  nameOf,
  OURS,
  probeOf,
  pythonServers,
  SERVING,
  valuesOf,
} from '../models.ts';
import { type Axis, curves, type Series } from '../plots/curves.ts';
import type { Results } from '../results.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, cell, get, labelOf, type PlotUse, plots, table, whyNot } from './context.ts';
import { seriesOf, valueAxis } from './curves.ts';

const PANELS = [
  ['requests_per_s', 'requests/s', 'linear', 'requests/s'],
  ['p50_ms', 'p50, ms', 'log', 'ms'],
  ['p99_ms', 'p99, ms', 'log', 'ms'],
] as const satisfies readonly (readonly [string, string, Axis['scale'], Unit])[];

/** Real models under a closed loop: curves over clients, and what a load costs and disturbs. */
export async function modelsPage(context: Context): Promise<Markup> {
  const { results } = context;
  const file = modelFile(results, 'load');
  const there = MODELS.map(([model]) => model).filter((model) => results.rows(file, { model }).length > 0);
  if (there.length === 0)
    return typst`
= Real models
${whyNot(context, 'models/load')}
`;
  const rows: PlotUse[][] = [];
  for (const [i, model] of there.entries()) rows.push(await panels(context, model, i === there.length - 1));
  const caption = typst`Closed loop over REST and JSON: each client asks again as soon as it has its answer. Medians, with intervals as bands. Throughput is linear from zero, latency and clients are logarithmic. TensorFlow Serving’s other two settings were asked at 1 and 8 clients only. BentoML reads a picture’s numbers by Python’s JSON, which is most of its time.`;
  return typst`
= Real models: encoder, MobileNetV2, ResNet-50, a text classifier
${notes(context)}
${joined(rows.map((uses, i) => plots(context, i === rows.length - 1 ? caption : typst``, uses)))}
${loadTable(context, there)}
`;
}

function notes({ results }: Context): Markup {
  const models = results.environment.models ?? [];
  const size = (model: string) => {
    const parameters = models.find((one) => one.model === model)?.parameters;
    return parameters == null ? '' : ` (${parameters.toLocaleString('en-GB')} weights)`;
  };
  return typst`Public architectures with random weights: what they answer means nothing, and the work is that of trained ones. The encoder${size('encoder')} is a transformer that gets 128 ids; MobileNetV2${size('mobilenet_v2')} and ResNet-50${size('resnet50')} get a picture of 224 × 224 × 3; the text classifier${size('text')} gets a string.`;
}

/** Who is drawn: TensorFlow Serving's settings, and of the Python servers the fastest with eight clients. */
export function drawn(results: Results, model: string): readonly string[] {
  const file = modelFile(results, 'load');
  const python = bestPython(results, model);
  return [OURS, ...SERVING, ...(python === undefined ? [] : [python])].filter(
    (target) => results.rows(file, { model, target }).length > 0,
  );
}

function bestPython(results: Results, model: string): string | undefined {
  const sides = pythonServers(results).map((target) => ({
    target,
    source: loadOf(results, model, 8, 'requests_per_s')(target),
  }));
  return bestOf(results, sides, 'higher')?.target;
}

function bestServing(results: Results, model: string): string | undefined {
  const sides = SERVING.map((target) => ({
    target,
    source: loadOf(results, model, 8, 'requests_per_s')(target),
  }));
  return bestOf(results, sides, 'higher')?.target;
}

async function panels(context: Context, model: string, last: boolean): Promise<PlotUse[]> {
  const { results } = context;
  const clients = valuesOf(results, modelFile(results, 'load'), { model }, 'clients');
  const targets = drawn(results, model);
  const uses: PlotUse[] = [];
  for (const [i, [name, title, scale, unit]] of PANELS.entries()) {
    const source = (target: string, x: number) => loadOf(results, model, x, name)(target);
    const series = positive(seriesOf(context, targets, clients, source, unit));
    if (series.length === 0 || clients.length < 2) continue;
    const names = i === PANELS.length - 1;
    const alt = `${nameOf(model)}: ${title} over clients, one line for each server.`;
    const svg = await curves({
      frame: {
        width: names ? 226 : 132,
        height: last ? 84 : 74,
        margin: { top: 20, right: names ? 101 : 12, bottom: last ? 27 : 16, left: 30 },
      },
      title: `${nameOf(model)}: ${title}`,
      description: alt,
      x: {
        title: last ? 'clients (logarithmic)' : '',
        scale: 'log',
        domain: [clients[0] ?? 1, clients.at(-1) ?? 2],
        ticks: clients,
        label: String,
      },
      y: valueAxis(series, `${i === 0 ? `${nameOf(model)}: ` : ''}${title}`, scale, unit),
      series,
      names,
    });
    uses.push({ path: `plots/models-${model}-${name.replaceAll('_', '-')}.svg`, svg, alt });
  }
  return uses;
}

/** A load too short for any answer is no point of a curve. */
function positive(series: readonly Series[]): Series[] {
  return series.flatMap(({ target, points }) => {
    const kept = points.filter(({ figure }) => figure.low > 0);
    return kept.length === 0 ? [] : [{ target, points: kept }];
  });
}

function loadTable(context: Context, models: readonly string[]): Markup {
  const { results } = context;
  const strong: number[] = [];
  const lines: (string | Markup)[][] = [];
  for (const model of models) {
    const counts = valuesOf(results, modelFile(results, 'load'), { model, target: OURS }, 'clients');
    const many = counts.findLast((count) => count <= 32) ?? 8;
    const targets = [OURS, bestServing(results, model), bestPython(results, model), 'python'];
    for (const target of targets) {
      if (target === undefined) continue;
      const at = (clients: number, name: string): Source => loadOf(results, model, clients, name)(target);
      const bare = target === 'python';
      const rate = get(context, at(bare ? 1 : 8, 'requests_per_s'), 'requests/s');
      if (rate === undefined) continue;
      if (target === OURS) strong.push(lines.length);
      const eight = (name: string, unit: Unit, like?: number) =>
        cell(context, get(context, at(bare ? 1 : 8, name), unit), like);
      const spread = get(context, divide(at(many, 'p99_ms'), at(many, 'p50_ms')), '×');
      // The probes of the many clients where this server was asked by so many.
      const probed = [many, 8].find(
        (count) => get(context, probeOf(results, model, count, 'p99_ms')(target), 'ms') !== undefined,
      );
      const probe = (name: string) =>
        probed === undefined
          ? typst`#quiet[–]`
          : typst`${cell(context, get(context, probeOf(results, model, probed, name)(target), 'ms'), 1)}`;
      lines.push([
        typst`${target === OURS ? typst`*${nameOf(model)}*, ` : ''}${labelOf(results, target)}`,
        typst`${cell(context, rate)}`,
        eight('server_cores', 'count', 1),
        // Milliseconds for one answer are seconds for a thousand: the same number.
        eight('cpu_ms_per_request', 's', 1),
        bare ? typst`#quiet[–]` : cell(context, spread),
        probe('p99_ms'),
        probe('max_ms'),
        bare ? typst`#quiet[–]` : eight('rss_bytes', 'bytes'),
        bare ? typst`#quiet[–]` : eight('peak_rss_bytes', 'bytes'),
      ]);
    }
  }
  return table({
    caption: typst`Under load, 8 clients, with TensorFlow Serving’s fastest setting and the fastest server in Python (“Python, no server” is one thread that calls the model): cores used, CPU seconds for 1,000 answers, resident memory at the end and the most since the start. p99 ÷ p50 and the health probes (GET \/healthz, TensorFlow Serving’s model status; one each 20 ms, a new connection each) are of 32 clients where they were measured. A kubelet gives up after 1 s by default.`,
    columns: ['21%', ...Array.from({ length: 8 }, () => '1fr')],
    head: ['', 'requests/s', 'cores', 'CPU s', 'p99÷p50', 'probe p99, ms', 'max, ms', 'memory', 'at most'],
    lines,
    strong,
  });
}
