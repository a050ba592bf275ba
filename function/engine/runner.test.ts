// Calls on the pool, with real models. Where order matters the scheduler has one thread, so that of all calls of one turn
// the first runs and the others wait.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { RequestError } from '../errors.ts';
import type { OutputTensor } from '../native/raw-engine.ts';
import { testApp, testEngine, testModel, testRunner } from '../testing/app.ts';
import { MeteredRunner, outcomes, TestClient } from '../testing/runs.ts';
import { PREDICT } from './runner.ts';
import { Scheduler } from './scheduler.ts';

const celsius = await testModel(t);
const slow = await testModel(t, 'slow');
const noCallsLeft = () => t.equal(testEngine().calls, 0, 'no call is left behind');
t.afterEach(noCallsLeft);

const onPool = { place: 'pool' } as const;
const oneByOne = () => ({ ...onPool, scheduler: new Scheduler(1), batching: { enabled: false } });

const rows = (...instances: number[]) => ({ instances });
const times = (count: number, value: number) => new Array<number>(count).fill(value);
/** Takes some 0.1 ms a product. */
const slowly = (products: number) => ({ inputs: { x: [1], products: [products] } });

/** Resolves when nothing is under way any more, also what nobody waits for. */
async function ended({ runner }: MeteredRunner): Promise<void> {
  while (runner.callsUnderWay > 0) await sleep(1);
}

t.test('calls are answered, and seen', async (t) => {
  const metered = new MeteredRunner(celsius, { ...onPool, batching: { enabled: false } });
  const { runner, meter } = metered;
  const answers = [rows(32), rows(212, -40), rows(), { inputs: [] }].map((body) => metered.ask(body));
  t.equal(runner.callsUnderWay, 3, 'one of them cannot be read');
  t.match(await outcomes(answers), [
    { predictions: [0] },
    { predictions: [100, -40] },
    /^INVALID_ARGUMENT: instances: the list is empty/,
    { outputs: [] },
  ]);
  t.same([...metered.runs].sort(), [1, 1, 2]);
  t.equal(meter.queue.count, 3);
  t.equal(meter.run.count, 3);
  t.ok(meter.run.sum > 0);
  t.equal(runner.callsUnderWay, 0);
  t.equal(runner.rowsWaiting, 0);
});

t.test('first come, first served', async (t) => {
  const metered = new MeteredRunner(celsius, oneByOne());
  const order: number[] = [];
  const answers = [5, 3, 4, 1, 2].map((size) =>
    metered.ask(rows(...times(size, 32))).then(() => order.push(size)),
  );
  t.equal(metered.runner.rowsWaiting, 10, 'the first one runs');
  await Promise.all(answers);
  t.same(metered.runs, [5, 3, 4, 1, 2]);
  t.same(order, [5, 3, 4, 1, 2]);
});

t.test('short calls do not wait for long ones', async (t) => {
  const options = { ...onPool, scheduler: new Scheduler(2), batching: { enabled: false } };
  const [long, short] = [new MeteredRunner(slow, options), new MeteredRunner(celsius, options)];
  for (let run = 0; run < 3; run++) await short.ask(rows(32)); // it is known to be short
  const order: string[] = [];
  const said = (name: string, answer: Promise<unknown>) => answer.then(() => order.push(name));
  await Promise.all([
    said('long', long.ask(slowly(3000))),
    said('long', long.ask(slowly(3000))),
    said('short', short.ask(rows(32))),
    said('short', short.ask(rows(212))),
  ]);
  t.same(order, ['short', 'short', 'long', 'long'], 'of another model, though both threads are busy');
  let answered = 0;
  const greedy = (async () => {
    while (answered < 40) await long.ask(slowly(300));
  })();
  const small = Array.from({ length: 8 }, async () => {
    for (let call = 0; call < 5; call++, answered++) await long.ask(slowly(1));
  });
  await Promise.all([...small, greedy]);
  t.equal(answered, 40, 'nor of the same model, where one client has long ones without an end');
});

