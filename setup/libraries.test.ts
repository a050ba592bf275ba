import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createContext } from './context.js';
import { librariesIn, tryToLoad, wantsRelinking } from './libraries.js';
import { definedNames } from './relink/symbols.js';
import { libraries, unpackedIn } from './wheel.js';

const context = createContext();
const native = join(context.dist, 'native');

t.test('the option', async (t) => {
  t.equal(wantsRelinking(createContext({ env: { RELINK: '0' } })), false);
  const root = t.testdir();
  t.equal(
    librariesIn(createContext({ root })),
    join(root, unpackedIn(context)),
    'there are no rewritten ones',
  );
});

t.test('the rewritten libraries', { skip: !wantsRelinking(context) && 'not wanted here' }, async (t) => {
  const say = (command: string, ...args: string[]) =>
    spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 }).stdout;
  for (const name of libraries) t.match(say('readelf', '-dW', join(native, name)), /\(RELR\)/, name);
  const imports = say('nm', '-D', '--undefined-only', join(native, 'tfjs_binding.node'));
  const needed = imports.match(/\bTFE?_\w+/g) ?? [];
  const defined = new Set(libraries.flatMap((name) => [...definedNames(join(native, name))]));
  t.ok(needed.length > 30);
  t.strictSame(
    needed.filter((name) => !defined.has(name)),
    [],
    'all that the binding needs is there',
  );
});

t.test('a binding that does not load', async (t) => {
  const folder = t.testdir();
  writeFileSync(
    join(folder, 'tfjs_binding.node'),
    readFileSync(join(native, 'tfjs_binding.node')).subarray(0, 5000),
  );
  t.match(await tryToLoad(context, folder), /failed/);
  t.equal(await tryToLoad(context, native), undefined);
});
