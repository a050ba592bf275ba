import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { folderOf, makeModels, readExpected } from './saved.ts';

const SOURCES = [
  'bench/models/make.py',
  'bench/models/recipes.py',
  'bench/models/examples.py',
  'model/requirements.txt',
];

function write(root: string, file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

t.test('models that are made already are not made again', async (t) => {
  const root = t.testdir();
  for (const source of SOURCES) write(root, source, source);
  const stamp = createHash('sha256').update(SOURCES.join('')).digest('hex');
  write(root, '.cache/models/text/recipes.sha256', stamp);
  const said: string[] = [];
  await makeModels(root, ['text'], (line) => said.push(line));
  t.same(said, []);
});

t.test('what is expected of a model', async (t) => {
  const root = t.testdir();
  t.throws(() => readExpected(root, 'text'), /no model text: npm run bench:models -- text/);
  const file = join(folderOf('', 'text'), 'expected.json');
  write(root, file, '{"model":"text"}');
  t.throws(() => readExpected(root, 'text'), /of another version/);
  const expected = {
    model: 'text',
    note: '',
    tensorflow: '2',
    parameters: 1,
    weights_sha256: '',
    files_sha256: { 'saved_model.pb': '' },
    input: { name: 'text', dtype: 'string', shape: [null] },
    output: 'scores',
    examples: [{ request: { instances: ['a'] }, response: { predictions: [[1]] } }],
  };
  write(root, file, JSON.stringify(expected));
  t.same(readExpected(root, 'text'), expected);
});
