// Calls of one turn of the event loop, run in its own thread: with real models, by a Runner that runs all in place.
import t from 'tap';
import { testEngine, testModel } from '../testing/app.ts';
import { MeteredRunner, outcomes, TestClient } from '../testing/runs.ts';
import { PREDICT } from './runner.ts';

const celsius = await testModel(t);
const inTurns = { place: 'loop' } as const;
const noCallsLeft = () => t.equal(testEngine().calls, 0, 'no call is left behind');
t.afterEach(noCallsLeft);

/** A body of celsius. */
const rows = (...instances: number[]) => ({ instances });
const times = (count: number, value: number) => new Array<number>(count).fill(value);

t.test('calls of one turn share a run, each gets its own rows', async (t) => {
  const metered = new MeteredRunner(celsius, inTurns);
  const answers = [rows(32), rows(212, -40), rows(32, 32, 212)].map((body) => metered.ask(body));
  t.equal(metered.runner.rowsWaiting, 6);
  t.same(await outcomes(answers), [
    { predictions: [0] },
    { predictions: [100, -40] },
    { predictions: [0, 0, 100] },
  ]);
  t.same(metered.runs, [6]);
  t.equal(metered.runner.rowsWaiting, 0);
  t.same(await metered.all([rows(212)]), [{ predictions: [100] }], 'one alone');
  t.same(metered.runs, [6, 1]);
});

t.test('both formats, and a format of an API, share a run', async (t) => {
  const metered = new MeteredRunner(celsius, inTurns);
  const signature = celsius.signatures.get('serving_default')?.index ?? -1;
  const format = metered.runner.addField(signature, 'f', '{"c":', ',"by":"me"}');
  const client = new TestClient();
  const answers = [
    metered.ask(rows(32)),
    metered.ask({ inputs: { fahrenheit: [212, 32] } }),
    metered.runner.answer(format, Buffer.from('{"f":212}'), client),
    metered.runner.answer(format, Buffer.from('{"f":[212]}'), client),
  ];
  t.same((await Promise.all(answers)).map(String), [
    '{"predictions":[0]}',
    '{"outputs":[100,0]}',
    '{"c":100,"by":"me"}',
    '{"c":[100],"by":"me"}',
  ]);
  t.same(metered.runs, [5]);
});

t.test('all dtypes and several inputs are laid end to end', async (t) => {
  const metered = new MeteredRunner(await testModel(t, 'types'), inTurns);
  const row = (n: number) => ({
    ...{ real: n / 2, int: n, long: n * 2 ** 40, flag: n % 2 === 0, text: `of more than 22 bytes, no. ${n}` },
  });
  const answer = (n: number) => ({
    doubled: n,
    greeting: `Hello, of more than 22 bytes, no. ${n}!`,
    int_next: n + 1,
    length: Buffer.byteLength(row(n).text),
    long_next: n * 2 ** 40 + 1,
    negated: n % 2 !== 0,
    row: [n / 2, n],
    text_bytes: { b64: Buffer.from(row(n).text).toString('base64') },
  });
  t.same(await metered.all([[1], [2, 3], [4]].map((each) => ({ instances: each.map(row) }))), [
    { predictions: [1].map(answer) },
    { predictions: [2, 3].map(answer) },
    { predictions: [4].map(answer) },
  ]);
  t.same(metered.runs, [4]);
});

t.test('what cannot share a run does not', async (t) => {
  const scalar = { signature_name: 'scalar', inputs: 1 };
  const cube = (...sizes: [number, number, number]) => {
    const [a, b, c] = sizes;
    const inputs = Array.from({ length: a }, () => Array.from({ length: b }, () => times(c, 1)));
    return { signature_name: 'cube', inputs };
  };
  const both = (a: number[], b: number[]) => ({ signature_name: 'combine', inputs: { a, b } });
  for (const { why, model, bodies, runs, enabled = true } of [
    { why: 'scalars', model: 'ranks', bodies: [scalar, scalar], runs: [1, 1] },
    {
      why: 'inner shapes',
      model: 'ranks',
      bodies: [cube(1, 2, 3), cube(2, 2, 4), cube(1, 2, 3)],
      runs: [2, 2],
    },
    {
      why: 'signatures',
      model: 'ranks',
      bodies: [{ inputs: [1] }, { signature_name: 'total', inputs: [1] }, { inputs: [2] }],
      runs: [2, 1],
    },
    {
      why: 'inputs of different rows',
      model: 'signatures',
      bodies: [both([1, 2], [1]), both([1], [1, 2])],
      runs: [1, 1],
    },
    { why: 'no rows', model: 'ranks', bodies: [{ inputs: [] }, { inputs: [] }], runs: [1, 1] },
    {
      why: 'anything where it is off',
      model: 'ranks',
      bodies: [{ inputs: [1] }, { inputs: [2] }],
      runs: [1, 1],
      enabled: false,
    },
  ]) {
    const metered = new MeteredRunner(await testModel(t, model), { ...inTurns, batching: { enabled } });
    const answers = await metered.all(bodies);
    t.ok(
      answers.every((answer) => typeof answer === 'object'),
      `${why}: answered`,
    );
    t.same(metered.runs, runs, `${why}: runs`);
  }
});

