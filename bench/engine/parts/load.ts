import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Outcome } from '../../clients/job.ts';
import { newHistogram, percentiles, record } from '../../histogram.ts';
import { folderOf, type SavedModel } from '../../models/saved.ts';
import {
  type Bench,
  type Known,
  type Measured,
  notMeasured,
  type Part,
  type Ready,
  rounds,
} from '../plan.ts';
import { probeRows, startRow } from '../rows-of.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';
import type { Settings } from '../settings.ts';
import type { PythonTarget } from '../target.ts';

const run = promisify(execFile);

/** Models whose runs take longer than handing them over. */
const LOADED: readonly SavedModel[] = ['encoder', 'mobilenet_v2', 'resnet50', 'text'];

/** Throughput, latency, cores and memory under a few clients, and what probes see meanwhile. */
export const load: Part = {
  name: 'load',
  title: 'requests, latency, probes and cores under load',
  models: (chosen) => chosen.filter((model) => LOADED.includes(model)),
  steps(known: Known) {
    const { settings } = known;
    return this.models(known.models).flatMap((model) =>
      rounds(settings.repeats, serving(known)).map(({ repeat, item }) => ({
        id: `load/${model}/${repeat}/${item.target.id}`,
        seconds: secondsOf(settings, model, item),
        run: (bench: Bench) => measure(bench, item, model, repeat),
      })),
    );
  },
};

/** Targets that are asked by all numbers of clients. */
const EVERY: readonly string[] = ['celsiusify', 'before', 'tf-serving'];

function clientsOf({ clients, few_clients }: Settings, target: string): readonly number[] {
  return EVERY.includes(target) ? clients : clients.filter((count) => few_clients.includes(count));
}

/** The floor knows celsius alone. */
function serving({ ready }: Known): Ready[] {
  return ready.filter(({ target }) => target.kind !== 'floor');
}

/** Python and its packages. */
const PYTHON_START_S = 5;

function secondsOf(settings: Settings, model: SavedModel, { target, program }: Ready): number {
  const each = (settings.warmup_s + settings.load_s) * (settings.longer[model] ?? 1);
  if (program === null) return each + 5;
  const start_s = target.kind === 'python-server' ? PYTHON_START_S : 1.5;
  const counts = clientsOf(settings, target.id);
  return start_s + settings.settle_s + (each + 0.8) * (counts.length + (counts.includes(1) ? 1 : 0));
}

function measure(bench: Bench, item: Ready, model: SavedModel, repeat: number): Promise<Measured> {
  if (item.program === null) return python(bench, item.target, model, repeat);
  const { settings } = bench;
  const factor = settings.longer[model] ?? 1;
  const counts = clientsOf(settings, item.target.id);
  return Server.run(bench, item, { part: 'load', model, condition: `repeat=${repeat}` }, async (server) => {
    const most = { model, target: item.target.id, clients: Math.max(...counts), repeat };
    server.rows.push(startRow(server, model, repeat, 1));
    await server.quiet();
    await server.loopDelay(); // the first time V8 compiles all that it takes, for some 20 ms
    note(server, most, 'idle', server.examples.length);
    let asked = 0;
    for (const clients of counts) {
      await server.loopDelay(); // from here on
      const asking = () =>
        server.load({
          connections: clients,
          warmup_s: settings.warmup_s * factor,
          duration_s: settings.load_s * factor,
        });
      const { found, probes } = await server.probed(asking);
      const late = await server.loopDelay();
      // What one request costs a thread is not to be seen beside probes, each of which costs it half as much and more.
      const alone = clients === 1 ? await asking() : found;
      asked += found.requests + (alone === found ? 0 : alone.requests);
      const at = { ...most, clients };
      server.rows.push(row('load', { ...at, ...figuresOf(found, alone), ...late, ...peak(server) }));
      server.rows.push(...probeRows(probes, { ...at, during: 'load' }));
    }
    note(server, most, 'loaded', asked);
  });
}

