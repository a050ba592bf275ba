import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createContext } from './context.js';
import { compileObjects } from './objects.js';

t.test('only what changed is compiled again', async (t) => {
  const root = t.testdir({
    'with space': {
      'one.cc': '#include "shared.h"\nint one() { return SHARED; }\n',
      'two.cc': '#include <theirs.h>\nint two() { return THEIRS; }\n',
      'shared.h': '#define SHARED 1\n',
    },
    theirs: { 'theirs.h': '#define THEIRS 2\n' },
  });
  const file = (...names: string[]) => join(root, ...names);
  const sources = file('with space');
  const context = createContext({ root, say: () => {} });
  let args = ['-I', file('theirs')];
  let version = 1;
  /** @returns the units that were compiled */
  const compile = async () => {
    const made = (name: string) =>
      statSync(file('.cache', 'objects', `with.space.${name}.o`), { throwIfNoEntry: false })?.mtimeMs;
    const names = ['one', 'two'];
    const before = names.map(made);
    const units = names.map((name) => ({ source: join(sources, `${name}.cc`), args }));
    await compileObjects(context, units, { version }, (header) => header.startsWith(sources));
    return names.filter((name, i) => made(name) !== before[i]);
  };
  const CASES: readonly [what: string, change: () => void, compiled: readonly string[]][] = [
    ['at first', () => {}, ['one', 'two']],
    ['nothing changed', () => {}, []],
    [
      'a source',
      () => writeFileSync(join(sources, 'two.cc'), '#include <theirs.h>\nint two() { return -THEIRS; }\n'),
      ['two'],
    ],
    ['our header', () => writeFileSync(join(sources, 'shared.h'), '#define SHARED 3\n'), ['one']],
    [
      'a header that a version stands for',
      () => writeFileSync(file('theirs', 'theirs.h'), '#define THEIRS 4\n'),
      [],
    ],
    ['that version', () => version++, ['one', 'two']],
    [
      'options',
      () => {
        args = [...args, '-O1'];
      },
      ['one', 'two'],
    ],
    ['an object is gone', () => rmSync(file('.cache', 'objects', 'with.space.one.o')), ['one']],
  ];
  for (const [what, change, compiled] of CASES) {
    change();
    t.strictSame(await compile(), compiled, what);
  }
  writeFileSync(join(sources, 'one.cc'), 'int one() {');
  await t.rejects(compile(), { message: /g\+\+ .*one\.cc/s }, 'the compiler says what is wrong');
  writeFileSync(join(sources, 'one.cc'), 'int one() { return 1; }\n');
  t.strictSame(await compile(), ['one'], 'after a failure');
});