t.test('what waits is merged', async (t) => {
  for (const { why, sizes, batching, runs } of [
    {
      why: 'at once where there are rows for a whole run',
      sizes: times(8, 1),
      batching: { timeout_ms: 60_000, maxRows: 4 },
      runs: [4, 4],
    },
    {
      why: 'when its time has come',
      sizes: [1, 2, 1],
      batching: { timeout_ms: 50, maxRows: 100 },
      runs: [4],
    },
    {
      why: 'a larger call runs alone',
      sizes: [3, 9, 1],
      batching: { timeout_ms: 2, maxRows: 4 },
      runs: [3, 9, 1],
    },
    {
      why: 'with as many rows as a model wants',
      sizes: [1, 2],
      batching: { timeout_ms: 2, maxRows: 4, padded: () => 8 },
      runs: [3],
    },
    {
      why: 'one call alone, too',
      sizes: [3],
      batching: { maxRows: 4, padded: (count: number) => count + 5 },
      runs: [3],
    },
  ]) {
    const metered = new MeteredRunner(celsius, { ...onPool, scheduler: new Scheduler(1), batching });
    const answers = await metered.all(sizes.map((size, i) => rows(...times(size, 32 + i * 9))));
    t.same(
      answers,
      sizes.map((size, i) => ({ predictions: times(size, i * 5) })),
      `${why}: the answers`,
    );
    t.same(metered.runs, runs, `${why}: the runs`);
  }
});

t.test('merged by what runs cost: whatever that is, each gets its own rows', async (t) => {
  const metered = new MeteredRunner(celsius, {
    ...onPool,
    scheduler: new Scheduler(1),
    batching: { maxRows: 8 },
  });
  for (let round = 0; round < 20; round++) {
    const sizes = Array.from({ length: 20 }, (_, i) => 1 + ((i + round) % 3));
    const answers = await metered.all(sizes.map((size, i) => rows(...times(size, 32 + i * 9))));
    t.same(
      answers,
      sizes.map((size, i) => ({ predictions: times(size, i * 5) })),
    );
  }
  t.ok(Math.max(...metered.runs) <= 8);
  t.equal(
    metered.runs.reduce((sum, run) => sum + run, 0),
    800,
  );
});

t.test('what cannot share a run does not', async (t) => {
  const batching = { timeout_ms: 2, maxRows: 100 };
  const of = (signature_name: string, ...inputs: number[]) => ({ signature_name, inputs });
  for (const { why, model, bodies, answers } of [
    {
      why: 'a bad row',
      model: 'failing',
      bodies: [of('root', 4), of('root', -1), of('root', 9)],
      answers: [{ outputs: [2] }, /^INVALID_ARGUMENT: .*x must not be negative/s, { outputs: [3] }],
    },
    {
      why: 'outputs without rows',
      model: 'ranks',
      bodies: [of('total', 1, 2), of('total', 3, 4)],
      answers: [{ outputs: 3 }, { outputs: 7 }],
    },
    {
      why: 'outputs of other rows',
      model: 'ranks',
      bodies: [of('uneven', 1), of('uneven', 2)],
      answers: [{ outputs: { once: [1], twice: [1, 1] } }, { outputs: { once: [2], twice: [2, 2] } }],
    },
    {
      why: 'signatures',
      model: 'ranks',
      bodies: [{ inputs: [1] }, of('total', 1), { inputs: [2] }, { signature_name: 'scalar', inputs: 1 }],
      answers: [{ outputs: [2] }, { outputs: 1 }, { outputs: [3] }, { outputs: 2 }],
    },
  ]) {
    const metered = new MeteredRunner(await testModel(t, model), {
      ...onPool,
      scheduler: new Scheduler(1),
      batching,
    });
    t.match(await metered.all(bodies), answers, why);
  }
});

t.test('a full queue refuses, and has room again', async (t) => {
  for (const { why, limits, message } of [
    { why: 'rows', limits: { maxRows: 4, maxBytes: 1 << 20 }, message: /^4 rows are waiting, at most 4 may/ },
    { why: 'bytes', limits: { maxRows: 100, maxBytes: 16 }, message: /^16 bytes are waiting/ },
  ]) {
    const metered = new MeteredRunner(celsius, { ...oneByOne(), limits });
    const fit = [rows(32), rows(32, 32), rows(32, 32)].map((body) => metered.ask(body));
    await t.rejects(metered.ask(rows(32)), { code: 'UNAVAILABLE', retryAfterSeconds: 1, message }, why);
    t.equal(metered.meter.drops.full, 1);
    t.same(await outcomes(fit), [{ predictions: [0] }, { predictions: [0, 0] }, { predictions: [0, 0] }]);
    t.same(await metered.all([rows(...times(5, 32))]), [{ predictions: times(5, 0) }], 'a larger one alone');
  }
});

t.test('over HTTP it is 503 with Retry-After', async (t) => {
  const runner = testRunner(celsius, { ...oneByOne(), limits: { maxRows: 1, maxBytes: 1 << 20 } });
  const { app } = testApp(celsius, { runner });
  const ask = () =>
    app.fetch(new Request('http://localhost/celsius', { method: 'POST', body: '{"fahrenheit":212}' }));
  const replies = await Promise.all([ask(), ask(), ask()]);
  t.same(
    replies.map(({ status, headers }) => `${status} ${headers.get('retry-after')}`),
    ['200 null', '200 null', '503 1'],
  );
  t.equal(app.inFlight, 0);
});

