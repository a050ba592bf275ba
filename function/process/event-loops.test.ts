// A process with several event loops, as its callers and its keeper see it.
import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type ChildServer, type SpawnOptions, spawnServer } from '../testing/child-process.ts';
import { keepBusy } from '../testing/load.ts';
import { TestFolder } from '../testing/models.ts';
import { exchange, freePort, post, type RawAnswer } from '../testing/socket.ts';
import { fixture } from '../testing/whole-server.ts';

const TWO = { EVENT_LOOPS: '2', ALLOW_RELOAD_CONFIG: 'false' };
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`;

const spawnTwo = (env: Record<string, string> = {}, more: SpawnOptions = {}): ChildServer =>
  spawnServer({ ...more, env: { ...TWO, ...env } });

/** Each on a connection of its own, which either loop may get: with 40 both have some, but for once in 10^12 times. */
async function ask(url: string, request: string, times = 40): Promise<RawAnswer[]> {
  const answers = await Promise.all(Array.from({ length: times }, () => exchange(url, request)));
  return answers.filter((answer) => answer !== undefined);
}

/** Those whose log lines `pattern` matches, by their index. */
const loopsThat = (stdout: string, pattern: RegExp): string[] =>
  [
    ...new Set(
      stdout
        .split('\n')
        .flatMap((line) => (pattern.test(line) ? (/"eventLoop":(\d+)/.exec(line)?.[1] ?? []) : [])),
    ),
  ].sort();

t.test('two loops are one server', async (t) => {
  const METRICS_PORT = await freePort();
  const server = spawnTwo({ THREADS: '4', LOG_REQUESTS: 'true', METRICS_PORT });
  const url = await server.ready;
  const answers = await ask(url, post('/celsius', '{"fahrenheit":212}'));
  t.equal(answers.length, 40);
  const runIds = new Set(answers.map(({ body }) => JSON.parse(body).runId));
  t.equal(runIds.size, 1, 'all have one run ID');
  for (const { body } of await ask(`http://127.0.0.1:${METRICS_PORT}`, get('/metrics'), 20))
    for (const line of [
      'http_requests_total{route="celsius",status="200"} 40',
      'http_request_duration_seconds_count{route="celsius"} 40',
      'celsiusify_calls_made_total{model="celsius",model_version="1"} 40',
      'celsiusify_version_state{model="celsius",model_version="1",state="AVAILABLE",code="OK"} 1',
      'celsiusify_threads 4',
    ])
      t.ok(body.includes(`${line}\n`), line);
  server.child.kill('SIGTERM');
  const { code, stdout, stderr } = await server.ended;
  t.same({ code, stderr }, { code: 0, stderr: '' });
  t.same(loopsThat(stdout, /"path":"\/celsius"/), ['0', '1'], 'both had requests');
  t.same(loopsThat(stdout, /"msg":"stopped"/), ['0', '1']);
  t.equal(stdout.match(/"msg":"ready"/g)?.length, 1, 'it is ready once');
  t.equal(stdout.match(/"msg":"draining/g)?.length, 1);
});