function note(
  server: Server,
  at: { model: string; target: string; clients: number; repeat: number },
  state: 'idle' | 'loaded',
  requests_before: number,
): void {
  const held = server.memory();
  if (held !== null) server.rows.push(row('memory', { ...at, state, minutes: 0, requests_before, ...held }));
}

/**
 * What a load's outcome says; shares of cores are over the time that counts.
 *
 * @param alone the same load without probes, for the main thread's time
 */
function figuresOf(found: Outcome, alone: Outcome) {
  const { duration_s, requests, errors, wrong_answers, unfinished } = found;
  const { p50_ms, p90_ms, p99_ms, max_ms, rss_bytes, anonymous_bytes } = found;
  const cores = (us: number | null) => (us === null ? null : us / 1e6 / duration_s);
  return {
    ...{ duration_s, requests, errors, wrong_answers, unfinished },
    requests_per_s: requests / duration_s,
    ...{ p50_ms, p90_ms, p99_ms, max_ms, rss_bytes, anonymous_bytes },
    server_cores: cores(found.server_cpu_us),
    client_cores: cores(found.client_cpu_us),
    other_cores: cores(
      found.server_cpu_us === null
        ? null
        : Math.max(0, found.machine_cpu_us - found.server_cpu_us - found.client_cpu_us),
    ),
    main_thread_ms_per_request: perRequest(alone.server_main_thread_us, alone.requests),
    cpu_ms_per_request: perRequest(found.server_cpu_us, requests),
  };
}

/** Of µs altogether, ms for each; null where there is nothing to tell. */
function perRequest(us: number | null, requests: number): number | null {
  return us === null || requests === 0 ? null : us / 1000 / requests;
}

function peak(server: Server): { peak_rss_bytes: number | null } {
  return { peak_rss_bytes: server.memory()?.peak_rss_bytes ?? null };
}

const Found = Compile(
  Type.Object({
    runs: Type.Integer(),
    duration_s: Type.Number(),
    latencies_ms: Type.Array(Type.Number()),
    cpu_s: Type.Number(),
    wrong: Type.Union([Type.String(), Type.Null()]),
  }),
);

/** Runs without a server: one caller, no JSON. */
async function python(
  bench: Bench,
  { id: target, tolerance }: PythonTarget,
  model: SavedModel,
  repeat: number,
): Promise<Measured> {
  const { settings } = bench;
  const factor = settings.longer[model] ?? 1;
  const script = `${bench.root}/bench/engine/python_baseline.py`;
  const seconds = ['--warmup', String(settings.warmup_s), '--seconds', String(settings.load_s * factor)];
  const args = [script, folderOf(bench.root, model), ...seconds, '--tolerance', String(tolerance)];
  const { stdout } = await run(bench.python, args, { signal: bench.signal, maxBuffer: 1 << 26 });
  const found: unknown = JSON.parse(stdout);
  if (!Found.Check(found)) throw new Error(`${script} printed ${stdout.slice(0, 200)}`);
  if (found.wrong !== null) {
    const condition = `repeat=${repeat}`;
    const reason = `wrong answer: ${found.wrong}`;
    return { rows: [notMeasured({ part: 'load', model, target, condition, reason })], logs: [] };
  }
  const latency = newHistogram();
  for (const ms of found.latencies_ms) record(latency, ms);
  const { p50_ms, p90_ms, p99_ms, max_ms } = percentiles(latency);
  const measured = row('load', {
    ...{ model, target, clients: 1, repeat },
    duration_s: found.duration_s,
    requests: found.runs,
    ...{ errors: 0, wrong_answers: 0, unfinished: 0 },
    requests_per_s: found.runs / found.duration_s,
    ...{ p50_ms, p90_ms, p99_ms, max_ms },
    server_cores: found.cpu_s / found.duration_s,
    client_cores: null,
    other_cores: null,
    main_thread_ms_per_request: null,
    cpu_ms_per_request: found.runs === 0 ? null : (found.cpu_s * 1000) / found.runs,
    ...{ loop_delay_p99_ms: null, loop_delay_max_ms: null },
    ...{ rss_bytes: null, anonymous_bytes: null, peak_rss_bytes: null },
  });
  return { rows: [measured], logs: [] };
}
