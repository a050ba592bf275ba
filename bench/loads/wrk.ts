import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { endedChildrenCpu } from '../process-tree.ts';
import { perRequest, type Session } from '../session.ts';

const run = promisify(execFile);

/** What the script's done() prints, times in µs. */
const Summary = Type.Object({
  duration: Type.Number(),
  requests: Type.Integer(),
  errors: Type.Integer(),
  p50: Type.Number(),
  p90: Type.Number(),
  p99: Type.Number(),
  p999: Type.Number(),
  max: Type.Number(),
});
const summary = Compile(Summary);

/** wrk counts answers of any status as requests; errors.status are those above 399. */
const DONE = `
function done(summary, latency, requests)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.timeout + e.status
  io.write(string.format(
    '\\n{"duration":%d,"requests":%d,"errors":%d,"p50":%d,"p90":%d,"p99":%d,"p999":%d,"max":%d}\\n',
    summary.duration, summary.requests - e.status, failed, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency:percentile(99.9), latency.max))
end
`;

/** A Lua string with any bytes. */
function lua(text: string): string {
  return `"${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
}

export interface WrkResult {
  readonly duration_s: number;
  readonly requests: number;
  readonly errors: number;
  readonly requests_per_s: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  readonly p999_ms: number;
  readonly max_ms: number;
  readonly cpu_us_per_request: number | null;
  readonly client_cpu_us_per_request: number | null;
}

export interface WrkJob {
  readonly origin: string;
  readonly path: string;
  readonly body: string;
  readonly connections: number;
  readonly load_s: number;
  /** 0: none, right after another client's load of as many connections. */
  readonly warmup_s: number;
  /** wrk itself, and where it may run (null: anywhere). */
  readonly program: string;
  readonly cpus: string | null;
  readonly signal: AbortSignal;
  /** The server's CPU time so far, µs; null when it is not ours to see. */
  cpu_us(): number | null;
}

/** A closed loop by wrk with one thread, after a warm-up. wrk keeps times in whole µs and runs for whole seconds. */
export async function runWrk(job: WrkJob): Promise<WrkResult> {
  const folder = mkdtempSync(join(tmpdir(), 'celsiusify-wrk-'));
  const script = join(folder, 'post.lua');
  const head = 'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n';
  writeFileSync(script, `${head}wrk.body = ${lua(job.body)}\n${DONE}`);
  const wrk = async (seconds: number) => {
    const [program = 'wrk', ...args] = [
      ...(job.cpus === null ? [] : ['taskset', '-c', job.cpus]),
      job.program,
      ...['--threads', '1', '--connections', String(job.connections), '--script', script],
      ...['--duration', `${Math.max(1, Math.round(seconds))}s`],
      job.origin + job.path,
    ];
    const { stdout } = await run(program, args, { signal: job.signal });
    return parseSummary(stdout);
  };
  try {
    if (job.warmup_s > 0) await wrk(job.warmup_s);
    const [server, client] = [job.cpu_us(), endedChildrenCpu()];
    const found = await wrk(job.load_s);
    const after = job.cpu_us();
    return {
      duration_s: found.duration / 1e6,
      requests: found.requests,
      errors: found.errors,
      requests_per_s: found.requests / (found.duration / 1e6),
      p50_ms: found.p50 / 1000,
      p90_ms: found.p90 / 1000,
      p99_ms: found.p99 / 1000,
      p999_ms: found.p999 / 1000,
      max_ms: found.max / 1000,
      cpu_us_per_request: perRequest(
        server === null || after === null ? null : after - server,
        found.requests,
      ),
      client_cpu_us_per_request: perRequest(endedChildrenCpu() - client, found.requests),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same of a session's server, asked for 212 °F. */
export function wrkLoad(session: Session, connections: number): Promise<WrkResult> {
  const { bench, running, target } = session;
  const { load_s, wrk_warmup_s } = bench.settings;
  return runWrk({
    origin: running.origin,
    path: target.ask.path,
    body: target.ask.body([212]),
    connections,
    load_s,
    warmup_s: wrk_warmup_s,
    program: bench.tools.wrk ?? 'wrk',
    cpus: bench.pinning.client,
    signal: bench.signal,
    cpu_us: () => session.cpu_us(),
  });
}

function parseSummary(stdout: string): Static<typeof Summary> {
  const found: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  if (!summary.Check(found)) throw new Error(`wrk printed ${stdout.slice(-200)}`);
  return found;
}
