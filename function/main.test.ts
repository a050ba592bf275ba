// The server as a process of its own: what it says, how it ends.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { type SpawnOptions, spawnServer } from './testing/child-process.ts';
import { keepBusy } from './testing/load.ts';
import { exchange, post, RawConnection } from './testing/socket.ts';
import { fixture } from './testing/whole-server.ts';
import { version } from './version.ts';

interface Case extends SpawnOptions {
  readonly name: string;
  readonly code: number;
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
}

const HEALTH = 'GET /readyz HTTP/1.1\r\nhost: test\r\n\r\n';

t.test('what ends a start at once', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? String(address.port) : '';
  const cases: Case[] = [
    {
      name: '--help',
      args: ['--help'],
      code: 0,
      stdout: /^Serves a TensorFlow SavedModel.*--drain-delay-ms/s,
    },
    { name: '-h', args: ['-h'], code: 0, stdout: /^Serves/ },
    { name: '--version', args: ['--version'], code: 0, stdout: `${version}\n` },
    {
      name: 'an unknown flag',
      args: ['--prot', '1'],
      code: 2,
      stderr: /^celsiusify: Unknown option '--prot'; see --help\n$/,
    },
    { name: 'a word', args: ['serve'], code: 2, stderr: /^celsiusify: .*serve.*; see --help\n$/ },
    { name: 'a bad flag', args: ['--port', '-5'], code: 2, stderr: /^celsiusify: .*--port.*\n$/ },
    {
      name: 'a bad variable',
      env: { PORT: '70000' },
      code: 2,
      stderr: /^celsiusify: PORT: "70000" is not a whole number from 0 to 65535\n$/,
    },
    {
      name: 'a bad choice',
      env: { LOG_LEVEL: 'loud' },
      code: 2,
      stderr: /^celsiusify: LOG_LEVEL: "loud" is not one of trace, /,
    },
    {
      name: 'a port in use',
      env: { PORT: port },
      code: 1,
      stderr: `celsiusify: port ${port} is in use; stop what listens there or set PORT\n`,
    },
    {
      name: 'the metrics port in use',
      env: { METRICS_PORT: port },
      code: 1,
      stderr: new RegExp(`^celsiusify: .*port ${port} is in use.*\n$`),
    },
    {
      name: 'the gRPC port in use',
      env: { GRPC_PORT: port }, // which is opened after the models, whose start it would delay
      code: 1,
      stdout: /^(?:[^\n]*a version is (?:being loaded|available)[^\n]*\n)*$/,
      stderr: new RegExp(`^celsiusify: cannot listen on port ${port} .*; set GRPC_PORT\n$`),
    },
    {
      name: 'no model',
      env: { MODEL_BASE_PATH: '/nowhere' },
      code: 1,
      stdout: /no model folder at \/nowhere/,
      stderr: /^celsiusify: no model folder at \/nowhere .*set MODEL_BASE_PATH\n$/,
    },
    {
      name: 'a corrupt model',
      env: { MODEL_BASE_PATH: fixture('corrupt') },
      code: 1,
      stdout: /"a version was not loaded/,
      stderr: /^celsiusify: .*saved_model\.pb.*damaged.*\n$/,
    },
  ];
  const check = async ({ name, code, stdout = '', stderr = '', ...options }: (typeof cases)[number]) => {
    const end = await spawnServer(options).ended;
    t.equal(end.code, code, `${name}: exit code ${code}`);
    if (typeof stdout === 'string') t.equal(end.stdout, stdout, `${name}: stdout`);
    else t.match(end.stdout, stdout, `${name}: stdout`);
    if (typeof stderr === 'string') t.equal(end.stderr, stderr, `${name}: stderr`);
    else t.match(end.stderr, stderr, `${name}: one line on stderr`);
  };
  await Promise.all(cases.map(check));
});

t.test('the bundle, whose libraries are loaded in a thread, says nothing on stderr', async (t) => {
  const main = join(import.meta.dirname, '..', 'dist', 'main.js');
  for (let start = 1; start <= 5; start++) {
    const server = spawnServer({ main });
    await (await fetch(await server.ready)).text(); // the page, for which more is imported
    server.child.kill('SIGTERM');
    const { code, stderr } = await server.ended;
    t.same({ code, stderr }, { code: 0, stderr: '' }, `start ${start}`);
  }
});

