import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { LoadClient } from '../clients/client.ts';
import type { Bench, ReadyServer } from './plan.ts';
import { row } from './schema.ts';
import { Server } from './server.ts';
import { quick } from './settings.ts';
import { stubServer, THIRDS } from './testing.ts';

const client = await LoadClient.start();
t.teardown(() => client.stop());
const bench: Bench = {
  root: '/nowhere',
  settings: { ...quick, probe_every_ms: 10 },
  client,
  signal: new AbortController().signal,
  wrk: null,
  h2load: null,
  cpus: { server: null, client: null },
  rows: () => [],
  first: false,
  python: 'python',
  examples: () => THIRDS,
  inputOf: () => ({ name: 'x', dtype: 'float32' }),
};

/** A server of a few lines: `answer` is JavaScript for the number x, with `count` of all requests so far. */
function served(t: Test, answer: string): ReadyServer {
  const script = join(t.testdir(), 'server.mjs');
  mkdirSync(t.testdir(), { recursive: true });
  writeFileSync(
    script,
    `import { createServer } from 'node:http';
    let count = 0;
    createServer(async (request, response) => {
      if (request.method === 'GET') return response.end('ok');
      let body = '';
      for await (const chunk of request) body += chunk;
      const x = JSON.parse(body).instances[0];
      count++;
      response.end(JSON.stringify({ predictions: [${answer}] }));
    }).listen(Number(process.env.PORT), '127.0.0.1');`,
  );
  return stubServer(script);
}

const about = { part: 'load', model: 'text', condition: 'repeat=1' } as const;
const load = { connections: 3, warmup_s: 0, duration_s: 0.5 };
const start = (server: Server) =>
  row('start', {
    ...{ model: 'text', target: 'celsiusify', repeat: 1, requests_before: 1 },
    first_answer_ms: server.firstAnswer_ms,
    ...{ rss_bytes: 1, anonymous_bytes: 1, peak_rss_bytes: 1 },
  });

t.test('a server that answers rightly, by the digits that float32 has', async (t) => {
  const { rows } = await Server.run(
    bench,
    served(t, 'Math.fround(x / 3)'),
    about,
    async (server) => {
      const { found, probes } = await server.probed(() => server.load(load));
      t.ok(found.requests > 0 && (found.server_cpu_us ?? -1) >= 0);
      t.match(found, { errors: 0, wrong_answers: 0, unfinished: 0 });
      t.match(probes, [{ path: '/healthz', errors: 0 }]);
      t.ok((server.memory()?.peak_rss_bytes ?? 0) >= (server.memory()?.rss_bytes ?? 1));
      t.match(await server.loopDelay(), { loop_delay_max_ms: null }, 'its metrics are not ours');
      const [example] = THIRDS;
      if (example) t.ok((await server.time(example)) > 0);
      server.rows.push(start(server));
    },
    { probed: true },
  );
  t.match(rows, [{ file: 'start', cells: { target: 'celsiusify' } }]);
});

t.test('any wrong answer voids all of it', async (t) => {
  for (const [answer, reason] of [
    ['x === 2 ? 7 : x / 3', /^wrong answer: example 1: .*instead of/],
    ['count > 6 ? 7 : x / 3', /wrong answer/],
  ] as const) {
    const { rows } = await Server.run(bench, served(t, answer), about, async (server) => {
      server.rows.push(start(server));
      await server.load(load);
    });
    t.match(rows, [{ file: 'not-measured', cells: { part: 'load', target: 'celsiusify', reason } }]);
  }
});

t.test('answers of one question to another are wrong', async (t) => {
  const swapped = served(t, 'count > 3 ? (3 - x) / 3 : x / 3');
  const { rows } = await Server.run(bench, swapped, about, async (server) => {
    await server.load(load);
  });
  t.match(rows, [{ file: 'not-measured', cells: { reason: /wrong answers under load/ } }]);
});

t.test('a server that dies', async (t) => {
  const { rows } = await Server.run(bench, served(t, 'process.exit(3)'), about, async () => {});
  t.match(rows, [{ file: 'not-measured', cells: { reason: /^it ended/ } }]);
});

t.test('SIGTERM', async (t) => {
  await Server.run(bench, served(t, 'x / 3'), about, async (server) => {
    t.equal(await server.running.terminate(60_000), null, 'a signal has no exit code');
    t.match(server.running.ended(), /^it ended/);
  });
});
