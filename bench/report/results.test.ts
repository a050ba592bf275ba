import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeReport } from './report.ts';
import { numberOf, readResults } from './results.ts';
import { writeSynthetic } from './synthetic/results.ts';

t.test('rows are picked by what their cells mean', async (t) => {
  const folder = t.testdir();
  writeSynthetic(folder, { repeats: 1 });
  writeFileSync(join(folder, 'open-loop.csv'), 'target,share,limit,mode\na,0.50,,full\na,0.75,7,full\n');
  const results = readResults(folder);
  t.equal(results.rows('open-loop.csv', { share: 0.5 }).length, 1, '0.5 finds 0.50');
  t.equal(results.rows('open-loop.csv', { limit: '' }).length, 1, 'an empty cell is not zero');
  t.equal(results.rows('open-loop.csv', { limit: 0 }).length, 0);
  t.same(results.rows('no-such.csv', { x: 1 }), []);
  t.same(
    results.rows('open-loop.csv').map((row) => numberOf(row, 'limit')),
    [undefined, 7],
  );
});

t.test('one quick row makes the whole quick', async (t) => {
  const folder = t.testdir();
  writeSynthetic(folder, { repeats: 1 });
  t.equal(readResults(folder).mode, 'full');
  writeFileSync(join(folder, 'soak.csv'), 'target,mode\na,full\nb,quick\n');
  t.equal(readResults(folder).mode, 'quick');
});

t.test('says what is wrong and where', async (t) => {
  const CASES = [
    { file: 'environment.json', text: '{', message: /environment\.json is not JSON/ },
    {
      file: 'environment.json',
      text: '{"schema":2}',
      message: /environment\.json is not as bench\/README\.md says/,
    },
    {
      file: 'memory.csv',
      text: 'target,repeat,mode\na,1,full\n',
      message: /memory\.csv has no column state/,
    },
    { file: 'locust.csv', text: 'target,users\n"a,1\n', message: /cannot read .*locust\.csv/ },
  ];
  for (const { file, text, message } of CASES) {
    const folder = t.testdir();
    writeSynthetic(folder, { repeats: 1 });
    writeFileSync(join(folder, file), text);
    await t.rejects(async () => makeReport(readResults(folder)), { message });
  }
});
