import t from 'tap';
import { Queue, type QueueLimits, type Waiting } from './queue.ts';

interface Named extends Waiting {
  readonly name: string;
}

const HERE = { gone: () => false, deadline: () => Number.POSITIVE_INFINITY };
const ROOMY: QueueLimits = { maxRows: 100, maxBytes: 1000 };

const call = (name: string, of: Partial<Waiting> = {}): Named => ({
  ...{ name, signature: 0, rows: 1, key: 1, bytes: 4, client: HERE },
  ...of,
});

function queueOf(calls: readonly Named[], limits = ROOMY): Queue<Named> {
  const queue = new Queue<Named>(limits);
  for (const one of calls) queue.add(one);
  return queue;
}

const names = (calls: readonly Named[]): string => calls.map(({ name }) => name).join(' ');

t.test('the first call, and those of its key behind it that fit', async (t) => {
  const rows = (name: string, count: number, key = 1) => call(name, { rows: count, key });
  for (const { why, calls, most, taken, left, shareable } of [
    { why: 'nothing', calls: [], most: 8, taken: '', left: '', shareable: 0 },
    { why: 'one', calls: [rows('a', 3)], most: 8, taken: 'a', left: '', shareable: 3 },
    {
      why: 'all of one key',
      calls: [rows('a', 3), rows('b', 3), rows('c', 2)],
      most: 8,
      taken: 'a b c',
      left: '',
      shareable: 8,
    },
    {
      why: 'no more rows than allowed, and a smaller one behind a larger one',
      calls: [rows('a', 3), rows('b', 6), rows('c', 5), rows('d', 1)],
      most: 8,
      taken: 'a c',
      left: 'b d',
      shareable: 15,
    },
    {
      why: 'a first call with more rows than allowed',
      calls: [rows('a', 9), rows('b', 1)],
      most: 8,
      taken: 'a',
      left: 'b',
      shareable: 10,
    },
    {
      why: 'other keys stay where they are',
      calls: [rows('a', 1), rows('b', 1, 2), rows('c', 1), rows('d', 1, 2)],
      most: 8,
      taken: 'a c',
      left: 'b d',
      shareable: 2,
    },
    {
      why: 'one that can only run alone',
      calls: [rows('a', 0), rows('b', 0), rows('c', 1)],
      most: 8,
      taken: 'a',
      left: 'b c',
      shareable: 0,
    },
    {
      why: 'and such a one is left alone',
      calls: [rows('a', 1), rows('b', 0), rows('c', 1)],
      most: 8,
      taken: 'a c',
      left: 'b',
      shareable: 2,
    },
    { why: 'no rows', calls: [rows('a', 1), rows('b', 1)], most: 0, taken: 'a', left: 'b', shareable: 2 },
  ]) {
    const queue = queueOf(calls);
    t.equal(queue.shareable(), shareable, `${why}: rows that could share`);
    t.equal(names(queue.take(most)), taken, `${why}: taken`);
    const rest = [];
    while (queue.first !== undefined) rest.push(...queue.take(0));
    t.equal(names(rest), left, `${why}: left, in their order`);
    t.equal(queue.rows, 0, why);
  }
});

t.test('a call is refused where it has no place', async (t) => {
  for (const { why, calls, limits = ROOMY, one, refused } of [
    { why: 'an empty queue', calls: [], one: call('x'), refused: undefined },
    {
      why: 'one larger than the queue, where nothing waits',
      calls: [],
      one: call('x', { rows: 101, bytes: 1001 }),
      refused: undefined,
    },
    { why: 'just room', calls: [call('a', { rows: 99 })], one: call('x'), refused: undefined },
    {
      why: 'too many rows',
      calls: [call('a', { rows: 99 })],
      one: call('x', { rows: 2 }),
      refused: /^99 rows are waiting, at most 100 may \(MAX_QUEUE_ROWS\); try again$/,
    },
    {
      why: 'one that can only run alone counts as one row',
      calls: [call('a', { rows: 0 }), call('b', { rows: 0 })],
      limits: { maxRows: 2, maxBytes: 1000 },
      one: call('x', { rows: 0 }),
      refused: /^2 rows are waiting/,
    },
    {
      why: 'too many bytes',
      calls: [call('a', { bytes: 600 })],
      one: call('x', { bytes: 401 }),
      refused: /^600 bytes are waiting, at most 1000 may \(MAX_QUEUE_BYTES\); try again$/,
    },
  ]) {
    const refusal = queueOf(calls, limits).refusal(one);
    if (refused === undefined) t.equal(refusal, undefined, why);
    else t.match(refusal, { code: 'UNAVAILABLE', retryAfterSeconds: 1, message: refused }, why);
  }
});

t.test('what leaves makes room', async (t) => {
  const gone = { gone: () => true, deadline: () => Number.POSITIVE_INFINITY };
  const [a, b, c] = [call('a', { rows: 40 }), call('b', { rows: 30, client: gone }), call('c', { rows: 30 })];
  const queue = queueOf([a, b, c]);
  t.equal(queue.rows, 100);
  t.match(queue.refusal(call('x')), { code: 'UNAVAILABLE' });
  t.equal(names(queue.takeGone()), 'b', 'those whose clients have gone');
  t.equal(queue.rows, 70);
  t.equal(queue.refusal(call('x')), undefined);
  t.equal(queue.remove(a), true);
  t.equal(queue.remove(a), false, 'once');
  t.equal(queue.first, c);
  t.equal(queue.rows, 30);
});
