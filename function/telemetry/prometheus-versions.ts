import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Distribution, Exemplar } from './distribution.ts';
import type { Metrics, VersionState } from './metrics.ts';
import { OTHER, type VersionMeter, type VersionName } from './version-meters.ts';

/** Beyond these, versions are counted by their state, as model `other`. */
const MAX_STATES = 200;

/** How long the event loop is held at a time, in ms. */
const SLICE_MS = 1;

/** Prometheus' text format, or OpenMetrics, which has exemplars. */
export type Exposition = 'text' | 'openmetrics';

/** One metric: its samples of one version, each with what follows its name and labels. */
interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: (meter: VersionMeter, labels: string, exposition: Exposition) => string;
}

/**
 * What each version of a model has: what was asked of it, how its runs went, how it was loaded. In Prometheus' text
 * format, and written here: prom-client makes an object of each of thousands of samples, and holds the event loop for a
 * tenth of a second with 100 versions.
 */
export async function versionsText({ versions, gauges }: Metrics, exposition: Exposition): Promise<string> {
  const all = versions.all.map((meter) => ({ meter, labels: labelsOf(meter) }));
  let text = '';
  let since_ms = performance.now();
  for (const { name, type, help, samples } of FAMILIES) {
    text += headOf(exposition === 'text' ? name : name.replace(/_total$/, ''), type, help);
    for (const { meter, labels } of all) {
      text += samples(meter, labels, exposition);
      if (performance.now() - since_ms < SLICE_MS) continue;
      await nextTurn();
      since_ms = performance.now();
    }
  }
  return text + statesText(gauges.states());
}

const FAMILIES: readonly Family[] = [
  counter('celsiusify_calls_made_total', 'Calls that callers made of a version.', ({ calls }) => [
    ['', calls.asked],
  ]),
  counter(
    'celsiusify_calls_failed_total',
    "Calls that were refused: their body does not fit the signature (request), or the model's run failed (run).",
    ({ calls }) => labelled('reason', Object.entries(calls.failures)),
  ),
  counter(
    'celsiusify_calls_dropped_total',
    'Calls that ended unanswered by the model: client gone, deadline passed, queue full.',
    ({ calls }) => labelled('reason', Object.entries(calls.drops)),
  ),
  histogram('celsiusify_batch_rows', 'Rows in one model run.', ({ calls }) => calls.rows),
  histogram(
    'celsiusify_run_duration_seconds',
    'Seconds of one model run, its answers written.',
    ({ calls }) => calls.run,
  ),
  histogram(
    'celsiusify_queue_duration_seconds',
    'Seconds that a call waited for a thread; short runs wait for none.',
    ({ calls }) => calls.queue,
  ),
  histogram(
    'celsiusify_parse_duration_seconds',
    'Seconds to read a body of more than 64 KiB, on a thread.',
    ({ calls }) => calls.parse,
  ),
  counter(
    'celsiusify_version_loads_total',
    'Tries to load a version, by canonical code: OK, or why it failed.',
    ({ loads }) => labelled('code', [...loads]),
  ),
  {
    name: 'celsiusify_version_load_seconds',
    type: 'gauge',
    help: 'Seconds that the last load of a version took, warming up included.',
    samples: ({ loadSeconds }, labels) =>
      loadSeconds === undefined ? '' : `celsiusify_version_load_seconds{${labels}} ${loadSeconds}\n`,
  },
];

type Count = readonly [furtherLabel: string, count: number];

function counter(name: string, help: string, counts: (meter: VersionMeter) => readonly Count[]): Family {
  const samples = (meter: VersionMeter, labels: string) =>
    counts(meter)
      .map(([further, count]) => `${name}{${labels}${further}} ${count}\n`)
      .join('');
  return { name, type: 'counter', help, samples };
}

function labelled(label: string, counts: readonly Count[]): Count[] {
  return counts.map(([value, count]) => [`,${label}="${value}"`, count]);
}

function histogram(name: string, help: string, of: (meter: VersionMeter) => Distribution): Family {
  const samples = (meter: VersionMeter, labels: string, exposition: Exposition) => {
    const { buckets, count, sum } = of(meter);
    const lines = buckets.map(({ le, total, exemplar }) => {
      const further = exposition === 'text' ? '' : exemplarText(exemplar);
      return `${name}_bucket{le="${le}",${labels}} ${total}${further}\n`;
    });
    return `${lines.join('')}${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${count}\n`;
  };
  return { name, type: 'histogram', help, samples };
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return '';
  const { traceId, value, time } = exemplar;
  return ` # {trace_id="${traceId}"} ${value} ${time}`;
}

function statesText(states: Iterable<VersionState>): string {
  const name = 'celsiusify_version_state';
  const help =
    "Versions in a state, each its own series; those that were unloaded are not there. Code: OK, or a failure's.";
  const lines = counted(states).map(
    ([one, count]) => `${name}{${labelsOf(one)},state="${one.state}",code="${one.code}"} ${count}\n`,
  );
  return headOf(name, 'gauge', help) + lines.join('');
}

/** Versions with how many each stands for: itself, or all beyond MAX_STATES that are in its state. */
function counted(states: Iterable<VersionState>): [VersionState, number][] {
  const own: [VersionState, number][] = [];
  const others = new Map<string, [VersionState, number]>();
  for (const one of states) {
    if (own.length < MAX_STATES) {
      own.push([one, 1]);
      continue;
    }
    const { state, code } = one;
    const [other, count] = others.get(`${state} ${code}`) ?? [
      { model: OTHER, version: OTHER, state, code },
      0,
    ];
    others.set(`${state} ${code}`, [other, count + 1]);
  }
  return [...own, ...others.values()];
}

const headOf = (name: string, type: string, help: string) =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;

const labelsOf = ({ model, version }: VersionName) => `model="${escaped(model)}",model_version="${version}"`;

/** As the text format has it: a model's name is a folder's, and may hold anything. */
const escaped = (value: string) => value.replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`));
