import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { relink } from './relink.js';
import { definedNames } from './symbols.js';

const root = join(import.meta.dirname, '..', '..');

/** Two libraries that define `shared`, and an addon that tells what the loader made of them. */
const sources = {
  'second.cc': `
    #include <cstring>
    int shared = 2;
    int second_only = 22;
    extern "C" size_t second_length(const char* text) { return strlen(text); }
    int* second_shared() { return &shared; }
    int value_of_second() { return second_only + shared; }`,
  'first.cc': `
    #include <cstdio>
    #include <cstring>
    #include <string>
    int shared = 1;
    extern int second_only;
    thread_local int of_thread = 7;
    struct Base { virtual ~Base() {} virtual int number() { return 5; } };
    struct Derived : Base { int number() override { return 6; } };
    int numbers[4] = {10, 11, 12, 13};
    int* middle = &numbers[2];
    const char* texts[] = {${Array.from({ length: 200 }, (_, i) => `"text ${i}"`).join(', ')}};
    int constructed;
    __attribute__((constructor)) void construct() { constructed = of_thread + *middle; }
    int add(int a) { return a + 1; }
    int (*functions[])(int) = {add, add};
    int* first_shared() { return &shared; }
    int* first_second() { return &second_only; }
    std::string describe() {
      char text[100];
      Base* object = new Derived;
      snprintf(text, sizeof text, "%s %d %d %d %d %d", texts[150], object->number(), *middle, constructed,
               functions[1](1), second_only);
      delete object;
      return text;
    }`,
  'addon.cc': `
    #include <node_api.h>
    #include <string>
    extern "C" size_t second_length(const char* text);
    int value_of_second();
    int* first_shared(); int* second_shared(); int* first_second();
    std::string describe();
    NAPI_MODULE_INIT() {
      std::string text = describe() + " " + std::to_string(value_of_second()) + " " +
          std::to_string(second_length("four")) + (first_shared() == second_shared() ? " one" : " two") +
          " " + std::to_string(*first_shared()) + " " + std::to_string(*first_second());
      napi_value value;
      napi_create_string_utf8(env, text.data(), text.size(), &value);
      napi_set_named_property(env, exports, "text", value);
      return exports;
    }`,
};

/** What the addon says if all is right: `shared` of the first library is used by both, as the loader has it. */
const expected = 'text 150 6 12 19 2 22 23 4 one 1 22';

function compile(t: Test) {
  const folder = t.testdir(sources);
  const flags = ['-shared', '-fPIC', '-O1', '-Wl,-rpath,$ORIGIN', '-Wl,-z,lazy'];
  const headers = ['-I', join(root, 'node_modules', 'node-api-headers', 'include')];
  for (const [source, target, ...libraries] of [
    ['second.cc', 'libsecond.so'],
    ['first.cc', 'libfirst.so', 'libsecond.so'],
    ['addon.cc', 'addon.node', 'libfirst.so', 'libsecond.so'],
  ] as const) {
    const args = [...flags, ...headers, `-Wl,-soname,${target}`, '-o', target, source, ...libraries];
    const { status, stderr } = spawnSync('g++', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
  return (name: string) => join(folder, name);
}

/** Loads the addon in a process of its own. */
function load(addon: string): string {
  const script = `const m = { exports: {} }; process.dlopen(m, ${JSON.stringify(addon)}); console.log(m.exports.text)`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return stdout.trim() || stderr;
}

/** Rewrites a library in its place. */
function relinkInPlace(file: string, earlier: Set<string>) {
  const copy = `${file}.original`;
  writeFileSync(copy, readFileSync(file));
  return relink(copy, file, earlier);
}

t.test('rewritten libraries behave as before', async (t) => {
  const file = compile(t);
  t.equal(load(file('addon.node')), expected, 'before');
  const earlier = definedNames(file('libfirst.so'));
  t.ok(earlier.has('shared'));
  const result = relinkInPlace(file('libfirst.so'), new Set());
  t.ok(result.bound > 0, `${result.bound} bound`);
  t.ok(result.relative > 200, `${result.relative} relative`);
  t.equal(load(file('addon.node')), expected, 'the first one rewritten');
  t.same(definedNames(file('libfirst.so')), earlier, 'the same names');

  const { stdout, stderr } = spawnSync('readelf', ['-WSdV', file('libfirst.so')], { encoding: 'utf8' });
  t.equal(stderr, '', 'readelf has nothing to complain about');
  t.match(stdout, /\(RELR\)/);
  t.match(stdout, /GLIBC_ABI_DT_RELR/);
  t.notMatch(stdout, /\.symtab/);
  t.throws(
    () => relink(file('libfirst.so'), file('twice.so'), new Set()),
    { message: /entry of type 36/ },
    'once only',
  );
});

t.test('too few relocations to make room for the new tables', async (t) => {
  const file = compile(t);
  t.throws(() => relink(file('libsecond.so'), file('new.so'), new Set()), { message: /do not fit/ });
});

t.test('what is not understood is refused', async (t) => {
  const file = compile(t);
  const good = readFileSync(file('libfirst.so'));
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(good);
    change(bytes);
    return bytes;
  };
  for (const [what, bytes, message] of [
    [
      'text',
      Buffer.from('no library at all, only text that goes on for more than sixty-four bytes'),
      /no ELF file/,
    ],
    ['an empty file', Buffer.alloc(0), /truncated/],
    ['the first half', good.subarray(0, good.length / 2), /truncated/],
    ['32-bit', changed((bytes) => bytes.writeUInt8(1, 4)), /not 64-bit/],
    ['big-endian', changed((bytes) => bytes.writeUInt8(2, 5)), /little-endian/],
    ['a program', changed((bytes) => bytes.writeUInt16LE(2, 16)), /no shared library/],
    ['RISC-V', changed((bytes) => bytes.writeUInt16LE(243, 18)), /another processor \(machine 243\)/],
  ] as const) {
    writeFileSync(file('bad.so'), bytes);
    t.throws(() => relink(file('bad.so'), file('new.so'), new Set()), { message }, what);
  }
});
