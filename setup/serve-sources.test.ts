import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { serveSources } from './serve-sources.js';

/** A server that says in a file that it has started, and with what. */
const serverOf = (word: string) => `
import { appendFileSync } from 'node:fs';
import { word } from './http/word.ts';
const text: string = word + ' ' + process.argv.slice(2).join(' ');
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 1000);
appendFileSync(import.meta.dirname + '/../starts', '${word} ' + text + '\\n');
`;

function project(t: Test) {
  const folder = join(t.testdir({}), 'function');
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write('main.ts', serverOf('one'));
  write('http/word.ts', "export const word = 'a';\n");
  write('native/numbers.cc', '');
  const starts = join(folder, '..', 'starts');
  const prepared: string[] = [];
  let failing = '';
  const said: string[] = [];
  const serving = serveSources({
    folder,
    args: ['--port', '0'],
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    prepare: async () => {
      if (failing) throw new Error(failing);
      prepared.push('native');
    },
    say: (line) => said.push(line),
  });
  t.teardown(async () => {
    serving.stop();
    await serving.ended;
  });
  /** Asks until it is so; the test's own time-out is the end of it. */
  const until = async (is: () => boolean) => {
    while (!is()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const started = () => (existsSync(starts) ? readFileSync(starts, 'utf8').trimEnd().split('\n') : []);
  return {
    write,
    said,
    prepared,
    serving,
    fail: (message: string) => {
      failing = message;
    },
    startsAre: async (...lines: string[]) => {
      await until(() => started().length >= lines.length);
      t.strictSame(started(), lines);
    },
    saysThat: (pattern: RegExp) => until(() => said.some((line) => pattern.test(line))),
  };
}

t.test('a change starts the server anew, with what changed', async (t) => {
  const { write, startsAre, prepared, said } = project(t);
  await startsAre('one a --port 0');
  write('http/word.ts', "export const word = 'b';\n");
  await startsAre('one a --port 0', 'one b --port 0');
  write('http/word.test.ts', '');
  write('main.ts', serverOf('two'));
  await startsAre('one a --port 0', 'one b --port 0', 'two b --port 0');
  t.strictSame(prepared, [], 'nothing native');
  t.match(said, [/^http.word\.ts changed$/, /^main\.ts changed$/]);
});

t.test('a server that does not start is started by the next change', async (t) => {
  const { write, startsAre, saysThat } = project(t);
  await startsAre('one a --port 0');
  write('http/word.ts', "process.exit(3);\nexport const word = '';\n");
  await saysThat(/the server ended \(3\); waiting for a change/);
  write('http/word.ts', "export const word = 'c';\n");
  await startsAre('one a --port 0', 'one c --port 0');
});

t.test('native code is compiled first; while it does not compile, the old server goes on', async (t) => {
  const { write, startsAre, saysThat, fail, prepared } = project(t);
  await startsAre('one a --port 0');
  fail('numbers.cc:1: expected }');
  write('native/numbers.cc', '{');
  await saysThat(/expected }/);
  await startsAre('one a --port 0');
  fail('');
  write('native/numbers.cc', '{}');
  await startsAre('one a --port 0', 'one a --port 0');
  t.strictSame(prepared, ['native']);
});
