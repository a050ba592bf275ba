import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseCsv } from '../csv.ts';
import { type Known, notMeasured, present, type Question, rounds, type Step, startSeconds } from '../plan.ts';
import { row } from '../schema.ts';
import { perRequest, Session } from '../session.ts';

/** Locust's own start and end. */
const OVERHEAD_S = 3.5;

/** The project's locustfile, which checks every answer, against each server. */
export const locust: Question = {
  name: 'locust',
  title: "the project's Locust users",
  targets: ['celsiusify-predict', 'tf-serving', 'fastapi'],
  steps(known: Known): Step[] {
    const { settings, tools } = known;
    return rounds(settings.side_repeats, present(known, this.targets)).map(({ repeat, target }) => ({
      id: `locust/${repeat}/${target}`,
      seconds: tools.locust === null ? 0 : startSeconds(target) + settings.locust_s + OVERHEAD_S,
      run: async (bench) => {
        const condition = `repeat=${repeat}`;
        const program = bench.tools.locust;
        if (program === null)
          return {
            rows: [notMeasured('locust', target, condition, 'Locust could not be installed')],
            logs: [],
          };
        const use = (session: Session) => measure(session, program, repeat);
        return Session.run(bench, 'locust', target, use, { condition });
      },
    }));
  },
};

async function measure(session: Session, program: string, repeat: number): Promise<void> {
  const { bench, target, running } = session;
  const { locust_s, locust_users } = bench.settings;
  const workers = Math.max(1, Math.floor(availableParallelism() / 2));
  const folder = join(bench.store.partial, 'locust');
  mkdirSync(folder, { recursive: true });
  const prefix = join(folder, `${target.id}-repeat-${repeat}`);
  const pin = bench.pinning.client === null ? [] : ['taskset', '-c', bench.pinning.client];
  const argv = [
    ...pin,
    program,
    ...['--locustfile', join(bench.root, 'locust/locustfile.py'), '--host', running.origin, '--headless'],
    ...['--users', String(locust_users), '--spawn-rate', String(locust_users), '--run-time', `${locust_s}s`],
    ...['--api', target.ask.path === '/celsius' ? 'celsius' : 'predict'],
    ...[
      '--processes',
      String(workers),
      '--reset-stats',
      '--csv',
      prefix,
      '--csv-full-history',
      '--only-summary',
    ],
  ];
  const before = session.cpu_us();
  const log = await runLocust(argv, bench.signal);
  const after = session.cpu_us();
  const condition = `repeat=${repeat}`;
  const all = totalsIn(`${prefix}_stats.csv`);
  if (all === undefined || Number(all['Request Count']) === 0) {
    session.void(condition, `Locust made no requests: ${log.trim().split('\n').at(-1) ?? ''}`);
    return;
  }
  const wrong = /wrong value: .*/.exec(readFileSync(`${prefix}_failures.csv`, 'utf8'))?.[0];
  const known = wrong ?? (await session.knownAfter());
  if (known !== null) {
    session.void(condition, `wrong answer: ${known}`);
    return;
  }
  const requests = Number(all['Request Count']);
  const requests_per_s = Number(all['Requests/s']);
  session.add(
    row('locust', {
      target: target.id,
      users: locust_users,
      workers,
      repeat,
      duration_s: requests / requests_per_s,
      requests,
      failures: Number(all['Failure Count']),
      requests_per_s,
      p50_ms: Number(all['50%']),
      p90_ms: Number(all['90%']),
      p99_ms: Number(all['99%']),
      p999_ms: Number(all['99.9%']),
      max_ms: Number(all['Max Response Time']),
      cpu_us_per_request: perRequest(before === null || after === null ? null : after - before, requests),
      client_limited: /CPU usage/i.test(log),
    }),
  );
}

/** Runs Locust to its end. Its exit code 1 means failed requests, which its files count, too. */
async function runLocust(argv: readonly string[], signal: AbortSignal): Promise<string> {
  const [program = '', ...args] = argv;
  // a process group of its own, so that its workers can be ended with it
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000);
    });
  const stop = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', stop);
  try {
    await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return log;
}

function totalsIn(file: string): Record<string, string> | undefined {
  try {
    return parseCsv(readFileSync(file, 'utf8')).find(({ Name }) => Name === 'Aggregated');
  } catch {
    return undefined;
  }
}
