import t from 'tap';
import { blocksOf, commandsOf, comparable } from './blocks.ts';

t.test('blocks of commands', async (t) => {
  const document = [
    ...['# Title', '<!-- test: server -->', '```sh', 'npm start', '```', 'words'],
    ...['<!-- test: run -->', '```sh', 'curl x', '```', '', '```json', '{"a":1}', '```'],
    ...['<!-- test: by:.ci/run -->', '```sh', 'npm test', '```', ''],
    ...['<!-- test: run:grpc -->', '```python', 'print(1)', '```', '', '```text', '1', '```', ''],
    ...['<!-- test: run -->', '```js', 'console.log(1)', '```', '```ts', 'not run', '```', ''],
  ].join('\n');
  t.match(blocksOf(document, 'x.md'), [
    { line: 3, how: 'server', script: 'npm start\n', output: undefined },
    { line: 8, how: 'run', script: 'curl x\n', output: '{"a":1}\n' },
    { line: 16, how: { by: '.ci/run' }, script: 'npm test\n', output: undefined },
    { line: 21, how: 'run', with: 'grpc', language: 'python', script: 'print(1)\n', output: '1\n' },
    { line: 30, how: 'run', with: undefined, language: 'js', script: 'console.log(1)\n' },
  ]);
  t.throws(() => blocksOf('\n```sh\nls\n```\n', 'x.md'), /x\.md:2: say how/);
  t.throws(() => blocksOf('<!-- test: perhaps -->\n```sh\nls\n```\n', 'x.md'), /x\.md:2: say how/);
});

t.test('what differs in each run is not compared', async (t) => {
  t.equal(
    comparable('{"runId":"01a20f92-3fd2-71a6-9dd9-5eaa1b0e36a0"}\r\n'),
    comparable('{"runId":"01a20f93-0000-7000-8000-000000000000"}'),
  );
  t.not(comparable('{"celsius":100}'), comparable('{"celsius":101}'));
});

t.test('command lines', async (t) => {
  t.strictSame(commandsOf('# first\na \\\n  b # why\n\nc --d="#e"\n'), ['a b', 'c --d="#e"']);
});
