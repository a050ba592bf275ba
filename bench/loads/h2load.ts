import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  /** h2load itself. */
  readonly program: string;
  readonly signal: AbortSignal;
  /** The server's CPU time so far, µs; null when it is not ours to see. */
  cpu_us(): number | null;
}

/**
 * A closed loop by h2load with one thread, after a warm-up.
 *
 * @returns right answers as `requests`, and all others as `errors`
 * @throws Error where answers are longer than the right one
 */
export async function runH2load(job: H2loadJob): Promise<H2loadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'celsiusify-h2load-'));
  const body = join(folder, 'body');
  writeFileSync(body, job.body);
  const h2load = async (seconds: number) => {
    const { stdout } = await run(
      job.program,
      [
        ...['--threads', '1', '--clients', String(job.connections)],
        ...['--max-concurrent-streams', String(job.streams)],
        ...['--duration', `${Math.round(seconds * 1000)}ms`, '--data', body, ...(job.http1 ? ['--h1'] : [])],
        ...job.headers.flatMap((header) => ['--header', header]),
        job.url,
      ],
      { signal: job.signal },
    );
    return parseH2load(stdout);
  };
  try {
    await h2load(job.warmup_s);
    const [server, client] = [job.cpu_us(), endedChildrenCpu()];
    const found = await h2load(job.load_s);
    const after = job.cpu_us();
    const byBytes = Math.round(found.data_bytes / job.answerBytes);
    const near = Math.abs(byBytes - found.answers) <= found.answers * (job.slack ?? 0);
    const requests = near ? found.answers : byBytes;
    const mostUnfinished = job.connections * job.streams;
    if (requests > found.answers + mostUnfinished)
      throw new Error(
        `${found.answers} answers have ${found.data_bytes} bytes: not ${job.answerBytes} each, as the right one`,
      );
    const { duration_s, mean_ms, max_ms } = found;
    return {
      ...{ duration_s, requests, mean_ms, max_ms },
      errors: found.errors + Math.max(0, found.answers - requests),
      requests_per_s: requests / duration_s,
      cpu_us_per_request: perRequest(server === null || after === null ? null : after - server, requests),
      client_cpu_us_per_request: perRequest(endedChildrenCpu() - client, requests),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What h2load says of a load. */
export interface H2loadSummary extends Pick<H2loadResult, 'duration_s' | 'errors' | 'mean_ms' | 'max_ms'> {
  /** Right ones and others. */
  readonly answers: number;
  /** Of the answers' bodies. */
  readonly data_bytes: number;
}

/** Reads what h2load prints. @throws Error where that is not as it was known here */
export function parseH2load(text: string): H2loadSummary {
  const [, duration = ''] = /^finished in (\S+), /m.exec(text) ?? [];
  const [, requests = '', failed = '', errored = '', late = ''] =
    /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(text) ?? [];
  const [, data = ''] = /^traffic: .* \((\d+)\) data/m.exec(text) ?? [];
  const [, max = '', mean = ''] = /^(?:time for request|request\s*):\s+\S+\s+(\S+)\s+(\S+)/m.exec(text) ?? [];
  const found = {
    duration_s: milliseconds(duration) / 1000,
    answers: Number(requests || Number.NaN),
    errors: Number(failed) + Number(errored) + Number(late),
    mean_ms: milliseconds(mean),
    max_ms: milliseconds(max),
    data_bytes: Number(data || Number.NaN),
  };
  if (Object.values(found).some(Number.isNaN)) throw new Error(`h2load printed ${text.slice(0, 500)}`);
  return found;
}

const UNITS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000 };

function milliseconds(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(number || Number.NaN) * (UNITS[unit] ?? Number.NaN);
}
