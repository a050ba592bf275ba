/**
 * Do the clients agree? A server whose answers take a fixed time makes rate and latency of a closed loop known beforehand,
 * so each client is compared with arithmetic, not with another client.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { LoadClient } from '../clients/client.ts';
import { parseCsv } from '../csv.ts';
import { onPath } from '../targets/found.ts';
import { jobFor, RIGHT, stub } from '../testing.ts';
import { makeVenv } from '../venv.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const DELAY_MS = 50;
const CONNECTIONS = 8;
const SECONDS = 4;
/** Timers of the server and the machine's other work make answers slower, never faster. */
const TOLERANCE = 0.15;
const RATE = (CONNECTIONS * 1000) / DELAY_MS;

const server = await stub((response) => setTimeout(() => response.end(RIGHT), DELAY_MS));
t.teardown(() => server.close());

function near(t: Pick<typeof import('tap').default, 'ok'>, name: string, got: number, wanted: number): void {
  t.ok(Math.abs(got / wanted - 1) <= TOLERANCE, `${name}: ${got} is near ${wanted}`);
}

for (const kind of ['autocannon', 'undici'] as const) {
  t.test(kind, async (t) => {
    const client = await LoadClient.start();
    const job = jobFor(server.origin, { kind, connections: CONNECTIONS, warmup_s: 0.5, duration_s: SECONDS });
    const found = await client.run(job);
    client.stop();
    t.equal(found.errors, 0);
    near(t, 'requests/s', found.requests / found.duration_s, RATE);
    near(t, 'p50 ms', found.p50_ms ?? 0, DELAY_MS);
    near(t, 'p99 ms', found.p99_ms ?? 0, DELAY_MS);
  });
}

t.test('undici, open loop', async (t) => {
  const client = await LoadClient.start();
  const job = jobFor(server.origin, {
    kind: 'undici',
    rate_per_s: RATE / 2,
    connections: 32,
    duration_s: SECONDS,
  });
  const found = await client.run(job);
  client.stop();
  t.match(found, { errors: 0, unfinished: 0, intended: (RATE / 2) * SECONDS });
  near(t, 'p50 ms', found.p50_ms ?? 0, DELAY_MS);
});

t.test('wrk', { skip: onPath('wrk') === null && 'no wrk on PATH' }, async (t) => {
  const args = [
    '--threads',
    '1',
    '--connections',
    String(CONNECTIONS),
    '--duration',
    `${SECONDS}s`,
    '--latency',
  ];
  const { stdout } = await run('wrk', [...args, `${server.origin}/`]);
  near(t, 'requests/s', Number(/Requests\/sec: +([\d.]+)/.exec(stdout)?.[1]), RATE);
  near(t, 'p50 ms', Number(/50% +([\d.]+)ms/.exec(stdout)?.[1]), DELAY_MS);
});

t.test('Locust', async (t) => {
  const bin = await makeVenv(root, 'locust', join(root, 'locust/requirements.txt'), (line) =>
    t.comment(line),
  );
  const folder = t.testdir();
  mkdirSync(folder, { recursive: true });
  // a user that asks nothing of the answer: the project's own locustfile checks values that this server does not know
  const file = fileURLToPath(new URL('locustfile.py', import.meta.url));
  await run(join(bin, 'locust'), [
    ...['--locustfile', file, '--host', server.origin, '--headless', '--users', String(CONNECTIONS)],
    ...['--spawn-rate', String(CONNECTIONS), '--run-time', `${SECONDS}s`, '--reset-stats'],
    ...['--csv', join(folder, 'run'), '--only-summary'],
  ]);
  const csv = join(folder, 'run_stats.csv');
  t.ok(existsSync(csv));
  const all = parseCsv(readFileSync(csv, 'utf8')).find(({ Name }) => Name === 'Aggregated');
  near(t, 'requests/s', Number(all?.['Requests/s']), RATE);
  near(t, 'p50 ms', Number(all?.['50%']), DELAY_MS);
});
