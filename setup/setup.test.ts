import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { createContext } from './context.js';
import { setUp } from './steps.js';
import type { Wheel } from './wheels.js';

const members = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'THIRD_PARTY_NOTICES.txt']
  .concat('include/LICENSE', 'include/tensorflow/c/c_api.h', 'python/unwanted.py')
  .map((name) => `tensorflow/${name}`);

/** Writes a zip of small files, as pip would give it. */
function makeWheel(file: string): Buffer {
  const script =
    'import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], "w")\nfor n in sys.argv[2:]: z.writestr(n, n)';
  spawnSync('python3', ['-c', script, file, ...members]);
  return readFileSync(file);
}

/**
 * A repository in which npm, pip and g++ are scripts that note each call in `calls`. FAIL names one that fails, and
 * BREAK=n makes pip's first n downloads come truncated.
 */
function fakeRepository(t: Test) {
  const root = t.testdir({
    'package.json': '{ "version": "1.2.3" }',
    'package-lock.json': JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } }),
    function: {
      telemetry: { 'opentelemetry.ts': '' },
      native: { 'preload.ts': '' },
      'program.ts': '',
      'bundled.ts': 'console.log(process.env.CELSIUSIFY_VERSION satisfies string | undefined)',
      // dist/program.code is V8's
      'start.sh': 'touch "$(dirname "$0")/../dist/program.code"; exit $START',
    },
    tools: {},
    broken: '0',
  });
  const good = join(root, 'good.whl');
  const wheel: Wheel = {
    name: 'tensorflow-cpu',
    version: '2.21.0',
    platform: 'manylinux_2_27_x86_64',
    python: '3.12',
    file: 'tensorflow.whl',
    sha256: createHash('sha256').update(makeWheel(good)).digest('hex'),
    relinked: {},
  };
  const tool = (name: string, text: string) => {
    const file = join(root, 'tools', name);
    writeFileSync(file, `#!/bin/bash\ncd '${root}'\n${text}\n`);
    chmodSync(file, 0o755);
  };
  const note = (name: string) =>
    `echo ${name} >> calls\n[ "$FAIL" != ${name} ] || { echo no ${name} today >&2; exit 1; }`;
  tool(
    'npm',
    `${note('npm')}\nmkdir -p node_modules/.bin; cp package-lock.json node_modules/.package-lock.json`,
  );
  tool(
    'g++',
    `[ "$1" != --version ] || exit 0\n${note('g++')}\nwhile [ "$1" != -o ]; do shift; done; echo built > "$2"`,
  );
  tool('node', 'echo v22.19.0');
  tool(
    'python3',
    `[ "$1 $2" != "-m pip" ] || {
      case "$*" in *--version) exit 0 ;; esac
      ${note('pip')}
      while [ "$1" != --dest ]; do shift; done
      n=$(cat broken); echo $((n - 1)) > broken
      if [ $n -gt 0 ]; then head -c 100 good.whl > "$2/tensorflow.whl"; else cp good.whl "$2/tensorflow.whl"; fi
      exit 0
    }
    [ "$1" != --version ] || exit 0
    PATH='${process.env.PATH}' exec python3 "$@"`,
  );
  /** Runs the set-up. @returns what it said, and which programs it called. */
  const run = async (env: NodeJS.ProcessEnv = {}) => {
    rmSync(join(root, 'calls'), { force: true });
    const lines: string[] = [];
    const path = `${join(root, 'tools')}:/usr/bin:/bin`;
    const context = createContext({
      root,
      wheel,
      env: { PATH: path, RELINK: '0', ...env },
      say: (line) => lines.push(line),
    });
    const error = await setUp(context, { test: false }).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const calls = existsSync(join(root, 'calls'))
      ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')
      : [];
    return { lines, error, calls: [...new Set(calls)] };
  };
  const file = (...names: string[]) => join(root, ...names);
  return { run, file, good, wheel };
}

t.test('a bare clone is set up once', async (t) => {
  const { run, file } = fakeRepository(t);
  const first = await run();
  t.equal(first.error, undefined);
  t.equal(first.lines.length, 6, 'each step says what it does');
  t.strictSame(first.calls, ['npm', 'pip', 'g++']);
  for (const name of ['tfjs_binding.node', 'libtensorflow_cc.so.2', 'LICENSE', 'THIRD_PARTY_NOTICES.txt']) {
    t.ok(existsSync(file('dist', 'native', name)), name);
  }
  t.notOk(existsSync(file('.cache', 'tensorflow.whl')), 'the wheel is not kept');
  t.notOk(existsSync(file('.cache', 'tensorflow-cpu-2.21.0', 'python')), 'only what is needed is unpacked');
  const printed = spawnSync(process.execPath, [file('dist', 'main.js')], { encoding: 'utf8' });
  t.equal(printed.stdout, '1.2.3\n');
  t.same(await run(), { lines: [], error: undefined, calls: [] }, 'nothing is left to do');
});