t.test("the bundle runs with V8's code of it, without, and with what is none", (t) => {
  const dist = join(import.meta.dirname, '..', 'dist');
  const folder = t.testdir();
  for (const name of ['main.js', 'preload.js', 'program.js', 'package.json'])
    copyFileSync(join(dist, name), join(folder, name));
  const { version: bundled } = JSON.parse(
    readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'),
  );
  const kept = readFileSync(join(dist, 'program.code'));
  const cases = {
    kept: { code: kept, isRefused: false },
    none: { code: undefined, isRefused: undefined },
    empty: { code: Buffer.alloc(0), isRefused: true },
    damaged: { code: kept.subarray(0, kept.length >> 1), isRefused: true },
  };
  const ask = `console.log(require(${JSON.stringify(join(folder, 'main.js'))}).script.cachedDataRejected)`;
  for (const [name, { code, isRefused }] of Object.entries(cases)) {
    rmSync(join(folder, 'program.code'), { force: true });
    if (code !== undefined) writeFileSync(join(folder, 'program.code'), code);
    const { stdout, stderr } = spawnSync(process.execPath, ['--eval', ask, 'main.js', '--version'], {
      encoding: 'utf8',
    });
    t.same({ stdout, stderr }, { stdout: `${isRefused}\n${bundled}\n`, stderr: '' }, name);
  }
  t.end();
});

t.test('SIGTERM loses no request', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const server = spawnServer({ env: { DRAIN_DELAY_MS: '200' } });
    const load = await keepBusy(await server.ready, 16);
    await load.answers(500);
    server.child.kill(signal);
    const end = await server.ended;
    const { answered, lost, closed } = await load.ended;
    t.equal(end.code, 0, `${signal}: exit code 0, ${end.stderr}`);
    t.same(lost, [], `${signal}: none of ${answered} requests was lost`);
    t.equal(closed, 16, `${signal}: every connection was closed by an answer that said so`);
    t.match(end.stdout, /"msg":"draining; a second signal exits at once"(.|\n)*"msg":"stopped"/);
  }
});

t.test('while it drains it answers, but is not ready; a second signal exits at once', async (t) => {
  const server = spawnServer({ env: { DRAIN_DELAY_MS: '600000' } });
  const url = await server.ready;
  const connection = await RawConnection.open(url);
  connection.write(HEALTH);
  t.match(await connection.answer(), { status: 200, body: /"ready"/ });
  server.child.kill('SIGTERM');
  let answer = await exchange(url, HEALTH); // a new connection, too
  while (answer?.status === 200) answer = await exchange(url, HEALTH);
  t.match(answer, { status: 503, body: /"draining"/ });
  connection.write('POST /celsius HTTP/1.1\r\nhost: t\r\ncontent-length: 18\r\n\r\n{"fahrenheit":212}');
  t.match(await connection.answer(), {
    status: 200,
    body: /"celsius":100/,
    headers: { connection: 'keep-alive' },
  });
  server.child.kill('SIGTERM');
  t.match(await server.ended, { code: 128 + 15, stderr: '' });
  t.same(await connection.answers(), []);
});

t.test('a run that never ends costs one thread, and keeps nobody from leaving', async (t) => {
  const server = spawnServer({
    env: {
      ...{ MODEL_NAME: 'stuck', MODEL_BASE_PATH: fixture('stuck'), RUN: 'pool', THREADS: '2' },
      DRAIN_TIMEOUT_MS: '100',
    },
  });
  const url = await server.ready;
  const path = '/v1/models/stuck:predict';
  const take = post(path, '{"signature_name":"take","instances":[1]}', ['x-request-timeout-ms: 100']);
  t.match(await exchange(url, take), { status: 504, body: /deadline/ });
  for (let i = 0; i < 3; i++)
    t.match(await exchange(url, post(path, '{"instances":[1]}')), {
      status: 200,
      body: '{"predictions":[2]}',
    });
  t.match(await exchange(url, HEALTH), { status: 200 });
  const { body } = (await exchange(url, 'GET /metrics HTTP/1.1\r\nhost: test\r\n\r\n')) ?? {};
  for (const line of [
    'celsiusify_threads 2',
    'celsiusify_threads_busy 1',
    'celsiusify_calls 1',
    'celsiusify_calls_dropped_total{model="stuck",model_version="1",reason="deadline"} 1',
  ])
    t.match(body, `${line}\n`);
  server.child.kill('SIGTERM');
  const { code, stdout, stderr } = await server.ended;
  t.same({ code, stderr }, { code: 0, stderr: '' });
  t.match(stdout, /"runs":1,"msg":"left runs behind that had not ended"/);
});
