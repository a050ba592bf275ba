import t from 'tap';
import { LoadClient } from './clients/client.ts';
import { quickBeside } from './engine/settings.ts';
import { askKnown, celsius } from './known-answers.ts';
import type { Bench, Ready } from './plan.ts';
import { Session } from './session.ts';
import { quick } from './settings.ts';
import { Store } from './store.ts';
import { predictAsk } from './targets/ask.ts';
import type { Launcher, Target } from './targets/target.ts';
import { stub } from './testing.ts';

const target: Target = {
  id: 'floor',
  label: 'stub',
  server: 'floor',
  workers: 1,
  models: ['celsius'],
  computes: true,
  ask: predictAsk,
  find: async () => 'not looked for',
};

function modelAnswer(body: string): string {
  const { instances }: { instances: number[] } = JSON.parse(body);
  return JSON.stringify({ predictions: instances.map(celsius) });
}

const client = await LoadClient.start();
t.teardown(() => client.stop());

const noModels: Bench['models'] = {
  root: '/nowhere',
  settings: quickBeside,
  client,
  signal: new AbortController().signal,
  cpus: { server: null, client: null },
  wrk: null,
  h2load: null,
  first: false,
  python: '',
  rows: () => [],
  examples: () => [],
  inputOf: () => ({ name: '', dtype: '' }),
};

function benchOf(t: { testdir(): string }, launcher: Launcher): Bench {
  const facts = { version: null, digest: null, linkage: null, notes: '' };
  const ready = new Map<string, Ready>([['floor', { target, found: { launcher, facts } }]]);
  return {
    root: process.cwd(),
    settings: { ...quick, warmup_s: 0, load_s: 0.1 },
    ready,
    tools: { wrk: null, locust: null },
    pinning: { server: null, client: null, reason: '' },
    client,
    store: new Store(`${t.testdir()}/results`, 'plan', 'quick'),
    signal: new AbortController().signal,
    imageSizes: null,
    models: noModels,
  };
}

const loadOnce = async (session: Session) => {
  const found = await session.load({
    kind: 'undici',
    connections: 2,
    duration_s: 0.1,
    tag: 'connections=2/repeat=1',
  });
  if (found) session.add({ file: 'memory', cells: { requests: found.requests } });
};

t.test('a right server is measured', async (t) => {
  const server = await stub((response, _, body) => response.end(modelAnswer(body)));
  const found = await Session.run(
    benchOf(t, { how: 'url', origin: server.origin }),
    'memory',
    'floor',
    loadOnce,
  );
  t.match(found, {
    rows: [{ file: 'memory' }],
    logs: [{ log: 'memory/floor', line: /^Tag=connections=2\/repeat=1,/ }],
  });
  await server.close();
});

for (const [name, isWrong, reason] of [
  ['from the start', () => true, /^wrong answer: asked 212, expected 100, answered 1$/],
  [
    'for some values only',
    (_: number, body: string) => body.includes('-459'),
    /^wrong answer: asked -459.67, expected/,
  ],
  [
    'under load only',
    (count: number) => count > 20,
    /wrong answers under load: .*answered|wrong answers under load/,
  ],
] as const) {
  t.test(`a server that answers wrongly ${name} voids its figure`, async (t) => {
    const server = await stub((response, count, body) =>
      response.end(isWrong(count, body) ? '{"predictions":[1]}' : modelAnswer(body)),
    );
    const found = await Session.run(
      benchOf(t, { how: 'url', origin: server.origin }),
      'memory',
      'floor',
      loadOnce,
    );
    t.match(found.rows, [{ file: 'not-measured', cells: { question: 'memory', target: 'floor', reason } }]);
    t.equal(found.rows.length, 1);
    t.same(found.logs, []);
    await server.close();
  });
}

t.test('a server that ends at once is not measured, and its last words are the reason', async (t) => {
  const script = 'console.error("no model here"); process.exit(1)';
  const launcher: Launcher = {
    how: 'command',
    launch: () => ({ argv: [process.execPath, '-e', script], env: {} }),
  };
  const found = await Session.run(benchOf(t, launcher), 'memory', 'floor', loadOnce);
  t.match(found.rows, [{ file: 'not-measured', cells: { reason: 'it ended: no model here' } }]);
});

t.test('a program that is not there', async (t) => {
  const launcher: Launcher = { how: 'command', launch: () => ({ argv: ['no-such-program'], env: {} }) };
  const found = await Session.run(benchOf(t, launcher), 'memory', 'floor', loadOnce);
  t.match(found.rows, [{ file: 'not-measured', cells: { reason: /ENOENT/ } }]);
});

t.test('a command is started, its process tree seen, and ended', async (t) => {
  const script = `require('node:http').createServer((q, r) => {
    let b = ''; q.on('data', (c) => b += c).on('end', () => r.end(JSON.stringify({ predictions:
      JSON.parse(b).instances.map((f) => Math.fround((Math.fround(f) - 32) * 5 / 9)) }))) }).listen(process.env.PORT)`;
  const launcher: Launcher = {
    how: 'command',
    launch: (_, port) => ({ argv: [process.execPath, '-e', script], env: { PORT: String(port) } }),
  };
  let pid = 0;
  const found = await Session.run(benchOf(t, launcher), 'memory', 'floor', async (session) => {
    pid = session.running.pid ?? 0;
    t.ok(session.firstAnswer_ms > 0);
    t.ok((session.use()?.rss_bytes ?? 0) > 10e6);
    t.ok((session.cpu_us() ?? 0) > 0);
    await loadOnce(session);
  });
  t.match(found.rows, [{ file: 'memory' }]);
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

t.test('known answers', async (t) => {
  const wrongs: readonly [string, RegExp][] = [
    ['{"predictions":[100.1]}', /asked 212, expected 100, answered 100.0999/],
    ['{"predictions":["100"]}', /"100" is not a number/],
    ['{"celsius":100}', /no predictions in the answer/],
    ['<html>', /not valid JSON/],
    ['{"predictions":[100,100]}', /1 answers expected, 2 given/],
  ];
  for (const [answer, reason] of wrongs) {
    const server = await stub((response) => response.end(answer));
    t.match(await askKnown(target, server.origin), reason);
    await server.close();
  }
  const failing = await stub((response) => response.writeHead(500).end('oops'));
  t.equal(await askKnown(target, failing.origin), 'asked 212, status 500: oops');
  await failing.close();
  t.match(await askKnown(target, failing.origin), /asked 212, no answer: .*ECONNREFUSED/);
});