t.test('no more rows in a run than allowed', async (t) => {
  for (const { sizes, runs } of [
    { sizes: [4, 4, 2, 1], runs: [8, 3] },
    { sizes: [1, 1, 9, 1, 1], runs: [2, 9, 2] },
    { sizes: [20], runs: [20] },
    { sizes: [8, 8], runs: [8, 8] },
    { sizes: [3, 3, 3, 3], runs: [6, 6] },
  ]) {
    const metered = new MeteredRunner(celsius, { ...inTurns, batching: { maxRows: 8 } });
    const answers = await metered.all(sizes.map((size, i) => rows(...times(size, 32 + i * 9))));
    t.same(
      answers,
      sizes.map((size, i) => ({ predictions: times(size, i * 5) })),
      `${sizes}: the answers`,
    );
    t.same(metered.runs, runs, `${sizes}: the runs`);
  }
});

t.test('a bad row fails its own call alone', async (t) => {
  const metered = new MeteredRunner(await testModel(t, 'failing'), inTurns);
  const root = (x: number) => ({ signature_name: 'root', instances: [x] });
  const [first, bad, last] = await metered.all([root(4), root(-1), root(9)]);
  t.same([first, last], [{ predictions: [2] }, { predictions: [3] }]);
  t.match(bad, /^INVALID_ARGUMENT: .*x must not be negative/s);
  t.same(metered.runs, [1, 1, 1], 'each alone, after the run together failed');
  t.match(await metered.all([root(-1)]), [/^INVALID_ARGUMENT: /], 'alone, too');
});

t.test('a body that cannot be read fails at once, and its neighbours do not', async (t) => {
  const metered = new MeteredRunner(celsius, inTurns);
  const answers = await metered.all([rows(32), '{"instances":[1,]}', { instances: ['1'] }, rows(212)]);
  t.match(answers, [
    { predictions: [0] },
    /^INVALID_ARGUMENT: .* at byte 16/,
    /^INVALID_ARGUMENT: instances/,
    { predictions: [100] },
  ]);
  t.same(metered.runs, [2]);
});

t.test('a model that is not row-wise answers each call by itself', async (t) => {
  const metered = new MeteredRunner(await testModel(t, 'ranks'), inTurns);
  const of = (signature_name: string, ...inputs: number[]) => ({ signature_name, inputs });
  t.same(await metered.all([of('total', 1, 2), of('total', 3, 4)]), [{ outputs: 3 }, { outputs: 7 }]);
  t.same(await metered.all([of('uneven', 1), of('uneven', 2)]), [
    { outputs: { once: [1], twice: [1, 1] } },
    { outputs: { once: [2], twice: [2, 2] } },
  ]);
});

t.test('calls whose clients have gone are not run', async (t) => {
  const metered = new MeteredRunner(celsius, inTurns);
  const leaving = new TestClient();
  const left = metered.ask(rows(1, 2, 3), leaving);
  const stays = metered.ask(rows(212));
  leaving.leave();
  t.match(await outcomes([left, stays]), [/^CANCELLED: /, { predictions: [100] }]);
  t.same(metered.runs, [1]);
  t.equal(metered.meter.drops.gone, 1);
  t.match(await outcomes([metered.ask(rows(1), leaving)]), [/^CANCELLED: /]);
  t.same(metered.runs, [1], 'nothing at all is run where all have gone');
  t.equal(metered.meter.drops.gone, 2);
  t.equal(metered.runner.rowsWaiting, 0);
});

t.test('while turns have few calls, those are run at once', async (t) => {
  const metered = new MeteredRunner(celsius, inTurns);
  const body = Buffer.from('{"instances":[212]}');
  for (const { calls, atOnce, later, why } of [
    { calls: 1, atOnce: 0, later: [1], why: 'nothing is known before the first turn' },
    { calls: 1, atOnce: 1, later: [], why: 'one after one' },
    { calls: 4, atOnce: 4, later: [], why: 'four after one' },
    { calls: 6, atOnce: 4, later: [2], why: 'many after few: the first of them' },
    { calls: 6, atOnce: 0, later: [6], why: 'many after many' },
    { calls: 1, atOnce: 0, later: [1], why: 'one after many' },
    { calls: 1, atOnce: 1, later: [], why: 'and few again' },
  ]) {
    metered.runs.length = 0;
    const client = new TestClient();
    const answers = Array.from({ length: calls }, () => metered.runner.answer(PREDICT, body, client));
    t.equal(answers.filter((answer) => typeof answer === 'string').length, atOnce, why);
    t.equal(metered.runner.rowsWaiting, calls - atOnce, `${why}: waiting`);
    await new Promise(setImmediate);
    t.same(metered.runs, [...times(atOnce, 1), ...later], `${why}: runs`);
    t.same(await Promise.all(answers), new Array(calls).fill('{"predictions":[100]}'), why);
  }
});
