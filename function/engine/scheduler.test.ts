import t from 'tap';
import { Scheduler, type Source } from './scheduler.ts';

/** A model with so many calls in waiting, whose runs all take the same time. */
class FakeModel implements Source {
  readonly #name: string;
  readonly #ns: number;
  readonly #log: string[];
  readonly #ends: (() => void)[] = [];
  waiting: number;

  constructor(name: string, waiting: number, ns: number, log: string[]) {
    this.#name = name;
    this.waiting = waiting;
    this.#ns = ns;
    this.#log = log;
  }

  isReady(): boolean {
    return this.waiting > 0;
  }

  start(idle: number, done: (nanoseconds: number) => void): void {
    this.waiting--;
    this.#log.push(`${this.#name}${idle}`);
    this.#ends.push(() => done(this.#ns));
  }

  /** Ends the oldest of its runs. */
  end(): void {
    this.#ends.shift()?.();
  }
}

/** Models that write the order of their runs, each with the number of threads that were idle. */
function setUp(
  threads: number,
  ...models: readonly (readonly [name: string, waiting: number, ns: number])[]
) {
  const log: string[] = [];
  const scheduler = new Scheduler(threads);
  const fakes = models.map(([name, waiting, ns]) => new FakeModel(name, waiting, ns, log));
  return { scheduler, fakes, order: () => log.join(' ') };
}

t.test('as many runs at once as there are threads, and no more', async (t) => {
  const { scheduler, fakes, order } = setUp(3, ['a', 5, 10]);
  const [a] = fakes as [FakeModel];
  t.equal(scheduler.threads, 3);
  t.equal(scheduler.busy, 0);
  scheduler.wake(a);
  t.equal(order(), 'a3 a2 a1', 'each is told how many are idle');
  t.equal(scheduler.busy, 3);
  scheduler.wake(a);
  t.equal(a.waiting, 2, 'the rest waits');
  a.end();
  t.equal(order(), 'a3 a2 a1 a1', 'a thread that is through takes the next');
  for (let run = 0; run < 4; run++) a.end();
  t.equal(scheduler.busy, 0);
  t.equal(a.waiting, 0);
});

t.test('models get the same share of the time, not of the runs', async (t) => {
  const { scheduler, fakes, order } = setUp(1, ['s', 3, 40], ['q', 20, 10]);
  const [slow, quick] = fakes as [FakeModel, FakeModel];
  scheduler.wake(slow);
  scheduler.wake(quick);
  let ended = 0;
  while (scheduler.busy > 0) {
    const runs = order().split(' ');
    (runs[ended++]?.startsWith('s') ? slow : quick).end();
  }
  // One slow run, then quick ones until they have had as much.
  t.equal(order().replaceAll('1', ''), 's q q q q s q q q q s q q q q q q q q q q q q');
});

t.test('a model that was idle has no right to what others had meanwhile', async (t) => {
  const { scheduler, fakes, order } = setUp(1, ['a', 6, 10], ['b', 0, 10]);
  const [a, b] = fakes as [FakeModel, FakeModel];
  scheduler.wake(a);
  for (let run = 0; run < 3; run++) a.end();
  b.waiting = 3;
  scheduler.wake(b);
  a.end();
  b.end();
  a.end();
  b.end();
  t.equal(order().replaceAll('1', ''), 'a a a a b a b a', 'in turns from then on');
});

t.test('nor has one whose calls have all left', async (t) => {
  const { scheduler, fakes, order } = setUp(1, ['a', 8, 10], ['b', 0, 10]);
  const [a, b] = fakes as [FakeModel, FakeModel];
  scheduler.wake(a);
  b.waiting = 1;
  scheduler.wake(b);
  b.waiting = 0; // its client has gone
  for (let run = 0; run < 4; run++) a.end();
  b.waiting = 4;
  scheduler.wake(b);
  for (const model of [a, b, a]) model.end();
  t.equal(order().replaceAll('1', ''), 'a a a a a b a b');
});

t.test('a model that is not ready keeps no thread from another', async (t) => {
  const { scheduler, fakes, order } = setUp(1, ['a', 0, 10], ['b', 1, 10]);
  const [a, b] = fakes as [FakeModel, FakeModel];
  scheduler.wake(a);
  scheduler.wake(b);
  t.equal(order(), 'b1');
  a.waiting = 1;
  scheduler.wake(a);
  b.end();
  t.equal(order(), 'b1 a1');
  a.end();
  t.equal(scheduler.busy, 0);
});

t.test('one that is removed gets nothing more', async (t) => {
  const { scheduler, fakes, order } = setUp(1, ['a', 2, 10], ['b', 1, 10]);
  const [a, b] = fakes as [FakeModel, FakeModel];
  scheduler.wake(a);
  scheduler.wake(b);
  scheduler.remove(a);
  a.end();
  t.equal(order(), 'a1 b1');
  b.end();
  t.equal(scheduler.busy, 0);
});
