import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { row } from './schema.ts';
import { Store } from './store.ts';

const measured = (target: string) => ({
  rows: [row('cold-start', { target, cache: 'warm', repeat: 1, phase: 'first_answer', ms: 100 })],
  logs: [{ log: `cold-start/${target}`, line: 'Tag=a=1,1,1,1,HIST' }],
});

t.test('what was measured before a stop is there after it', async (t) => {
  const folder = join(t.testdir(), 'results');
  const before = new Store(folder, 'plan', 'full');
  before.add('one', 2, measured('floor'));
  // killed in the middle of a line
  appendFileSync(join(before.partial, 'steps.jsonl'), '{"step":"two","seco');
  const after = new Store(folder, 'plan', 'full');
  t.ok(after.isDone('one'));
  t.notOk(after.isDone('two'));
  after.add('two', 3, measured('fastapi'));
  const again = new Store(folder, 'plan', 'full');
  t.match(again, { doneSteps: 2, elapsed_s: 5 });
  t.match(again.rows('cold-start'), [{ target: 'floor' }, { target: 'fastapi' }]);
  t.notOk(existsSync(folder), 'nothing is in the results folder yet');
});

t.test('another plan does not go on from it', async (t) => {
  const folder = join(t.testdir(), 'results');
  new Store(folder, 'plan', 'full').add('one', 1, measured('floor'));
  t.throws(() => new Store(folder, 'another', 'full'), { exitCode: 2, message: /--fresh/ });
  t.equal(new Store(folder, 'another', 'full', true).doneSteps, 0);
});

t.test('whole results replace the old ones, but for the files of the cluster tests', async (t) => {
  const folder = join(t.testdir(), 'results');
  mkdirSync(folder);
  writeFileSync(join(folder, 'closed-loop.csv'), 'old');
  writeFileSync(join(folder, 'cluster-hpa.csv'), 'kept');
  const store = new Store(folder, 'plan', 'full');
  store.add('one', 1, measured('floor'));
  store.finish({ schema: 1 });
  t.same(readdirSync(folder).sort(), ['cluster-hpa.csv', 'cold-start.csv', 'environment.json', 'histograms']);
  t.equal(
    readFileSync(join(folder, 'cold-start.csv'), 'utf8'),
    'target,cache,repeat,order,phase,ms,mode\nfloor,warm,1,1,first_answer,100,full\n',
  );
  t.match(
    readFileSync(join(folder, 'histograms/cold-start/floor.hlog'), 'utf8'),
    /^#\[Hist.*\nTag=a=1,1,1,1,HIST\n$/s,
  );
  t.notOk(existsSync(store.partial));
});
