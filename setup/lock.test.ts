import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createContext } from './context.js';
import { alone } from './lock.js';

t.test('one after the other', async (t) => {
  const lines: string[] = [];
  const context = createContext({ root: t.testdir(), say: (line) => lines.push(line) });
  const order: string[] = [];
  let finish = () => {};
  const first = alone(context, async () => {
    order.push('first starts');
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    order.push('first ends');
  });
  const second = alone(context, async () => order.push('second'));
  t.match(lines, [/waiting for another set-up to end \(process \d+\)/]);
  finish();
  await Promise.all([first, second]);
  t.strictSame(order, ['first starts', 'first ends', 'second']);
  t.notOk(existsSync(join(context.cache, 'lock')));
});

t.test('failed work gives the lock back', async (t) => {
  const context = createContext({ root: t.testdir() });
  await t.rejects(
    alone(context, async () => {
      throw new Error('no disk');
    }),
    { message: 'no disk' },
  );
  t.equal(await alone(context, async () => 'done'), 'done');
});

t.test('what a process that is gone left is taken over', async (t) => {
  const context = createContext({ root: t.testdir() });
  mkdirSync(context.cache);
  writeFileSync(join(context.cache, 'lock'), String(spawnSync('true').pid));
  t.equal(await alone(context, async () => 'done'), 'done');
});