t.test('what a model remembers, and new versions of it, are the same for both', async (t) => {
  const folder = await TestFolder.make(t);
  await cp(join(fixture('counter'), '1'), join(folder.path, 'm', '1'), { recursive: true });
  const server = spawnTwo(
    { MODELS_DIR: folder.path },
    { main: join(import.meta.dirname, '../../dist/main.js') },
  );
  t.teardown(() => server.child.kill('SIGKILL'));
  const url = await server.ready;
  const add = post('/v1/models/m/versions/1:predict', '{"signature_name":"add","inputs":0}');
  const counts = (await ask(url, add)).map(({ body }) => JSON.parse(body).outputs);
  t.same(
    counts.sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  await cp(join(fixture('counter'), '1'), join(folder.path, '.m2'), { recursive: true });
  await rename(join(folder.path, '.m2'), join(folder.path, 'm', '2'));
  const add2 = post('/v1/models/m/versions/2:predict', '{"signature_name":"serving_default","inputs":{}}');
  let news: RawAnswer[] = [];
  do news = await ask(url, add2);
  while (news.some(({ status }) => status !== 200));
  t.match(JSON.parse(news[0]?.body ?? ''), { outputs: 0 });
});

t.test('SIGTERM loses no request', async (t) => {
  const server = spawnTwo({ DRAIN_DELAY_MS: '200' });
  const load = await keepBusy(await server.ready, 16);
  await load.answers(500);
  server.child.kill('SIGTERM');
  const end = await server.ended;
  const { answered, lost, closed } = await load.ended;
  t.equal(end.code, 0, `exit code 0, ${end.stderr}`);
  t.same(lost, [], `none of ${answered} requests was lost`);
  t.equal(closed, 16, 'every connection was closed by an answer that said so');
});

t.test('while it drains no loop is ready; a second signal exits at once', async (t) => {
  const server = spawnTwo({ DRAIN_DELAY_MS: '600000' });
  const url = await server.ready;
  const statuses = async () => new Set((await ask(url, get('/readyz'))).map(({ status }) => status));
  t.same(await statuses(), new Set([200]));
  server.child.kill('SIGTERM');
  let now = await statuses();
  while (now.has(200)) now = await statuses();
  t.same(now, new Set([503]));
  server.child.kill('SIGTERM');
  t.match(await server.ended, { code: 128 + 15, stderr: '' });
});

t.test('a run that never ends keeps nobody from leaving', async (t) => {
  const stuck = { MODEL_NAME: 'stuck', MODEL_BASE_PATH: fixture('stuck'), RUN: 'pool' };
  const server = spawnTwo({ ...stuck, DRAIN_TIMEOUT_MS: '100' });
  const take = '{"signature_name":"take","instances":[1]}';
  const path = '/v1/models/stuck:predict';
  const answer = await exchange(await server.ready, post(path, take, ['x-request-timeout-ms: 100']));
  t.match(answer, { status: 504 });
  server.child.kill('SIGTERM');
  const { code, stdout, stderr } = await server.ended;
  t.same({ code, stderr }, { code: 0, stderr: '' });
  t.match(stdout, /"runs":1,"msg":"left runs behind that had not ended"/);
});

t.test('a loop that ends takes the process with it', async (t) => {
  const folder = t.testdir();
  for (const { what, stderr } of [
    { what: 'throw new Error("broken")', stderr: 'celsiusify: broken\n' },
    { what: 'process.exit(7)', stderr: 'celsiusify: an event loop ended with 7\n' },
  ]) {
    const [hook, now] = [join(folder, 'hook.cjs'), join(folder, 'now')];
    await writeFile(
      hook,
      `const { workerData } = require('node:worker_threads');
const { existsSync } = require('node:fs');
if (workerData?.index === 1) setInterval(() => { if (existsSync(${JSON.stringify(now)})) { ${what} } }, 20);`,
    );
    const server = spawnTwo({ NODE_OPTIONS: `--require=${hook}` });
    await server.ready;
    await writeFile(now, '');
    const { code, ...said } = await server.ended;
    t.same({ code, stderr: said.stderr }, { code: 1, stderr });
    await rm(now);
  }
});

t.test('what ends a start at once', async (t) => {
  const taken = spawnTwo();
  const port = new URL(await taken.ready).port;
  const check = async ({
    name,
    env,
    code,
    stderr,
  }: {
    name: string;
    env: object;
    code: number;
    stderr: RegExp;
  }) => {
    const end = await spawnTwo({ ...env }).ended;
    t.equal(end.code, code, `${name}: exit code ${code}`);
    t.match(end.stderr, stderr, `${name}: one line on stderr`);
  };
  await Promise.all(
    [
      {
        name: 'none',
        env: { EVENT_LOOPS: '0' },
        code: 2,
        stderr: /^celsiusify: EVENT_LOOPS: "0" is not .*\n$/,
      },
      {
        name: 'configurations of callers',
        env: { ALLOW_RELOAD_CONFIG: 'true' },
        code: 2,
        stderr: /^celsiusify: EVENT_LOOPS: 2 cannot .*: set ALLOW_RELOAD_CONFIG=false\n$/,
      },
      {
        name: 'loads of callers',
        env: { ALLOW_MODEL_CONTROL: 'true' },
        code: 2,
        stderr: /^celsiusify: EVENT_LOOPS: 2 cannot .*: set ALLOW_MODEL_CONTROL=false\n$/,
      },
      {
        name: 'too little room for bodies',
        env: { BODIES_LIMIT_BYTES: '10000000' },
        code: 2,
        stderr: /^celsiusify: EVENT_LOOPS: 2 .*set BODIES_LIMIT_BYTES .*\n$/,
      },
      {
        name: 'a port in use, by a process that shares its own',
        env: { PORT: port },
        code: 1,
        stderr: new RegExp(`^celsiusify: port ${port} is in use; .*set PORT\n$`),
      },
      {
        name: 'no model',
        env: { MODEL_BASE_PATH: '/nowhere' },
        code: 1,
        stderr: /^celsiusify: no model folder at \/nowhere .*\n$/,
      },
    ].map(check),
  );
  taken.child.kill('SIGTERM');
  t.match(await taken.ended, { code: 0 });
});
