import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatCsv } from '../bench/csv.ts';
import { median } from '../bench/statistics.ts';
import { FatalError } from '../function/errors.ts';
import { connect } from './cluster.ts';
import {
  commonFlags,
  type Flags,
  ingressFlags,
  integer,
  number,
  outputFormat,
  parse,
  timeoutFlag,
  type Verb,
} from './flags.ts';
import { followPods, type PodFollower, type PodTimes } from './follow-pods.ts';
import { type Answer, checkIngress, type Ingress, openIngress } from './ingress.ts';
import { parseCelsius } from './invoke.ts';
import { progress } from './io.ts';
import { coldStartPhases } from './phases.ts';
import { asking, readService } from './serving.ts';
import { table } from './status.ts';
import type { KnativeService } from './types.ts';
import { TimeoutError } from './watch.ts';

const flags = {
  count: { type: 'string', default: '10', value: 'N', help: 'cold starts' },
  warm: { type: 'string', default: '10', value: 'N', help: 'requests to the warm pod after each' },
  get: { type: 'string', value: 'PATH', help: 'ask GET PATH in place of POST /celsius: for any other image' },
  'metrics-token': { type: 'string', value: 'TOKEN', help: 'when /metrics wants one' },
  csv: { type: 'string', default: 'knative-cold-start.csv', value: 'FILE', help: 'where the figures go' },
  ...ingressFlags,
  ...timeoutFlag,
  ...commonFlags,
} as const satisfies Flags;

/** Columns of the CSV file. */
export const COLUMNS = ['service', 'image', 'attempt', 'start', 'request', 'phase', 'duration_ms'] as const;

/**
 * One figure. `start` is cold for the request that finds no pod, else warm; `phase` is total (request sent to whole
 * answer); for cold ones also pod_created (from the request), pod_scheduled, container_running, pod_ready (each from
 * the one before, as seen by a watch of the API), process_started (from the request, by the time in the run ID, which
 * the process mints when it starts: true only where this clock and the node's agree), and function_… (durations that
 * the function measured itself).
 */
export interface Figure {
  readonly attempt: number;
  readonly start: 'cold' | 'warm';
  readonly request: number;
  readonly phase: string;
  readonly duration_ms: number;
}

export interface Measuring {
  readonly pods: PodFollower;
  readonly ingress: Ingress;
  readonly ask: () => Promise<Answer>;
  readonly warm: number;
  readonly metricsToken: string | undefined;
  readonly timeoutMs: number;
}

/** Unix time in ms of a UUIDv7 (RFC 9562): its first 48 bits. */
function mintedAt(uuid: string): number {
  return Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16);
}

/** One cold start and the warm requests after it; there must be no pods. */
async function measureOnce(attempt: number, m: Measuring): Promise<Figure[]> {
  const sent = performance.now();
  const sentUnixMs = Date.now();
  const cold = await m.ask();
  const figure = (start: 'cold' | 'warm', request: number, phase: string, ms: number): Figure => {
    return { attempt, start, request, phase, duration_ms: Number(ms.toFixed(3)) };
  };
  const figures = [figure('cold', 0, 'total', cold.durationMs)];
  // Before anything else asks the pod: its report of "ready" comes after the answer.
  const isReady = (p: PodTimes) => p.ready !== undefined;
  await m.pods.until((pods) => [...pods.values()].some(isReady), m.timeoutMs);
  const times = [...m.pods.pods.values()].find(isReady);
  let before = sent;
  for (const [phase, at] of [
    ['pod_created', times?.created],
    ['pod_scheduled', times?.scheduled],
    ['container_running', times?.running],
    ['pod_ready', times?.ready],
  ] as const) {
    if (at === undefined) continue;
    figures.push(figure('cold', 0, phase, at - before));
    before = at;
  }
  const runId = cold.headers['x-run-id'];
  if (typeof runId === 'string')
    figures.push(figure('cold', 0, 'process_started', mintedAt(runId) - sentUnixMs));
  for (let i = 1; i <= m.warm; i++) figures.push(figure('warm', i, 'total', (await m.ask()).durationMs));
  const token = m.metricsToken === undefined ? {} : { authorization: `Bearer ${m.metricsToken}` };
  const metrics = await m.ingress.get('/metrics', token);
  for (const [phase, ms] of coldStartPhases(metrics.body)) {
    figures.push(figure('cold', 0, `function_${phase}`, ms));
  }
  return figures;
}

