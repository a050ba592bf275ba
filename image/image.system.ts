/**
 * Builds the image with DOCKER (default `docker`; podman does as well) and looks at it and at a container of it, which runs
 * as a pod would: read-only, without capabilities, with a memory limit. IMAGE and GENERAL_IMAGE name images to test as they are instead.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { check, type Target } from './check.ts';
import { layerSizes, total } from './sizes.ts';

const docker = process.env.DOCKER || 'docker';
const image = process.env.IMAGE || 'celsius:test';
/** The same without a model. */
const general = process.env.GENERAL_IMAGE || 'celsiusify:test';
const root = fileURLToPath(new URL('..', import.meta.url));
/** As in the chart's values. */
const MEMORY = '256m';
/** Bytes of all layers, packed as registries keep them. */
const MOST_ZSTD = 175e6;

const exec = promisify(execFile);
const run = async (...args: string[]) =>
  (await exec(docker, args, { cwd: root, maxBuffer: 1 << 26 })).stdout.trim();

t.before(async () => {
  const revision = (await exec('git', ['rev-parse', 'HEAD'], { cwd: root })).stdout.trim();
  const labels = ['--build-arg', `REVISION=${revision}`, '--build-arg', 'VERSION=0.0.1-test'];
  const stages = [
    ...(process.env.IMAGE ? [] : [['celsius', image]]),
    ...(process.env.GENERAL_IMAGE ? [] : [['celsiusify', general]]),
  ];
  for (const [stage = '', name = ''] of stages) {
    const args = ['build', '--target', stage, '-t', name, ...labels, '.'];
    const build = spawn(docker, args, { cwd: root, stdio: ['ignore', 2, 2] }); // its progress is to be seen
    const code = await new Promise((resolve) => build.on('close', resolve));
    if (code !== 0) throw new Error(`${docker} build ended with ${code}`);
  }
});

/** Starts a container for one test, removed at its end; its name, and where it answers. */
async function start(t: { teardown(done: () => Promise<unknown>): void }, ...args: string[]) {
  return startImage(t, image, ...args);
}

async function startImage(
  t: { teardown(done: () => Promise<unknown>): void },
  image: string,
  ...args: string[]
) {
  const name = `celsius-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const limits = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--memory', MEMORY];
  await run('run', '-d', '--name', name, ...limits, '-p', '127.0.0.1::8080', ...args, image);
  t.teardown(async () => {
    await run('kill', name).catch(() => {}); // it may have ended already
    await run('rm', '-f', name);
  });
  const [address] = (await run('port', name, '8080/tcp')).split('\n');
  return { name, url: `http://${address}` };
}

const target = (url: string, api: Target['api']): Target => ({ url, api, model: 'celsius', wait: 30 });

