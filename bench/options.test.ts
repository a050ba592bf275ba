import t from 'tap';
import { quickBeside } from './engine/settings.ts';
import { shown } from './environment.ts';
import { modelQuestions } from './loads/models.ts';
import { parseOptions } from './options.ts';
import { full, quick } from './settings.ts';

t.test('where results go', async (t) => {
  for (const [args, mode, out] of [
    [[], 'full', 'results'],
    [['--quick'], 'quick', '.cache/bench/quick'],
    [['--only', 'memory'], 'partial', '.cache/bench/partial'],
    [['--targets', 'floor'], 'partial', '.cache/bench/partial'],
    [['--quick', '--only', 'memory', '--out', 'x'], 'quick', 'x'],
    [['--repeat', '7'], 'full', 'results'],
  ] as const)
    t.match(parseOptions(args), { command: 'run', mode, out }, args.join(' '));
});

t.test('settings', async (t) => {
  t.match(parseOptions(['--repeat', '7', '--duration', '4']), {
    settings: { ...full, repeats: 7, side_repeats: 7, load_s: 4, open_load_s: 8, payload_s: 2 },
  });
  t.match(parseOptions(['--repeat', '7']), { modelSettings: { repeats: 7, protocol_repeats: 7 } });
  t.match(parseOptions(['--quick']), { settings: quick, modelSettings: quickBeside, models: ['encoder'] });
  t.match(parseOptions(['--quick']), {
    targets: ['floor', 'celsiusify-celsius', 'celsiusify-predict', 'tf-serving', 'celsiusify'],
  });
  t.match(parseOptions(['--tf-serving-newest', 'x', '--tf-serving-newest-build', 'y']), {
    ...{ mode: 'full', out: 'results', newest: { file: 'x', build: 'y' } },
  });
  t.match(parseOptions(['--only', 'models']), { only: modelQuestions.map(({ name }) => name) });
  t.match(parseOptions(['--models', 'text,encoder', '--targets', 'tf-serving-one']), {
    ...{ mode: 'partial', models: ['encoder', 'text'], targets: ['tf-serving-one'] },
  });
  t.match(parseOptions(['--image', 'tf-serving=a/b:1', '--url', 'fastapi=http://h:1/']), {
    images: new Map([['tf-serving', 'a/b:1']]),
    urls: new Map([['fastapi', 'http://h:1']]),
  });
});

t.test('other commands', async (t) => {
  t.match(parseOptions(['compare', 'a', 'b', '--against', 'floor', '--fail-on-regression']), {
    command: 'compare',
    before: 'a',
    after: 'b',
    against: 'floor',
    failOnRegression: true,
  });
  t.match(parseOptions(['table']), { command: 'table', folder: 'results' });
  t.match(parseOptions(['--help', '--quick']), { command: 'help' });
});

for (const args of [
  ['--unknown'],
  ['--only', 'weather'],
  ['--targets', 'floor,apache'],
  ['--repeat', '0'],
  ['--repeat', '1.5'],
  ['--duration', 'long'],
  ['--image', 'tf-serving'],
  ['--url', 'apache=x'],
  ['compare', 'a'],
  ['compare', 'a', 'b', 'c'],
  ['measure'],
]) {
  t.test(`refused: ${args.join(' ')}`, async (t) => {
    t.throws(() => parseOptions(args), { name: 'FatalError', exitCode: 2 });
  });
}

t.test('what environment.json shows of paths', async (t) => {
  t.equal(shown('/home/me/repo', '/home/me/repo/dist/main.js'), 'dist/main.js');
  t.equal(shown('/home/me/repo', '/opt/x/tensorflow_model_server'), 'tensorflow_model_server');
  t.equal(
    shown('/home/me/repo', '--model_base_path=/home/me/repo/model/celsius'),
    '--model_base_path=model/celsius',
  );
  t.equal(shown('/home/me/repo', '--port=0'), '--port=0');
  t.equal(shown('/home/me/repo', process.execPath), 'node');
});
