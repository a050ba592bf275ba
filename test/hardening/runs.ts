import { setTimeout as sleep } from 'node:timers/promises';
import { spawnServer } from '../../function/testing/child-process.ts';
import { exchange, post, RawConnection } from '../../function/testing/socket.ts';
import { fixture } from '../../function/testing/whole-server.ts';
import { expect, type Finding, type HardeningTest, tally } from './case.ts';
import { callsAlive, metric, peakMemory } from './measure.ts';

/** What a probe may take, in ms: the chart's own time-out. */
const PROBE_MS = 1000;

/** A server of a fixture model for one test, ended by SIGTERM; what it logged. */
async function withModel(
  model: string,
  options: Record<string, string>,
  test: (url: string) => Promise<Omit<Finding, 'peak'>>,
): Promise<{ finding: Finding; logs: string }> {
  const server = spawnServer({
    env: { MODEL_NAME: 'm', MODEL_BASE_PATH: fixture(model), BATCHING: 'false', ...options },
  });
  try {
    const finding = await test(await server.ready);
    const peak = peakMemory(server.pid);
    server.child.kill('SIGTERM');
    const { code, signal, stdout } = await server.ended;
    expect(code === 0, `ended with ${code ?? signal}`);
    return { finding: { ...finding, peak }, logs: stdout };
  } finally {
    server.child.kill('SIGKILL');
    await server.ended;
  }
}

/** Asks both probes until `until` settles. @returns the longest that one took, in ms */
async function probe(url: string, until: Promise<unknown>): Promise<number> {
  let goesOn = true;
  let longest = 0;
  const end = () => {
    goesOn = false;
  };
  until.then(end, end);
  while (goesOn) {
    for (const path of ['/healthz', '/readyz']) {
      const start = performance.now();
      const answer = await exchange(url, `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`);
      expect(answer?.status === 200, `${path}: ${answer?.status}`);
      longest = Math.max(longest, performance.now() - start);
    }
    await sleep(20);
  }
  expect(longest < PROBE_MS, `a probe took ${Math.round(longest)} ms`);
  return Math.round(longest);
}

const PREDICT = '/v1/models/m:predict';

/** A request to the model `slow` whose run takes some 0.1 ms for each product. */
const slow = (products: number): string => post(PREDICT, JSON.stringify({ instances: [{ x: 1, products }] }));

const many = <T>(count: number, one: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, one));

export const runTests: HardeningTest[] = [
  {
    name: 'slow runs',
    run: async () => {
      const { finding } = await withModel('slow', {}, async (url) => {
        const asked = many(32, async () => {
          const statuses: (number | undefined)[] = [];
          for (let i = 0; i < 4; i++) statuses.push((await exchange(url, slow(300)))?.status);
          return statuses;
        });
        const longest = await probe(url, asked);
        const came = tally((await asked).flat());
        expect(came === '200: 128', came);
        return {
          sent: '32 clients, 4 runs of some 30 ms each, and probes beside them',
          came: `${came}; a probe took ${longest} ms at most`,
        };
      });
      return finding;
    },
  },
  {
    name: 'runs that never end',
    run: async () => {
      const options = { THREADS: '2', REQUEST_DEADLINE_MS: '500', DRAIN_TIMEOUT_MS: '500' };
      const { finding, logs } = await withModel('stuck', options, async (url) => {
        const body = JSON.stringify({ signature_name: 'take', instances: [1] });
        const asked = many(64, () => exchange(url, post(PREDICT, body)));
        const longest = await probe(url, asked);
        const came = tally((await asked).map((answer) => answer?.status));
        expect(came === '504: 64', came);
        return {
          sent: '64 requests for a run that waits for ever, deadline 0.5 s, 2 threads; SIGTERM',
          came: `${came}; a probe took ${longest} ms at most; exit 0, the runs left behind and logged`,
        };
      });
      expect(logs.includes('left runs behind'), 'the log does not tell of the runs');
      return finding;
    },
  },
  {
    name: 'a queue that is full',
    run: async () => {
      const options = { THREADS: '1', MAX_QUEUE_ROWS: '10' };
      const { finding } = await withModel('slow', options, async (url) => {
        const answers = await many(200, () => exchange(url, slow(300)));
        const came = tally(answers.map((answer) => answer?.status));
        // one runs and ten wait; while the requests come, some runs end
        expect(/^200: [1-9]\d, 503: 1\d\d$/.test(came), came);
        const refused = answers.filter((answer) => answer?.status === 503);
        expect(
          refused.every((answer) => answer?.headers['retry-after'] === '1'),
          'a 503 without retry-after',
        );
        return { sent: '200 requests at once, MAX_QUEUE_ROWS 10', came: `${came}, with retry-after` };
      });
      return finding;
    },
  },
  {
    name: 'clients that do not wait for their runs',
    run: async () => {
      const { finding } = await withModel('slow', { THREADS: '1' }, async (url) => {
        const connections = await many(200, () => RawConnection.open(url));
        for (const connection of connections) connection.write(slow(1000));
        while (Number(await callsAlive(url)) < 150) await sleep(20);
        for (const connection of connections) connection.socket.resetAndDestroy();
        await Promise.all(connections.map((connection) => connection.closed));
        while ((await callsAlive(url)) !== '0') await sleep(20);
        const runs = Number(
          await metric(url, 'celsiusify_run_duration_seconds_count{model="m",model_version="1"}'),
        );
        expect(runs < 200, `${runs} runs`);
        return { sent: '200 requests, all connections reset while they wait', came: `${runs} runs in all` };
      });
      return finding;
    },
  },
];