t.test('answers, read-only and without any right', async (t) => {
  const { name, url } = await start(t);
  for (const api of ['celsius', 'predict'] as const)
    t.equal((await check(target(url, api))).length, 7, `${api}: known answers`);
  t.equal((await fetch(`${url}/readyz`)).status, 200);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.match(metrics, /^celsiusify_info\{/m);
  t.comment(metrics.match(/^(celsiusify_cold_start_seconds|process_resident_memory_bytes).*$/gm)?.join('\n'));

  t.equal(
    await run('exec', name, 'node', '-p', '[process.getuid(), process.pid !== 1].join()'),
    '65532,true',
  );
  await t.rejects(
    run('exec', name, 'node', '-e', "require('fs').writeFileSync('/app/x', '')"),
    /EROFS|EACCES/,
  );
  await t.rejects(run('exec', name, 'sh', '-c', 'true'), 'there is no shell');
});

t.test('without a model it serves those of /models, or the one of MODEL_NAME', async (t) => {
  const models = join(root, 'function', 'fixtures', 'tf-serving-models');
  const names = async (url: string): Promise<string[]> => {
    for (let tries = 0; tries < 60; tries++) {
      const answer = await fetch(`${url}/v1/models`).catch(() => undefined);
      const { models = [] }: { models?: { name: string }[] } = (await answer?.json()) ?? {};
      if (models.length > 0) return models.map(({ name }) => name).sort();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return [];
  };
  const all = await startImage(t, general, '-v', `${models}:/models:ro`);
  t.same(await names(all.url), (await readdir(models)).sort());
  // Not any of them: one that cannot be loaded ends a server that has no other.
  const alone = await startImage(t, general, '-v', `${models}:/models:ro`, '-e', 'MODEL_NAME=double');
  t.same(await names(alone.url), ['double']);
  const layers = async (name: string): Promise<string[]> =>
    JSON.parse(await run('inspect', '--type=image', '--format', '{{json .RootFS.Layers}}', name));
  const [theirs, ours] = [await layers(image), await layers(general)];
  t.same(theirs.slice(0, ours.length), ours, 'the layers of one are those of the other');
  t.equal(theirs.length, ours.length + 1, 'and the model');
});

t.test('HEALTHCHECK', async (t) => {
  const { name, url } = await start(t);
  await check(target(url, 'celsius'));
  const config: { Healthcheck?: { Test?: string[] } } = JSON.parse(
    await run('inspect', '--format', '{{json .Config}}', name),
  );
  const [kind, ...command] = config.Healthcheck?.Test ?? [];
  t.equal(kind, 'CMD', 'exec form: there is no shell');
  await t.resolves(run('exec', name, ...command), 'well');
  await t.rejects(run('exec', '-e', 'PORT=9', name, ...command), /health check: .*ECONNREFUSED/, 'ill');
});

t.test('SIGTERM reaches the server, which drains and exits 0', async (t) => {
  const { name, url } = await start(t, '-e', 'DRAIN_DELAY_MS=3000');
  await check(target(url, 'celsius'));
  await run('kill', '--signal', 'TERM', name);
  // the signal is handled within an event-loop turn, which a request may still come before
  while ((await fetch(`${url}/readyz`)).status === 200);
  t.equal((await check({ ...target(url, 'celsius'), wait: 0 })).length, 7, 'but still answering');
  t.equal(await run('wait', name), '0');
});

t.test('a bad option exits 2 with one line', async (t) => {
  const error: { code?: number; stderr?: string } = await run(
    'run',
    '--rm',
    '-e',
    'LOG_LEVEL=loud',
    image,
  ).then(
    () => ({}),
    (error) => error,
  );
  t.equal(error.code, 2);
  t.match(error.stderr, /^celsiusify: LOG_LEVEL: .*$/m);
  t.notMatch(error.stderr, /^ +at /m, 'no stack trace');
});

t.test('configuration', async (t) => {
  const config: { Entrypoint?: string[] } = JSON.parse(
    await run('inspect', '--format', '{{json .Config}}', image),
  );
  t.equal(config.Entrypoint?.[0], 'node', 'exec form: SIGTERM arrives');
  t.equal(config.Entrypoint?.at(-1), '/app/dist/main.js');
  t.match(config, {
    User: '65532:65532',
    ExposedPorts: { '8080/tcp': {}, '8500/tcp': {} },
    Labels: {
      'org.opencontainers.image.title': 'celsius',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': /^\d/,
      'org.opencontainers.image.revision': /^([0-9a-f]{40}|unknown)$/,
      'org.opencontainers.image.created': String,
    },
  });
});

t.test('files', async (t) => {
  const { name } = await start(t);
  const folder = await mkdtemp(join(tmpdir(), 'celsius-image-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await run('export', '-o', join(folder, 'files.tar'), name);
  const { stdout } = await exec('tar', ['-tv', '--numeric-owner', '-f', join(folder, 'files.tar')]);
  const files = stdout
    .trim()
    .split('\n')
    .map((line) => ({
      mode: line.slice(0, 10),
      path: line.replace(/^(\S+\s+){5}/, '').replace(/ -> .*/, ''),
    }))
    // these are made by whatever runs the container
    .filter(
      ({ path }) =>
        !/^\.?\/?(dev|proc|sys|run|etc\/(hosts|hostname|resolv\.conf|mtab)|\.dockerenv)(\/|$)/.test(path),
    );
  t.ok(files.some(({ path }) => path.endsWith('app/dist/main.js')));
  const paths = (wrong: (file: { mode: string; path: string }) => boolean) =>
    files.filter(wrong).map(({ path }) => path);
  t.strictSame(
    paths(({ mode }) => /s/i.test(mode.slice(1))),
    [],
    'no setuid, no setgid',
  );
  t.strictSame(
    paths(({ mode }) => mode[0] !== 'l' && mode[8] === 'w'),
    [],
    'nothing that anyone may write',
  );
  const tools =
    /(^|\/)(sh|bash|dash|busybox|apt|apt-get|dpkg|npm|npx|yarn|corepack|python3?|pip3?|gcc|curl|wget|perl)$/;
  t.strictSame(
    paths(({ path }) => tools.test(path)),
    [],
    'no shell, package manager or compiler',
  );
  t.strictSame(
    paths(({ path }) => /\.(ts|map|test\.js|h)$|node_modules/.test(path)),
    [],
    'nothing of the build',
  );
  for (const wanted of [
    'app/LICENSE',
    'app/dist/native/THIRD_PARTY_NOTICES.txt',
    'app/dist/LICENSES.txt',
    'doc/libc6/copyright',
    'app/model/celsius/1/saved_model.pb',
  ]) {
    t.ok(
      files.some(({ path }) => path.endsWith(wanted)),
      wanted,
    );
  }
});

t.test('size by layer', async (t) => {
  const layers = await layerSizes(docker, image);
  const all = total(layers);
  const mega = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  for (const { unpacked, gzip, zstd } of [...layers, all])
    t.comment(`${mega(unpacked)}, ${mega(gzip)} by gzip, ${mega(zstd)} by zstd`);
  t.ok(all.zstd < MOST_ZSTD, 'zstd');
});
