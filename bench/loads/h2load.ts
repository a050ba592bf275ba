import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { endedChildrenCpu } from '../process-tree.ts';
import { perRequest } from '../session.ts';

const run = promisify(execFile);

export interface H2loadResult {
  readonly duration_s: number;
  readonly requests: number;
  readonly errors: number;
  readonly requests_per_s: number;
  readonly mean_ms: number;
  readonly max_ms: number;
  readonly cpu_us_per_request: number | null;
  readonly client_cpu_us_per_request: number | null;
}

export interface H2loadJob {
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Bytes of a right answer's body: an error of gRPC's has none, which is how it is told from one. */
  readonly answerBytes: number;
  /** What answers may differ from that by, all together and as a share, and still be right ones. */
  readonly slack?: number;
  readonly http1: boolean;
  readonly connections: number;
  readonly streams: number;
  readonly load_s: number;
  readonly warmup_s: number;
  /**
   * Whether the load goes on over the connections of its warm-up. Where a second holds few answers it must: a load that
   * begins with all clients at once has its first answers late and together, and misses up to one of each client.
   */
  readonly steady?: boolean;
  /** h2load itself. */
  readonly program: string;
  readonly signal: AbortSignal;
  /** The server's CPU time so far, µs; null when it is not ours to see. */
  cpu_us(): number | null;
}

/** Of an answer's head and frames, at most. */
const HEAD_BYTES = 1024;

/**
 * A closed loop by h2load with one thread, after a warm-up. One request at a time has its rate from the mean of its times,
 * which whole answers a second would round.
 *
 * @returns right answers as `requests`, and all others as `errors`
 * @throws Error where answers are longer than the right one
 */
export async function runH2load(job: H2loadJob): Promise<H2loadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'celsiusify-h2load-'));
  const body = join(folder, 'body');
  writeFileSync(body, job.body);
  const h2load = async (seconds: number, warmup_s = 0) => {
    const { stdout } = await run(
      job.program,
      [
        ...['--threads', '1', '--clients', String(job.connections)],
        ...['--max-concurrent-streams', String(job.streams)],
        ...['--duration', milli(seconds), '--data', body, ...(job.http1 ? ['--h1'] : [])],
        ...(warmup_s > 0 ? ['--warm-up-time', milli(warmup_s)] : []),
        ...job.headers.flatMap((header) => ['--header', header]),
        job.url,
      ],
      { signal: job.signal },
    );
    return parseH2load(stdout);
  };
  try {
    const warmed_s = job.steady ? job.warmup_s : 0;
    if (!job.steady) await h2load(job.warmup_s);
    const client = endedChildrenCpu();
    const begun = sleep(warmed_s * 1000).then(() => job.cpu_us());
    const [server, found] = await Promise.all([begun, h2load(job.load_s, warmed_s)]);
    const after = job.cpu_us();
    const requests = job.steady ? rightBySize(job, found) : rightByBodies(job, found);
    const { mean_ms, max_ms } = found;
    const duration_s = found.duration_s - warmed_s;
    const alone = job.connections * job.streams === 1 && requests === found.answers;
    // the client's own is known at its end alone, and is spread over its warm-up, too
    const client_us = ((endedChildrenCpu() - client) * duration_s) / found.duration_s;
    return {
      ...{ duration_s, requests, mean_ms, max_ms },
      errors: found.errors + Math.max(0, found.answers - requests),
      requests_per_s: alone && mean_ms > 0 ? 1000 / mean_ms : requests / duration_s,
      cpu_us_per_request: perRequest(server === null || after === null ? null : after - server, requests),
      client_cpu_us_per_request: perRequest(client_us, requests),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Right answers by the bytes of all bodies, those of unfinished answers among them. */
function rightByBodies(
  { answerBytes, connections, streams, slack = 0 }: H2loadJob,
  found: H2loadSummary,
): number {
  const byBytes = Math.round(found.data_bytes / answerBytes);
  const near = Math.abs(byBytes - found.answers) <= found.answers * slack;
  const requests = near ? found.answers : byBytes;
  if (requests > found.answers + connections * streams)
    throw notRight(found.answers, found.data_bytes, answerBytes);
  return requests;
}

/** The same where bodies were counted from the warm-up on: by the bytes of whole answers, which were not. */
function rightBySize({ answerBytes, slack = 0 }: H2loadJob, found: H2loadSummary): number {
  const { answers, total_bytes } = found;
  if (total_bytes > answers * (answerBytes * (1 + slack) + HEAD_BYTES))
    throw notRight(answers, total_bytes, answerBytes);
  const missing = answers * answerBytes * (1 - slack) - total_bytes;
  return answers - Math.max(0, Math.ceil(missing / answerBytes));
}

function notRight(answers: number, bytes: number, each: number): Error {
  return new Error(`${answers} answers have ${bytes} bytes: not ${each} each, as the right one`);
}

function milli(seconds: number): string {
  return `${Math.round(seconds * 1000)}ms`;
}

/** What h2load says of a load. */
export interface H2loadSummary extends Pick<H2loadResult, 'duration_s' | 'errors' | 'mean_ms' | 'max_ms'> {
  /** Right ones and others. */
  readonly answers: number;
  /** Of the answers' bodies, in a warm-up before it, too. */
  readonly data_bytes: number;
  /** Of the answers with their heads. */
  readonly total_bytes: number;
}

/** Reads what h2load prints. @throws Error where that is not as it was known here */
export function parseH2load(text: string): H2loadSummary {
  const [, duration = ''] = /^finished in (\S+), /m.exec(text) ?? [];
  const [, requests = '', failed = '', errored = '', late = ''] =
    /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(text) ?? [];
  const [, total = '', data = ''] = /^traffic: \S+ \((\d+)\) total.* \((\d+)\) data/m.exec(text) ?? [];
  const [, max = '', mean = ''] = /^(?:time for request|request\s*):\s+\S+\s+(\S+)\s+(\S+)/m.exec(text) ?? [];
  const found = {
    duration_s: milliseconds(duration) / 1000,
    answers: Number(requests || Number.NaN),
    errors: Number(failed) + Number(errored) + Number(late),
    mean_ms: milliseconds(mean),
    max_ms: milliseconds(max),
    data_bytes: Number(data || Number.NaN),
    total_bytes: Number(total || Number.NaN),
  };
  if (Object.values(found).some(Number.isNaN)) throw new Error(`h2load printed ${text.slice(0, 500)}`);
  return found;
}

const UNITS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000 };

function milliseconds(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(number || Number.NaN) * (UNITS[unit] ?? Number.NaN);
}
