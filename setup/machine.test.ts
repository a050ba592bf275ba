import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createContext } from './context.js';
import { glibcVersion, isOlder } from './glibc.js';
import { type Machine, platformProblem, thisMachine, toolProblem } from './machine.js';

const good: Machine = {
  platform: 'linux',
  arch: 'x64',
  glibc: '2.36',
  cpuinfo: 'flags\t\t: fpu sse4_2 avx avx2\n',
};

for (const [what, change, problem] of [
  ['a usual machine', {}, undefined],
  ['the oldest glibc', { glibc: '2.27' }, undefined],
  ['arm64 has no AVX', { arch: 'arm64', cpuinfo: 'Features\t: fp asimd\n' }, undefined],
  ['no /proc/cpuinfo', { cpuinfo: '' }, undefined],
  ['macOS', { platform: 'darwin' }, /Linux only, and this is darwin/],
  ['32-bit', { arch: 'ia32' }, /ia32: use a machine with x64 or arm64/],
  ['musl', { glibc: undefined }, /Alpine Linux has musl instead.*use Debian/],
  ['old glibc', { glibc: '2.17' }, /glibc 2.17 is too old for TensorFlow, which needs 2.27/],
  ['no AVX', { cpuinfo: 'flags\t\t: fpu sse4_2\nvendor : avx\n' }, /no AVX/],
] as const satisfies [string, Partial<Machine>, RegExp | undefined][]) {
  t.test(what, async (t) => {
    const said = platformProblem({ ...good, ...change });
    if (problem === undefined) t.equal(said, undefined);
    else t.match(said, problem);
    t.notMatch(said ?? '', /\n/, 'one line');
  });
}

t.test('this machine', async (t) => {
  t.equal(platformProblem(thisMachine()), undefined);
  t.match(glibcVersion(), /^\d+\.\d+/);
});

t.test('versions are compared by number', async (t) => {
  t.ok(isOlder('2.9', '2.27'));
  t.ok(isOlder('1.99', '2.27'));
  t.notOk(isOlder('2.36', '2.27'));
  t.notOk(isOlder('2.27', '2.27'));
});

t.test('missing programs are named with the command that installs them', async (t) => {
  const PATH = t.testdir();
  const context = createContext({ env: { PATH } });
  t.match(
    toolProblem(context),
    /Python 3 and pip for Python 3 and g\+\+ not found.*apt-get install python3 python3-pip g\+\+/,
  );
  const program = (name: string, text: string) => {
    writeFileSync(join(PATH, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(PATH, name), 0o755);
  };
  mkdirSync(PATH, { recursive: true });
  program('python3', '[ "$1" != -m ]');
  program('g++', 'exit 0');
  t.match(toolProblem(context), /^pip for Python 3 not found: install with "apt-get install python3-pip"/);
  program('python3', 'exit 0');
  t.equal(toolProblem(context), undefined);
});
