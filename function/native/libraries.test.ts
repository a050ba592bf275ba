import { readFileSync, statSync, writeFileSync } from 'node:fs';
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

t.test(
  "TensorFlow's rewritten libraries",
  { skip: !wantsRelinking(context) && 'not wanted here' },
  async (t) => {
    for (const name of libraries) {
      const [original, rewritten] = [join(context.root, unpackedIn(context), name), join(native, name)];
      t.ok(statSync(rewritten).size < statSync(original).size * 0.8, 'smaller by the symbols for debugging');
      t.same(definedNames(rewritten), definedNames(original), 'the same names');
    }
  },
);

t.test('a binding that does not load', async (t) => {
  const folder = t.testdir();
  writeFileSync(
    join(folder, 'tfjs_binding.node'),
    readFileSync(join(native, 'tfjs_binding.node')).subarray(0, 5000),
  );
  t.match(await tryToLoad(context, folder), /failed/);
  t.equal(await tryToLoad(context, native), undefined);
});