export const measure: Verb = {
  summary: 'scale to zero and time cold starts, N times, next to warm requests, into CSV',
  flags,
  async run(argv, io) {
    const { values: v } = parse(argv, flags);
    const output = outputFormat(v.output);
    const count = integer('count', v.count, 1, 1000);
    const warm = integer('warm', v.warm, 0, 10_000);
    const timeoutMs = number('timeout', v.timeout, 1) * 1000;
    const requestMs = number('request-timeout', v['request-timeout'], 0.001) * 1000;
    const ingressUrl = checkIngress(v.ingress);
    const cluster = connect(v, io.env);
    const service = await readService(cluster, v.name);
    const image = scalesToZero(service);
    const how = { ingress: ingressUrl, timeoutMs: requestMs, signal: io.signal };
    const ingress = await openIngress(cluster, service, how);
    const pods = followPods(cluster, v.name, io.signal);
    const figures: Figure[] = [];
    const wait = progress(io);
    const ask = async (): Promise<Answer> => {
      if (v.get === undefined) {
        const answer = await ingress.post('/celsius', JSON.stringify({ fahrenheit: [212] }));
        const [celsius] = parseCelsius(answer, 1, ingress.url).celsius;
        if (celsius !== 100)
          throw new FatalError(`${ingress.url} says that 212 °F are ${celsius} °C: not measured on`);
        return answer;
      }
      const answer = await ingress.get(v.get);
      if (answer.status !== 200)
        throw new FatalError(`GET ${v.get} at ${ingress.url} answers ${answer.status}`);
      return answer;
    };
    try {
      const estimate = new Estimate(count, idleSeconds(service));
      wait.update(
        `${count} cold starts of ${v.name}: ${estimate.text(0)}, since it must lose its pods before each`,
      );
      const zero = () =>
        asking(cluster, v.name, () => pods.until((p) => p.size === 0, timeoutMs)).catch((error: unknown) => {
          if (!(error instanceof TimeoutError)) throw error;
          throw new FatalError(
            `${v.name} still has pods after ${v.timeout} s: something asks it, or its window is long: deploy --window 10s, or --timeout`,
          );
        });
      await zero();
      for (let attempt = 1; attempt <= count; attempt++) {
        estimate.startAttempt();
        wait.update(`${attempt} of ${count}: cold start of ${v.name}`);
        const m = { pods, ingress, ask, warm, metricsToken: v['metrics-token'], timeoutMs };
        const rows = await asking(cluster, v.name, () => measureOnce(attempt, m));
        figures.push(...rows);
        // After each start, so that a run that is stopped keeps what it has.
        save(v.csv, v.name, image, figures);
        if (attempt === count) break;
        wait.update(
          `${attempt} of ${count}: waiting until ${v.name} has no pods; ${estimate.text(attempt)} in all are left`,
        );
        await zero();
        estimate.endAttempt();
      }
    } finally {
      wait.done();
      pods.stop();
      await ingress.close();
    }
    const summary = summarise(figures);
    io.out(
      output === 'json'
        ? JSON.stringify({ name: v.name, image, csv: v.csv, summary })
        : table([
            ['START', 'PHASE', 'COUNT', 'MIN ms', 'MEDIAN ms', 'MAX ms'],
            ...summary.map((s) => [
              s.start,
              s.phase,
              String(s.count),
              s.min_ms.toFixed(1),
              s.median_ms.toFixed(1),
              s.max_ms.toFixed(1),
            ]),
          ]),
    );
    if (output === 'text') io.out(`${figures.length} figures in ${v.csv}`);
  },
};

function save(path: string, service: string, image: string, figures: readonly Figure[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    formatCsv(
      COLUMNS,
      figures.map((f) => ({ service, image, ...f })),
    ),
  );
}

/** Knative's own defaults where the Service says nothing: `stable-window`, `scale-to-zero-grace-period`. */
const DEFAULT_WINDOW_S = 60;
const GRACE_S = 30;

/** About how long a Service that nobody asks keeps its last pod, in s. */
function idleSeconds({ spec }: KnativeService): number {
  const annotations = spec.template?.metadata?.annotations ?? {};
  const seconds = (name: string) => secondsOf(annotations[`autoscaling.knative.dev/${name}`]);
  return (
    (seconds('window') ?? DEFAULT_WINDOW_S) + (seconds('scale-to-zero-pod-retention-period') ?? 0) + GRACE_S
  );
}

/** @param text a duration such as 1m30s, as Go writes them */
function secondsOf(text: string | undefined): number | undefined {
  const [, h, m, s] = /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text ?? '') ?? [];
  if (h === undefined && m === undefined && s === undefined) return undefined;
  return Number(h ?? 0) * 3600 + Number(m ?? 0) * 60 + Number(s ?? 0);
}

/** How long the rest takes: by what Knative promises at first, then by what it took. */
class Estimate {
  readonly #count: number;
  #perAttemptS: number;
  #started = performance.now();
  #measured = 0;

  constructor(count: number, perAttemptS: number) {
    this.#count = count;
    this.#perAttemptS = perAttemptS;
  }

  startAttempt(): void {
    this.#started = performance.now();
  }

  endAttempt(): void {
    const seconds = (performance.now() - this.#started) / 1000;
    this.#perAttemptS = (this.#measured * this.#perAttemptS + seconds) / (this.#measured + 1);
    this.#measured++;
  }

  /** @param done attempts */
  text(done: number): string {
    const minutes = Math.ceil(((this.#count - done) * this.#perAttemptS) / 60);
    return `about ${minutes} minute${minutes === 1 ? '' : 's'}`;
  }
}

/** @returns the image; @throws {FatalError} when the Service never goes down to no pods */
function scalesToZero(service: KnativeService): string {
  const template = service.spec.template;
  const { name } = service.metadata;
  const least = template?.metadata?.annotations?.['autoscaling.knative.dev/min-scale'] ?? '0';
  if (least !== '0') {
    throw new FatalError(
      `${name} keeps ${least} pods at least: \`npm run knative -- deploy --min-scale 0 …\` lets it scale to zero`,
    );
  }
  return template?.spec.containers[0]?.image ?? '';
}

/** Count, least, median and greatest by start and phase. */
function summarise(figures: readonly Figure[]) {
  return [...Map.groupBy(figures, (f) => `${f.start} ${f.phase}`).values()].map((group) => {
    const ms = group.map((f) => f.duration_ms);
    return {
      start: group[0]?.start ?? 'cold',
      phase: group[0]?.phase ?? '',
      count: ms.length,
      min_ms: Math.min(...ms),
      median_ms: median(ms),
      max_ms: Math.max(...ms),
    };
  });
}
