import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { instancesIn, manyRows } from './rows.ts';
import { pathOf, versionsOf, writeConfig } from './served.ts';
import { linkVersions } from './versions.ts';

const example = (x: number) => ({
  body: `{"instances":[[${x}]]}`,
  answer: `{"predictions":[[${x}.5]]}`,
  rows: 1,
});

t.test('many rows in one request', async (t) => {
  const two = { body: '{"instances":[[8],[9]]}', answer: '{"predictions":[[8.5],[9.5]]}', rows: 2 };
  const examples = [example(1), two, example(2)];
  t.same(manyRows(examples, 1), example(1));
  t.same(manyRows(examples, 3), {
    body: '{"instances":[[1],[2],[1]]}',
    answer: '{"predictions":[[1.5],[2.5],[1.5]]}',
    rows: 3,
  });
  t.same(instancesIn(two.body), [[8], [9]]);
  t.throws(() => manyRows([two], 2), /no example of one row/);
  t.throws(() => instancesIn('{"inputs":1}'), /no list alone under instances/);
});

t.test('which models a server is told of', async (t) => {
  const root = t.testdir();
  const file = writeConfig(root, [
    { name: 'a', folder: '/a' },
    { name: 'b', folder: '/b', all: true },
  ]);
  t.equal(
    readFileSync(file, 'utf8'),
    'model_config_list {\n' +
      '  config { name: "a" base_path: "/a" model_platform: "tensorflow" }\n' +
      '  config { name: "b" base_path: "/b" model_platform: "tensorflow" model_version_policy { all {} } }\n}\n',
  );
  t.equal(pathOf('a'), '/v1/models/a:predict');
  t.equal(pathOf('a', 2), '/v1/models/a/versions/2:predict');
  t.equal(versionsOf('/clone', 'celsius'), '/clone/model/celsius');
});

t.test('versions that take no room', async (t) => {
  const root = t.testdir();
  const from = join(root, '.cache/models/encoder/1/variables');
  mkdirSync(from, { recursive: true });
  writeFileSync(join(from, 'variables.index'), 'x');
  linkVersions(root, 'encoder', 3);
  const folder = linkVersions(root, 'encoder', 2);
  const inode = (path: string) => statSync(path).ino;
  t.equal(inode(join(folder, '2/variables/variables.index')), inode(join(from, 'variables.index')));
  t.notOk(existsSync(join(folder, '3')));
});
