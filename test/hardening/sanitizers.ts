// node test/hardening/sanitizers.ts: the addon's own tests with the addon built under sanitizers. (Node and TensorFlow are
// not: what they do among themselves is not looked at.)
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { moreFlags } from '../../setup/compile.js';
import { createContext, run } from '../../setup/context.js';
import { libraries, unpackedIn } from '../../setup/wheel.js';

const help = `usage: node test/hardening/sanitizers.ts [--only address|thread]

Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer, then with ThreadSanitizer (some minutes), and runs its tests.
Fails on what they find, and where they do not find the faults of planted.cc.
`;

/** Tests that go into the addon. */
const TESTS = ['engine', 'native', 'native/codec', 'native/freeze', 'native/winograd'].map((folder) =>
  join('function', folder),
);

interface Kind {
  readonly flags: string;
  readonly runtimes: readonly string[];
  readonly env: (folder: string) => Record<string, string>;
  readonly found: RegExp;
}

const KINDS: Readonly<Record<string, Kind>> = {
  address: {
    flags: 'address,undefined',
    runtimes: ['libasan.so', 'libubsan.so'],
    env: () => ({
      // Node leaves much to the end of its process; the package's binding deletes names of some bytes as one.
      ASAN_OPTIONS:
        'detect_leaks=0:alloc_dealloc_mismatch=0:detect_odr_violation=0:new_delete_type_mismatch=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    }),
    found: /ERROR: AddressSanitizer|runtime error:/,
  },
  thread: {
    flags: 'thread',
    runtimes: ['libtsan.so'],
    env: (folder) => {
      const suppressions = join(folder, 'suppressions');
      writeFileSync(suppressions, libraries.map((name) => `called_from_lib:${name}\n`).join(''));
      const options = ['ignore_noninstrumented_modules=1', 'report_signal_unsafe=0', 'history_size=4'];
      return { TSAN_OPTIONS: [`suppressions=${suppressions}`, ...options].join(' ') };
    },
    found: /WARNING: ThreadSanitizer/,
  },
};

const context = createContext();
const { values } = parseArgs({
  options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
});
if (values.help) process.stdout.write(help);
else if (values.only !== undefined && !(values.only in KINDS)) {
  process.stderr.write(help);
  process.exitCode = 2;
} else {
  let failed = 0;
  let passed = 0;
  const say = (good: boolean, what: string) => {
    process.stdout.write(`${good ? 'ok' : 'NOT OK'}  ${what}\n`);
    if (good) passed++;
    else failed++;
  };
  for (const [name, kind] of Object.entries(KINDS)) {
    if (values.only === undefined || values.only === name) await check(name, kind, say);
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function check(name: string, kind: Kind, say: (good: boolean, what: string) => void): Promise<void> {
  const folder = join(context.cache, 'sanitizers', name);
  mkdirSync(folder, { recursive: true });
  process.stdout.write(`building the addon for ${kind.flags}\n`);
  await build(folder, kind);
  const planted = execute(folder, kind, [
    '-e',
    `process.dlopen({ exports: {} }, '${join(folder, 'planted.node')}')`,
  ]);
  say(kind.found.test(planted.output), `${name}: finds what is planted`);
  for (const file of testFiles()) {
    const { code, output } = execute(folder, kind, [join(context.root, file)]);
    const good = code === 0 && !kind.found.test(output);
    say(good, `${name}: ${file}`);
    if (!good) process.stdout.write(`${output.slice(-4000)}\n`);
  }
}

function execute(
  folder: string,
  kind: Kind,
  args: readonly string[],
): { code: number | null; output: string } {
  const preload = kind.runtimes.map((name) =>
    spawnSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim(),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: context.root,
    env: { ...process.env, ...kind.env(folder), LD_PRELOAD: preload.join(':'), CELSIUSIFY_NATIVE: folder },
    encoding: 'utf8',
    timeout: 300_000,
  });
  return { code: status, output: stdout + stderr };
}

function testFiles(): string[] {
  return TESTS.flatMap((folder) =>
    readdirSync(join(context.root, folder))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name)),
  );
}

async function build(folder: string, { flags }: Kind): Promise<void> {
  const native = join(context.root, 'function', 'native');
  const theirs = join(context.modules, '@tensorflow', 'tfjs-node', 'binding');
  const options = [
    ...['-std=c++17', '-O1', '-g', '-fno-omit-frame-pointer', '-fPIC', '-fexceptions', '-fvisibility=hidden'],
    ...['-DNODE_GYP_MODULE_NAME=tfjs_binding', '-DNAPI_VERSION=8', `-fsanitize=${flags}`],
    // Node exports vtables of some templates of ours, and is built without the run-time types that this check looks for.
    '-fno-sanitize=vptr',
    ...[theirs, join(context.modules, 'node-api-headers', 'include')].flatMap((path) => ['-I', path]),
    ...['-I', join(context.root, unpackedIn(context), 'include')],
  ];
  const ours = readdirSync(native, { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.cc') && name !== 'preload.cc')
    .map((name) => join(native, name))
    .map((source) => ({ source, more: moreFlags(context.arch, source) }));
  const units = ['tfjs_backend.cc', 'tfjs_binding.cc']
    .map((name) => ({ source: join(theirs, name), more: ['-include', join(native, 'overrides.h')] }))
    .concat(ours);
  const objects = units.map(({ source }) =>
    join(folder, `${relative(context.root, source).replaceAll(/[^\w-]+/g, '.')}.o`),
  );
  const waiting = units.map((unit, i) => [
    ...options,
    ...unit.more,
    '-c',
    unit.source,
    '-o',
    objects[i] ?? '',
  ]);
  const compile = async () => {
    for (let args = waiting.pop(); args !== undefined; args = waiting.pop()) await run(context, 'g++', args);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compile));
  const beside = libraries.map((name) => join(context.dist, 'native', name));
  await run(context, 'g++', [
    ...['-shared', `-fsanitize=${flags}`, '-o', join(folder, 'tfjs_binding.node'), ...objects],
    ...['-Wl,--no-as-needed', ...beside, '-Wl,-rpath,$ORIGIN'],
  ]);
  const planted = join(import.meta.dirname, 'planted.cc');
  await run(context, 'g++', [...options, '-shared', planted, '-o', join(folder, 'planted.node')]);
  for (const library of beside) {
    const link = join(folder, basename(library));
    rmSync(link, { force: true });
    symlinkSync(library, link);
  }
}