t.test('a client that has gone makes room in a full queue', async (t) => {
  const metered = new MeteredRunner(celsius, { ...oneByOne(), limits: { maxRows: 1, maxBytes: 1 << 20 } });
  const leaving = new TestClient();
  const answers = [metered.ask(rows(32)), metered.ask(rows(32), leaving)];
  leaving.leave();
  answers.push(metered.ask(rows(212)));
  t.match(await outcomes(answers), [{ predictions: [0] }, /^CANCELLED: /, { predictions: [100] }]);
  t.same(metered.runs, [1, 1]);
  t.same(metered.meter.drops, { gone: 1, deadline: 0, full: 0 });
});

t.test('clients that leave', async (t) => {
  const metered = new MeteredRunner(slow, oneByOne());
  const [running, waiting] = [new TestClient(), new TestClient()];
  const answers = [
    metered.ask(slowly(20), running),
    metered.ask(slowly(1), waiting),
    metered.ask(slowly(2)),
    metered.ask(slowly(3), waiting),
  ];
  running.leave();
  waiting.leave();
  t.match(await outcomes(answers), [/^CANCELLED: /, /^CANCELLED: /, { outputs: [2] }, /^CANCELLED: /]);
  t.equal(metered.runs.length, 2, 'those that waited were not run');
  t.equal(metered.meter.drops.gone, 2);
});

t.test('deadlines', async (t) => {
  const metered = new MeteredRunner(slow, oneByOne());
  const { meter } = metered;
  await t.rejects(
    metered.ask(slowly(1), new TestClient(performance.now())),
    { name: 'RequestError', code: 'DEADLINE_EXCEEDED', message: /REQUEST_DEADLINE_MS/ },
    'one that has passed',
  );
  t.same(metered.runs, [], 'costs no run');
  t.equal(meter.drops.deadline, 1);

  const order: string[] = [];
  const said = (name: string, answer: Promise<string>) =>
    answer.then(
      () => order.push(name),
      ({ code }: RequestError) => order.push(`${name} ${code}`),
    );
  const soon = () => new TestClient(performance.now() + 2);
  const all = [
    said('first', metered.ask(slowly(3000))),
    said('waits', metered.ask(slowly(1), soon())),
    said('last', metered.ask(slowly(1))),
  ];
  await Promise.all(all);
  t.same(order, ['waits DEADLINE_EXCEEDED', 'first', 'last'], 'of a call that waits');
  t.equal(metered.runs.length, 2);
  t.equal(meter.drops.deadline, 2);

  await t.rejects(metered.ask(slowly(12_000), soon()), { code: 'DEADLINE_EXCEEDED' }, 'of a call that runs');
  t.equal(metered.runner.callsUnderWay, 1, 'which cannot be stopped');
  t.equal(meter.drops.deadline, 3);
  await ended(metered);
  t.equal(metered.runs.length, 3);

  const patient = new TestClient(performance.now() + 600_000);
  t.same(await outcomes([metered.ask(slowly(1), patient)]), [{ outputs: [2] }], 'one that is far away');
});

t.test('by itself: in place what is known to be short, on the pool all else', async (t) => {
  const isAtOnce = async ({ runner }: MeteredRunner, body: object): Promise<boolean> => {
    const answer = runner.answer(PREDICT, Buffer.from(JSON.stringify(body)), new TestClient());
    await answer;
    return typeof answer === 'string';
  };
  const options = { place: 'auto', batching: { enabled: false } } as const;
  const quick = new MeteredRunner(celsius, options);
  t.equal(await isAtOnce(quick, rows(212)), false, 'what was never run is not known to be');
  const untilAtOnce = async (metered: MeteredRunner, body: object) => {
    for (let tries = 500; tries > 0; tries--) if (await isAtOnce(metered, body)) return true;
    return false;
  };
  t.equal(await untilAtOnce(quick, rows(212)), true, 'short runs are learned');
  t.equal(await isAtOnce(quick, rows(...times(5000, 212))), false, 'but not of so many rows');
  const long = new MeteredRunner(slow, options);
  for (let run = 0; run < 8; run++) t.equal(await isAtOnce(long, slowly(100)), false, 'long ones are, too');
  const either = new MeteredRunner(slow, options);
  t.equal(await untilAtOnce(either, slowly(0)), true);
  const inPlace = [];
  for (let run = 0; run < 8; run++) inPlace.push(await isAtOnce(either, slowly(200)));
  t.same(inPlace.slice(1), new Array(7).fill(false), 'a run that turns out to be long stalls the loop once');
  const failing = new MeteredRunner(await testModel(t, 'failing'), options);
  for (let run = 0; run < 8; run++)
    await failing.ask({ signature_name: 'root', instances: [-1] }).catch(() => {});
  t.equal(
    await isAtOnce(failing, { signature_name: 'root', instances: [4] }),
    false,
    'runs that fail tell nothing',
  );
});

