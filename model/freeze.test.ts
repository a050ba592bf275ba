import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const fixtures = join(import.meta.dirname, '../function/fixtures');

/** Runs the program, and stops it by `signal` once it has said `word`. */
function freeze(args: string[], stop?: { word: string; signal: NodeJS.Signals }) {
  return new Promise<{ code: number | null; said: string; printed: string }>((resolve) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'freeze.ts'), ...args]);
    let [said, printed] = ['', ''];
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said += chunk;
      if (stop && said.includes(stop.word)) child.kill(stop.signal);
    });
    child.on('close', (code) => resolve({ code, said, printed }));
  });
}

/** What lies in a folder, folders inside with it. */
const filesIn = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

t.test('a folder with a SavedModel becomes another, with its assets and without variables', async (t) => {
  const to = join(t.testdir(), 'frozen');
  const { code, said } = await freeze([join(fixtures, 'vocabulary/1'), '--to', to]);
  t.equal(code, 0, said);
  t.match(said, /signature serving_default: largest difference 0\.0e\+0/);
  t.match(said, new RegExp(`${to} is ready`));
  t.same(filesIn(to), ['assets', 'assets/words.txt', 'saved_model.pb']);
});

t.test('a folder of versions becomes one beside it', async (t) => {
  const base = join(t.testdir(), 'model');
  mkdirSync(base);
  for (const version of ['3', '12'])
    cpSync(join(fixtures, 'variables/1'), join(base, version), { recursive: true });
  writeFileSync(join(base, '3/notes.txt'), 'kept\n');
  const { code, said } = await freeze([base]);
  t.equal(code, 0, said);
  t.same(filesIn(`${base}-frozen`), ['12', '12/saved_model.pb', '3', '3/notes.txt', '3/saved_model.pb']);
  t.ok(existsSync(join(base, '3/variables')), 'the one before is as it was');
});

for (const [what, model, expected] of [
  ['assigns to a variable', 'assigned/1', /cannot be frozen: variable "count" is not only read/],
  ['has no variables', 'loop/1', /cannot be frozen: it has no variables/],
  ['is no SavedModel', 'corrupt/1', /saved_model.pb is damaged/],
  ['is empty', '.', /holds neither saved_model.pb nor numbered folders/],
] as const) {
  t.test(`a model that ${what} is refused, and nothing is left behind`, async (t) => {
    const folder = t.testdir();
    const { code, said } = await freeze([join(fixtures, model), '--to', join(folder, 'frozen')]);
    t.equal(code, 1, said);
    t.match(said, expected);
    t.same(filesIn(folder), []);
  });
}

t.test('what is there is not written over', async (t) => {
  const folder = t.testdir({ frozen: {} });
  const { code, said } = await freeze([join(fixtures, 'variables/1'), '--to', join(folder, 'frozen')]);
  t.equal(code, 1);
  t.match(said, /frozen is there already: remove it, or name another folder by --to/);
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`${signal} leaves nothing behind`, async (t) => {
    const folder = t.testdir();
    const stop = { word: 'making constants', signal };
    const result = await freeze([join(fixtures, 'variables/1'), '--to', join(folder, 'frozen')], stop);
    t.equal(result.code, code, result.said);
    t.same(filesIn(folder), []);
  });
}

t.test('usage', async (t) => {
  const help = await freeze(['--help']);
  t.equal(help.code, 0);
  t.match(help.printed, /^Usage: npm run freeze -- FOLDER \[--to FOLDER\]/);
  for (const args of [[], ['a', 'b'], ['a', '--into', 'b']]) {
    const { code, said } = await freeze(args);
    t.equal(code, 2, args.join(' '));
    t.match(said, /Usage: /);
  }
});
