import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runSteps, type StepOf, startedAt } from './steps.ts';
import { Store } from './store.ts';

const columns = { 'models/memory': ['x', 'order', 'mode'] };

const step = (x: number, run?: () => void): StepOf<string, string> => ({
  id: `step ${x}`,
  seconds: 1,
  run: async () => {
    run?.();
    return { rows: [{ file: 'models/memory', cells: { x } }], logs: [] };
  },
});

const runOf = (store: Store, steps: StepOf<string, string>[], said: string[] = []) =>
  runSteps({
    ...{ store, steps, clientCpus: null, say: (line: string) => said.push(line) },
    ...{ benchOf: () => 'bench', environment: () => ({ mode: 'quick' }) },
  });

t.test('stopped by a signal, and gone on with where it was', async (t) => {
  const folder = join(t.testdir(), 'results');
  const open = () => new Store(folder, 'plan', 'quick', false, columns);
  const said: string[] = [];
  const steps = [step(1), step(2, () => process.emit('SIGTERM')), step(3)];
  t.equal(await runOf(open(), steps, said), false);
  t.match(said, [/stopped; 1 of 3 steps are kept in .*\. The same command goes on\./]);
  const started = startedAt(open());
  const store = open();
  t.equal(await runOf(store, [step(1), step(2), step(3)], said), true);
  t.equal(said[1], 'going on: 1 of 3 steps were done before');
  t.equal(startedAt(store), started, 'the first start counts');
  store.finish({});
  t.equal(
    readFileSync(join(folder, 'models/memory.csv'), 'utf8'),
    'x,order,mode\n1,1,quick\n2,2,quick\n3,3,quick\n',
  );
});

t.test('what a step throws is thrown, and what was done before is there', async (t) => {
  const store = new Store(join(t.testdir(), 'results'), 'plan', 'quick', false, columns);
  const broken = step(2, () => {
    throw new Error('broken');
  });
  await t.rejects(runOf(store, [step(1), broken]), /broken/);
  t.match(readFileSync(join(store.partial, 'models/memory.csv'), 'utf8'), '1,1,quick');
});