t.test('a server that does not start is said, and tried again', async (t) => {
  const { run } = fakeRepository(t);
  t.match((await run({ START: '1' })).error, /^the server does not start/);
  t.equal((await run()).error, undefined);
});

t.test('changed sources are bundled again, and make the same bytes if they are the same', async (t) => {
  const { run, file } = fakeRepository(t);
  await run();
  const before = readFileSync(file('dist', 'main.js'));
  const source = readFileSync(file('function', 'bundled.ts'));
  writeFileSync(file('function', 'bundled.ts'), 'console.log(1)');
  t.same(await run(), {
    lines: ['bundling the server', 'starting the server once, so that V8 keeps its code'],
    error: undefined,
    calls: [],
  });
  t.notSame(readFileSync(file('dist', 'main.js')), before);
  writeFileSync(file('function', 'bundled.ts'), source);
  await run();
  t.same(readFileSync(file('dist', 'main.js')), before);
});

t.test('what is missing of the results is made again', async (t) => {
  const { run, file } = fakeRepository(t);
  await run();
  rmSync(file('dist'), { recursive: true });
  t.strictSame((await run()).calls, ['g++']);
  writeFileSync(file('dist', 'native', 'libtensorflow_cc.so.2'), '');
  t.strictSame((await run()).error, undefined);
  rmSync(file('.cache'), { recursive: true });
  t.strictSame((await run()).calls, ['pip', 'g++']);
});

for (const [program, before, after] of [
  ['npm', ['npm'], ['npm', 'pip', 'g++']],
  ['pip', ['npm', 'pip'], ['pip', 'g++']],
  ['g++', ['npm', 'pip', 'g++'], ['g++']],
] as const) {
  t.test(`goes on where ${program} was interrupted`, async (t) => {
    const { run } = fakeRepository(t);
    const interrupted = await run({ FAIL: program });
    t.match(interrupted.error, `no ${program} today`);
    t.strictSame(interrupted.calls, before);
    const second = await run();
    t.equal(second.error, undefined);
    t.strictSame(second.calls, after);
  });
}

t.test('a download that came truncated is fetched again', async (t) => {
  const { run, file } = fakeRepository(t);
  writeFileSync(file('broken'), '1');
  const { lines, error } = await run();
  t.equal(error, undefined);
  t.ok(lines.includes('tensorflow.whl is damaged: fetching it again'));
});

t.test('a download that comes truncated each time is an error, and nothing of it is used', async (t) => {
  const { run, file, wheel } = fakeRepository(t);
  writeFileSync(file('broken'), '5');
  const { error } = await run();
  t.match(error, `wrong SHA-256 (expected ${wheel.sha256})`);
  t.notOk(existsSync(file('.cache', 'tensorflow.whl')));
});

t.test('a wheel that was left in the cache is used if it is intact, and fetched again if not', async (t) => {
  const { run, file, good } = fakeRepository(t);
  await run({ FAIL: 'pip' });
  const left = file('.cache', 'tensorflow.whl');
  writeFileSync(left, readFileSync(good).subarray(0, 200));
  const damaged = await run({ FAIL: 'pip' });
  t.ok(damaged.lines.includes('tensorflow.whl is damaged: fetching it again'));
  t.notOk(existsSync(left));
  writeFileSync(left, readFileSync(good));
  t.strictSame((await run()).calls, ['g++']);
});

t.test('libraries that are not understood are left as they are, and that is said once', async (t) => {
  const { run, file } = fakeRepository(t);
  const { lines, error } = await run({ RELINK: '1' });
  t.equal(error, undefined);
  t.match(lines.join('\n'), /libraries are left as they are: libtensorflow_cc.so.2 is not understood/);
  t.equal(
    readFileSync(file('dist', 'native', 'libtensorflow_cc.so.2'), 'utf8'),
    'tensorflow/libtensorflow_cc.so.2',
  );
  t.same(await run({ RELINK: '1' }), { lines: [], error: undefined, calls: [] });
});

t.test('the command line', async (t) => {
  const setup = (...args: string[]) =>
    spawnSync(process.execPath, [join(dirname(import.meta.filename), 'setup.js'), ...args], {
      encoding: 'utf8',
    });
  t.match(setup('--help'), { status: 0, stdout: /usage:.*--test/s });
  t.match(setup('--fast'), { status: 2, stderr: /usage:/ });
});