t.test('large bodies are read on the pool', async (t) => {
  const metered = new MeteredRunner(celsius, { place: 'loop', batching: { enabled: false } });
  const many = times(30_000, 212);
  const body = JSON.stringify(rows(...many));
  t.same(await outcomes([metered.ask(body)]), [{ predictions: times(30_000, 100) }]);
  t.equal(metered.meter.parse.count, 1);
  t.same(metered.runs, [30_000]);
  t.match(await outcomes([metered.ask(body.replace(/212]}$/, '"212"]}')), metered.ask(`${body}}`)]), [
    /^INVALID_ARGUMENT: instances.*29999/,
    /^INVALID_ARGUMENT: .* at byte \d+/,
  ]);
  t.equal(metered.meter.parse.count, 3);

  const leaving = new TestClient();
  const left = metered.ask(body, leaving);
  t.equal(metered.runner.callsUnderWay, 1);
  leaving.leave();
  t.match(await outcomes([left]), [/^CANCELLED: /], 'a client that leaves meanwhile');

  const onThePool = new MeteredRunner(celsius, onPool);
  const late = onThePool.ask(body, new TestClient(performance.now()));
  t.match(await outcomes([late]), [/^DEADLINE_EXCEEDED: /], 'a deadline that passes meanwhile');
  await ended(onThePool);
  t.same([...metered.runs, ...onThePool.runs], [30_000], 'neither costs a run');
  t.same([metered.meter.drops.gone, onThePool.meter.drops.deadline], [1, 1]);
  t.same(await outcomes([onThePool.ask(body)]), [{ predictions: times(30_000, 100) }]);
});

t.test('large bodies are run by the thread that read them, where nothing waits', async (t) => {
  const options = { ...onPool, scheduler: new Scheduler(1), batching: { enabled: false } };
  const metered = new MeteredRunner(slow, options);
  const { runner, meter } = metered;
  const large = (products: number, more = '') =>
    `${JSON.stringify(slowly(products)).slice(0, -1)}${more}${' '.repeat(70_000)}}`;
  /** Whether a thread went on with the run: no queue then knows of it. */
  const isRunAtOnce = async (body: string, client?: TestClient): Promise<boolean> => {
    const answer = metered.ask(body, client);
    const isStarted = options.scheduler.busy > 0;
    await answer;
    return isStarted;
  };
  for (let run = 0; run < 2; run++) t.equal(await isRunAtOnce(large(10)), false, 'nothing is known of it');
  t.equal(await isRunAtOnce(large(10)), true);
  t.same([meter.parse.count, meter.queue.count, meter.run.count], [3, 3, 3], 'it is seen like any other');
  t.ok(meter.parse.sum > 0 && meter.run.sum > 0);

  const order: string[] = [];
  const said = (name: string, answer: Promise<unknown>) => answer.then(() => order.push(name));
  await Promise.all([
    said('first', metered.ask(slowly(20))),
    said('waits', metered.ask(slowly(1))),
    said('large', metered.ask(large(1))),
  ]);
  t.same(order, ['first', 'waits', 'large'], 'first come, first served');

  const leaving = new TestClient();
  const answers = [metered.ask(large(20), leaving), metered.ask(large(1, ',')), metered.ask(large(2))];
  leaving.leave();
  t.match(await outcomes(answers), [/^CANCELLED: /, /^INVALID_ARGUMENT: /, { outputs: [2] }]);
  t.match(await outcomes([metered.ask(large(1, ','))]), [/^INVALID_ARGUMENT: /]);
  t.equal(options.scheduler.busy, 0, 'a body that cannot be read gives the thread back');

  const soon = metered.ask(large(3000), new TestClient(performance.now() + 20));
  t.equal(options.scheduler.busy, 1);
  t.match(await outcomes([soon]), [/^DEADLINE_EXCEEDED: /]);
  t.equal(runner.callsUnderWay, 1, 'it cannot be stopped');
  await ended(metered);
  t.equal(options.scheduler.busy, 0);

  for (const other of [{ place: 'loop' }, { batching: { enabled: true } }] as const) {
    const apart = new MeteredRunner(celsius, { ...options, ...other });
    for (let run = 0; run < 3; run++) {
      const answer = apart.ask(`{"instances":[212${' '.repeat(70_000)}]}`);
      t.equal(options.scheduler.busy, 0, 'what else decides where and how comes after the reading');
      t.same(await outcomes([answer]), [{ predictions: [100] }]);
    }
  }

  const broken = new MeteredRunner(await testModel(t, 'failing'), options);
  const root = (x: number) => `{"signature_name":"root","instances":[${x}${' '.repeat(70_000)}]}`;
  for (let run = 0; run < 3; run++) await broken.ask(root(4));
  const refused = broken.ask(root(-1));
  t.equal(options.scheduler.busy, 1);
  t.match(await outcomes([refused]), [/^INVALID_ARGUMENT: .*x must not be negative/]);
  t.equal(broken.meter.failures.run, 1);
});

