import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { circlesIn, importsBelow, importsOf } from './imports.ts';
import { faultsIn } from './rules.ts';

const ROOT = join(import.meta.dirname, '..', '..');

t.test('the code as it is', async (t) => {
  const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8'));
  const imports = importsBelow(ROOT, include);
  t.strictSame(faultsIn(imports), [], 'every import keeps the rules');
  t.strictSame(circlesIn(imports), [], 'no circles, those of types included');
  // An import that was misread would lead to a file that is not there. Tests have imports in texts, too.
  const read = imports.filter(({ from, to }) => !/^(npm|node):/.test(to) && !/\.test\.ts$/.test(from));
  t.strictSame(
    read.filter(({ to }) => !existsSync(join(ROOT, to))),
    [],
  );
  t.ok(read.some(({ from, to }) => from === 'function/main.ts' && to === 'function/native/preload.ts'));
});

t.test('imports are found however they are written', async (t) => {
  const text = [
    "import './a.ts';",
    "import b from '../b.ts';",
    "import type { C } from './setup/c.js';",
    "import {\n  one,\n  two,\n} from './d.ts';",
    "export * from './e.ts';",
    "const { f } = await import('./f.ts');",
    "/** @typedef {import('./g.js').G} G */",
    "import { readFile } from 'node:fs';",
    "import t from 'tap';",
    'const important = "from here";',
  ].join('\n');
  t.strictSame(
    importsOf('function/model/x.ts', text).map(({ to }) => to),
    [
      ...[
        'function/model/a.ts',
        'function/b.ts',
        'function/model/setup/c.js',
        'function/model/d.ts',
        'function/model/e.ts',
      ],
      ...['function/model/f.ts', 'function/model/g.js', 'node:fs', 'npm:tap'],
    ],
  );
});

/** An import of each forbidden kind, and what is said of it; undefined where it is allowed. */
const CASES: readonly [from: string, to: string, says: RegExp | undefined][] = [
  [
    'function/model/tensor.ts',
    'function/apis/deps.ts',
    /goes down only: main.ts, bundled.ts → program.ts → process → app.ts/,
  ],
  ['function/native/binding.ts', 'function/model/tensor.ts', /goes down only/],
  ['function/app.ts', 'function/process/options.ts', /goes down only/],
  ['function/errors.ts', 'function/telemetry/logger.ts', /goes down only/],
  ['function/telemetry/metrics.ts', 'function/native/binding.ts', /goes down only/],
  ['function/engine/queue.ts', 'function/models/catalog.ts', /goes down only/],
  ['function/grpc/server.ts', 'function/http/server.ts', /goes down only/],
  ['function/http/router.ts', 'function/apis/deps.ts', /goes down only/],
  ['function/http/router.ts', 'function/model/saved-model.ts', /knows no model/],
  ['function/apis/health.ts', 'function/http/errors.ts', /no HTTP status is known here/],
  ['function/model/tensor.ts', 'function/http/errors.ts', /no HTTP status is known here/],
  ['function/engine/queue.ts', 'function/http/errors.ts', /no HTTP status is known here/],
  ['function/models/catalog.ts', 'function/http/errors.ts', /no HTTP status is known here/],
  ['function/apis/health.ts', 'function/http/server.ts', /no sockets/],
  ['function/apis/page/page.ts', 'function/http/router.ts', /no sockets/],
  ['function/apis/open-inference/grpc.ts', 'function/grpc/server.ts', /no sockets/],
  ['function/models/catalog.ts', 'node:net', /sockets are for/],
  ['function/main.ts', 'setup/context.js', /needs nothing outside itself/],
  ['function/model/tensor.ts', 'bench/csv.ts', /needs nothing outside itself/],
  ['function/model/tensor.test.ts', 'knative/types.ts', /needs nothing outside itself/],
  ['setup/steps.js', 'function/errors.ts', /needs nothing outside itself/],
  ['function/app.ts', 'function/testing/app.ts', /is for tests/],
  ['bench/main.ts', 'function/testing/load.ts', /is for tests/],
  ['function/helpers/x.ts', 'node:fs', /has its place in the layers/],
  ['function/process/server-process.ts', 'function/app.ts', undefined],
  ['function/apis/health.ts', 'function/http/message.ts', undefined],
  ['function/apis/open-inference/grpc.ts', 'function/grpc/route.ts', undefined],
  ['function/apis/open-inference/rest.ts', 'function/models/catalog.ts', undefined],
  ['function/grpc/health.ts', 'function/models/catalog.ts', undefined],
  ['function/engine/scheduler.ts', 'function/native/binding.ts', undefined],
  ['function/http/server.ts', 'node:net', undefined],
  ['function/native/binding.test.ts', 'function/testing/whole-server.ts', undefined],
  ['test/hardening/wire.ts', 'function/testing/socket.ts', undefined],
  ['bench/main.ts', 'function/errors.ts', undefined],
];

for (const [from, to, says] of CASES) {
  t.test(`${from} imports ${to}`, async (t) => {
    const faults = faultsIn([{ from, to }]);
    if (says === undefined) t.strictSame(faults, []);
    else
      t.ok(
        faults.some((fault) => fault.startsWith(`${from} imports ${to}: `) && says.test(fault)),
        faults.join('\n'),
      );
  });
}

t.test('circles', async (t) => {
  const imports = (...pairs: [string, string][]) => pairs.map(([from, to]) => ({ from, to }));
  t.strictSame(circlesIn(imports(['a', 'b'], ['b', 'c'], ['a', 'c'])), []);
  t.strictSame(circlesIn(imports(['a', 'b'], ['b', 'c'], ['c', 'b'])), ['b → c → b']);
  t.strictSame(circlesIn(imports(['a', 'a'])), ['a → a']);
  t.strictSame(circlesIn(imports(['a', 'b'], ['b', 'a'], ['c', 'd'], ['d', 'c'])), [
    'a → b → a',
    'c → d → c',
  ]);
});
