/**
 * Do the clients agree? A server that answers after a fixed time counts its requests and times its answers itself; what a
 * client says is compared with that, so that a busy machine is the same for both sides.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { LoadClient } from '../clients/client.ts';
import { parseCsv } from '../csv.ts';
import { median } from '../statistics.ts';
import { onPath } from '../targets/found.ts';
import { jobFor, RIGHT, stub } from '../testing.ts';
import { makeVenv } from '../venv.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const DELAY_MS = 50;
const CONNECTIONS = 8;
const RATE = 80;
const SECONDS = 4;
const TOLERANCE = 0.15;

/** When requests came, and how long each was held, as the server saw it, ms. */
const seen: { at: number; held: number }[] = [];
const server = await stub((response) => {
  const at = performance.now();
  setTimeout(() => {
    response.end(RIGHT);
    seen.push({ at, held: performance.now() - at });
  }, DELAY_MS);
});
t.teardown(() => server.close());

function near(t: Pick<Test, 'ok'>, name: string, got: number | null | undefined, wanted: number): void {
  t.ok(Math.abs((got ?? 0) / wanted - 1) <= TOLERANCE, `${name}: ${got} is near ${wanted}`);
}

/** The server's own rate (requests/s) and median (ms) since a time; leftovers of the client before are left out. */
function ofServer(since: number): { rate: number; p50: number } {
  const all = seen.splice(0).filter(({ at }) => at >= since);
  const [first, last] = [all[0]?.at ?? 0, all.at(-1)?.at ?? 0];
  return { rate: (all.length - 1) / ((last - first) / 1000), p50: median(all.map(({ held }) => held)) };
}

for (const kind of ['autocannon', 'undici'] as const) {
  t.test(kind, async (t) => {
    const since = performance.now();
    const client = await LoadClient.start();
    const job = jobFor(server.origin, { kind, connections: CONNECTIONS, warmup_s: 0.5, duration_s: SECONDS });
    const found = await client.run(job);
    client.stop();
    const { rate, p50 } = ofServer(since);
    t.equal(found.errors, 0);
    near(t, 'requests/s', found.requests / found.duration_s, rate);
    near(t, 'p50 ms', found.p50_ms, p50);
  });
}

t.test('undici, open loop', async (t) => {
  const since = performance.now();
  const client = await LoadClient.start();
  const job = jobFor(server.origin, {
    kind: 'undici',
    rate_per_s: RATE,
    connections: 32,
    duration_s: SECONDS,
  });
  const found = await client.run(job);
  client.stop();
  t.match(found, { errors: 0, unfinished: 0, intended: RATE * SECONDS });
  near(t, 'p50 ms of service', found.service_p50_ms, ofServer(since).p50);
  t.ok((found.p50_ms ?? 0) >= (found.service_p50_ms ?? 0), 'what the client is late by comes on top');
});

t.test('wrk', { skip: onPath('wrk') === null && 'no wrk on PATH' }, async (t) => {
  const since = performance.now();
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
  const { rate, p50 } = ofServer(since);
  near(t, 'requests/s', Number(/Requests\/sec: +([\d.]+)/.exec(stdout)?.[1]), rate);
  near(t, 'p50 ms', Number(/50% +([\d.]+)ms/.exec(stdout)?.[1]), p50);
});

t.test('Locust', async (t) => {
  const since = performance.now();
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
  const { rate, p50 } = ofServer(since);
  near(t, 'requests/s', Number(all?.['Requests/s']), rate);
  near(t, 'p50 ms', Number(all?.['50%']), p50);
});
