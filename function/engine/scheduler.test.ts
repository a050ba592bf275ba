import t from 'tap';
import { type NextRun, Scheduler, type Source } from './scheduler.ts';

const MS = 1e6;

/** A model whose runs all take the same time. */
class FakeModel implements Source {
  readonly #name: string;
  readonly #ns: number;
  readonly #order: string[];
  readonly #ends: (() => void)[] = [];
  /** When they came. */
  #calls: number[] = [];

  constructor(name: string, ms: number, order: string[]) {
    this.#name = name;
    this.#ns = ms * MS;
    this.#order = order;
  }

  add(count: number, now: number): void {
    for (let i = 0; i < count; i++) this.#calls.push(now);
  }

  next(): NextRun | undefined {
    const [since_ms] = this.#calls;
    return since_ms === undefined ? undefined : { since_ms, expected: this.#ns };
  }

  start(idle: number, done: (nanoseconds: number) => void): void {
    this.#calls.shift();
    this.#order.push(`${this.#name}${idle}`);
    this.#ends.push(() => done(this.#ns));
  }

  /** Its clients have gone. */
  leave(): void {
    this.#calls = [];
  }

  /** Ends the oldest of its runs. */
  end(): void {
    this.#ends.shift()?.();
  }
}

/** Models that write the order of their runs, each with the number of threads that were idle. */
function setUp(threads: number, ms: Readonly<Record<string, number>>) {
  const order: string[] = [];
  const clock = { now_ms: 0 };
  const scheduler = new Scheduler(threads, () => clock.now_ms);
  const models = new Map(Object.entries(ms).map(([name, each]) => [name, new FakeModel(name, each, order)]));
  let now = 0;
  const of = (name: string): FakeModel => models.get(name) ?? (models.values().next().value as FakeModel);
  return {
    scheduler,
    clock,
    of,
    /** So many calls of a model come. */
    call: (name: string, count = 1) => {
      of(name).add(count, now++);
      scheduler.wake(of(name));
    },
    /** The oldest run of each of these ends. */
    end: (...names: string[]) => {
      for (const name of names) of(name).end();
    },
    /** Ends runs, in their order, until there are none. */
    endAll: () => {
      for (let i = order.length - scheduler.busy; scheduler.busy > 0; i++) of(order[i]?.[0] ?? '').end();
    },
    order: () => order.join(' '),
    /** Without the number of threads. */
    names: () => order.map(([name]) => name).join(' '),
  };
}

t.test('as many runs at once as there are threads, and no more', async (t) => {
  const { scheduler, call, end, endAll, order } = setUp(3, { a: 1 });
  t.equal(scheduler.threads, 3);
  t.equal(scheduler.busy, 0);
  call('a', 5);
  t.equal(order(), 'a3 a2 a1', 'each is told how many are idle');
  t.equal(scheduler.busy, 3);
  end('a');
  t.equal(order(), 'a3 a2 a1 a1', 'a thread that is through takes the next');
  endAll();
  t.equal(order(), 'a3 a2 a1 a1 a1');
  t.equal(scheduler.busy, 0);
});

t.test('first come, first served, over all models that have had about the same', async (t) => {
  const { call, endAll, names } = setUp(1, { a: 1, b: 1, c: 1 });
  call('a', 3);
  for (const name of 'bccba') call(name);
  endAll();
  t.equal(names(), 'a a a b c c b a');
});

t.test('models get the same share of the time, not of the runs', async (t) => {
  const { call, endAll, names } = setUp(1, { s: 400, q: 100 });
  call('s', 3);
  call('q', 20);
  endAll();
  // One slow run, then quick ones until they have had as much.
  t.equal(names(), 's q q q q s q q q q s q q q q q q q q q q q q');
});

t.test('models that come and go do not keep waiting one that has had its turn', async (t) => {
  const { call, end, names } = setUp(1, { a: 100, b: 100, c: 100, d: 100, e: 100 });
  call('a', 2);
  for (const name of 'bcde') call(name);
  end('a');
  for (const name of 'bcde') {
    end(name);
    call(name); // its client asks again at once
  }
  t.equal(names(), 'a b c d e a', 'it is next once each has had one');
});

t.test('what runs counts while it runs: a model with slow runs does not take each thread', async (t) => {
  const { call, end, order } = setUp(2, { q: 30, s: 90 });
  call('q');
  call('s', 9);
  t.equal(order(), 'q2 s1');
  call('q', 2);
  end('q');
  t.equal(order(), 'q2 s1 q1', 'quick ones go first, which have had less');
  end('s');
  t.equal(order(), 'q2 s1 q1 q1', 'also when a slow one has ended');
});

t.test('a short run does not wait for long ones', async (t) => {
  const { scheduler, of, call, end, order } = setUp(2, { l: 80, m: 30, s: 5, u: Number.POSITIVE_INFINITY });
  call('l', 3);
  t.equal(order(), 'l2 l1');
  call('u');
  t.equal(order(), 'l2 l1', 'one of which nothing is known waits');
  of('u').leave();
  call('m');
  t.equal(order(), 'l2 l1', 'nor does one that takes about as long run beside them');
  of('m').leave();
  call('s', 2);
  t.equal(order(), 'l2 l1 s1', 'one at a time');
  end('s');
  t.equal(order(), 'l2 l1 s1 s1');
  end('s');
  t.equal(scheduler.busy, 2, 'and nothing else takes that thread');
});

t.test('nor for runs that do not end', async (t) => {
  const { scheduler, clock, call, order } = setUp(2, { a: 5, b: 5 });
  call('a', 2);
  call('b');
  clock.now_ms = 19;
  call('b');
  t.equal(order(), 'a2 a1');
  clock.now_ms = 21;
  call('b');
  t.equal(order(), 'a2 a1 b1', 'once they have taken four times as long');
  t.equal(scheduler.busy, 2, 'both threads');
});

t.test('a model that was idle has no right to what others had meanwhile', async (t) => {
  const { call, end, names } = setUp(1, { a: 100, b: 100 });
  call('a', 6);
  end('a', 'a', 'a');
  call('b', 3);
  end('a', 'b', 'a', 'b');
  t.equal(names(), 'a a a a b a b a', 'in turns from then on');
});

t.test('nor has one whose calls have all left', async (t) => {
  const { of, call, end, names } = setUp(1, { a: 100, b: 100 });
  call('a', 8);
  call('b');
  of('b').leave();
  end('a', 'a', 'a', 'a');
  call('b', 4);
  end('a', 'b', 'a');
  t.equal(names(), 'a a a a a b a b');
});

t.test('a model that is not ready keeps no thread from another', async (t) => {
  const { scheduler, call, end, order } = setUp(1, { a: 10, b: 10 });
  call('a', 0);
  call('b');
  t.equal(order(), 'b1');
  call('a');
  end('b');
  t.equal(order(), 'b1 a1');
  end('a');
  t.equal(scheduler.busy, 0);
});

t.test('one that is removed gets nothing more', async (t) => {
  const { scheduler, of, call, end, order } = setUp(1, { a: 10, b: 10 });
  call('a', 2);
  call('b');
  scheduler.remove(of('a'));
  end('a');
  t.equal(order(), 'a1 b1');
  end('b');
  t.equal(scheduler.busy, 0);
});

t.test('a run that is come by takes an idle thread, and never before what waits', async (t) => {
  const { scheduler, of, call, end, order } = setUp(2, { a: 10, b: 10 });
  const ended = scheduler.tryStart(of('a'), 10 * MS);
  t.equal(scheduler.busy, 1);
  call('b', 2);
  t.equal(order(), 'b1', 'one thread was left');
  t.equal(scheduler.tryStart(of('a'), MS), undefined);
  ended?.(300 * MS);
  t.equal(order(), 'b1 b1', 'and goes to who waits');
  call('a');
  call('b');
  end('b');
  t.equal(order(), 'b1 b1 b1', 'it counts: its model has had more');
  end('b');
  t.equal(order(), 'b1 b1 b1 a1');
  end('b', 'a');
  t.equal(scheduler.busy, 0);
});
