import t from 'tap';
import { ColdStart } from './cold-start.ts';

t.test('phases follow each other', async (t) => {
  const coldStart = new ColdStart(20, 30);
  t.same(
    [...coldStart.seconds],
    [
      ['process', 0.02],
      ['bundle', 0.01],
    ],
  ); // prettier
  t.equal(coldStart.total, 0.03);
  coldStart.end('native', 130);
  coldStart.end('model', 150);
  t.match(
    coldStart.seconds,
    new Map([
      ['native', 0.1],
      ['model', 0.02],
    ]),
  ); // prettier
  t.equal(coldStart.total, 0.15);
  const sum = [...coldStart.seconds.values()].reduce((a, b) => a + b, 0);
  t.ok(Math.abs(sum - coldStart.total) < 1e-9, 'and make up the whole');
});
