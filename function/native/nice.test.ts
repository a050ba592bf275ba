import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { testEngine, testModel } from '../testing/app.ts';
import { PREDICT } from './engine.ts';

const native = testEngine();

/** proc(5): the nineteenth figure of stat, of which two stand before the name's bracket. */
const niceOf = (thread: string) =>
  Number(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[16]);

t.test('runs give way to the event loop, and loading to both', async (t) => {
  const { id } = await testModel(t);
  const call = native.decode(id, PREDICT, Buffer.from('{"instances":[212]}'));
  await new Promise((resolve) => native.runLater([call], 0, 1, resolve));
  t.equal(native.take(call), '{"predictions":[100]}');
  const loop = niceOf(String(process.pid));
  const more = new Set(readdirSync('/proc/self/task').map((thread) => niceOf(thread) - loop));
  t.same(
    [...more].sort((a, b) => a - b),
    [0, 5, 10].map((nice) => Math.min(nice, 19 - loop)),
  );
});
