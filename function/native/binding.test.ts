import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { explainLoadFailure, loadBinding } from './binding.ts';

for (const [what, message, glibc, expected] of [
  ['musl', 'Error relocating: __strtof_l: symbol not found', undefined, /needs glibc.*musl.*Debian/],
  [
    'old glibc',
    "/lib/libc.so.6: version `GLIBC_2.27' not found (required by libtensorflow_cc.so.2)",
    '2.17',
    /needs glibc 2.27 or newer, and this system has 2.17/,
  ],
  [
    'libraries made on a newer system',
    "/lib/libc.so.6: version `GLIBC_ABI_DT_RELR' not found (required by libtensorflow_cc.so.2)",
    '2.31',
    /made for glibc 2.36 or newer, and this system has 2.31: run "npm run setup"/,
  ],
  [
    'a library is missing',
    'libtensorflow_cc.so.2: cannot open shared object file: No such file or directory',
    '2.36',
    /libtensorflow_cc.so.2 is missing: run "npm run setup"/,
  ],
  [
    "a system's library is missing",
    'libstdc++.so.6: cannot open shared object file: No such file or directory',
    '2.36',
    /needs libstdc\+\+.so.6.*install it/,
  ],
  ['something else', 'file too short', '2.36', /cannot be loaded: file too short/],
] as const) {
  t.test(what, async (t) => t.match(explainLoadFailure(message, glibc), expected));
}

t.test('a folder without a binding, and with a broken one', async (t) => {
  const folder = t.testdir();
  t.throws(() => loadBinding(folder), { message: /tfjs_binding.node is missing: run "npm run setup"/ });
  writeFileSync(join(folder, 'tfjs_binding.node'), 'no library\n'.repeat(100));
  t.throws(() => loadBinding(folder), { message: /cannot be loaded: .*invalid ELF header/ });
});

t.test('what was compiled is the same bytes wherever it was: no path of this machine is in it', async (t) => {
  const root = resolve(import.meta.dirname, '../..');
  for (const file of ['tfjs_binding.node', 'preload.node'])
    t.notOk(readFileSync(join(root, 'dist/native', file)).includes(`${root}/`), file);
});