t.test(
  'a long call of many rows is run in parts on idle threads, where its rows are said to be independent',
  async (t) => {
    const index = celsius.signatures.get('serving_default')?.index ?? -1;
    const count = 1 << 22; // takes milliseconds
    const fahrenheit = Float32Array.from({ length: count }, (_, i) => 32 + 9 * (i % 1000));
    const inputs = [{ shape: [count], data: new Uint8Array(fahrenheit.buffer) }];
    const isRight = ({ data }: OutputTensor) =>
      Buffer.isBuffer(data) &&
      [0, 1, count / 2 - 1, count / 2, count - 1].every(
        (i) => Math.abs(data.readFloatLE(4 * i) - 5 * (i % 1000)) < 0.01,
      );
    for (const { enabled, threads, inParts } of [
      { enabled: true, threads: 2, inParts: true },
      { enabled: true, threads: 1, inParts: false },
      { enabled: false, threads: 2, inParts: false },
    ]) {
      const metered = new MeteredRunner(celsius, {
        ...onPool,
        scheduler: new Scheduler(threads),
        batching: { enabled },
      });
      let parts = 0;
      for (let run = 0; run < 6; run++) {
        const [output] = await metered.runner.run(index, inputs, new TestClient());
        if (testEngine().longestPart > 0) parts++;
        t.ok(output !== undefined && isRight(output));
      }
      t.equal(parts > 0, inParts);
      t.same(metered.runs, times(6, count));
    }
  },
);

t.test('tensors in, tensors out', async (t) => {
  const { signatures } = celsius;
  const index = signatures.get('serving_default')?.index ?? -1;
  const runner = testRunner(celsius);
  const client = new TestClient();
  const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
  const run = (shape: number[], data?: Uint8Array) =>
    runner.run(index, [data === undefined ? { shape } : { shape, data }], client);
  t.match(await run([2], floats(212, 32)), [{ dtype: 1, shape: [2], data: Buffer.from(floats(100, 0)) }]);
  t.match(await run([1]), [{ shape: [1], data: Buffer.from(floats(Math.fround(-160 / 9))) }], 'zeros');
  for (const { why, inputs } of [
    { why: 'fewer bytes than the shape says', inputs: [{ shape: [2], data: floats(1) }] },
    { why: 'more inputs than there are', inputs: [{ shape: [1] }, { shape: [1] }] },
    { why: 'none', inputs: [] },
  ])
    await t.rejects(
      runner.run(index, inputs, client),
      { name: 'RequestError', code: 'INVALID_ARGUMENT' },
      why,
    );
  const failing = await testModel(t, 'failing');
  const refuses = testRunner(failing).run(
    failing.signatures.get('root')?.index ?? -1,
    [{ shape: [1], data: floats(-1) }],
    client,
  );
  await t.rejects(refuses, { name: 'RequestError', code: 'INVALID_ARGUMENT', message: /negative/ });
});

t.test("errors have TensorFlow's codes", async (t) => {
  for (const { model, body, code, words } of [
    {
      model: 'failing',
      body: { instances: ['warm'] },
      code: 'INVALID_ARGUMENT',
      words: /could not correctly convert string: warm/,
    },
    {
      model: 'constant-strings',
      body: { instances: [3] },
      code: 'INVALID_ARGUMENT',
      words: /not in \[0, 3\)/,
    },
  ]) {
    for (const place of ['loop', 'pool'] as const) {
      const metered = new MeteredRunner(await testModel(t, model), { place });
      const error = await metered.ask(body).catch((reason: unknown) => reason);
      t.type(error, RequestError, `${model}, ${place}`);
      t.match(error, { code, message: words }, `${model}, ${place}`);
    }
  }
});
