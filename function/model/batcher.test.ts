import t from 'tap';
import { invalidArgument, RequestError } from '../errors.ts';
import { celsiusSignature, fakeModel, toCelsius, vector } from '../testing/app.ts';
import { Batcher, type BatcherOptions, type Call } from './batcher.ts';
import type { Model } from './saved-model.ts';
import type { Tensor } from './tensor.ts';

const HERE = { gone: () => false };

/** A batcher, and the rows of each run that it told of. */
function batcherOf(
  model: Model,
  options: Partial<BatcherOptions> = {},
): { batcher: Batcher; runs: number[] } {
  const runs: number[] = [];
  const batcher = new Batcher(model, {
    enabled: true,
    maxBatchRows: 4096,
    maxQueueRows: 65536,
    onRun: (rows) => runs.push(rows),
    ...options,
  });
  return { batcher, runs };
}

const call = (...inputs: Tensor[]): Call => ({ signature: celsiusSignature(), inputs, client: HERE });
/** As a route takes it: an answer at once and one later, a throw and a rejection are the same. */
const run = async (batcher: Batcher, one: Call): Promise<Tensor[]> => batcher.run(one);
const settled = (calls: readonly Promise<Tensor[]>[]) => Promise.allSettled(calls);

/** What each call got: its outputs' elements, or why not. */
async function results(calls: readonly Promise<Tensor[]>[]): Promise<unknown[]> {
  return (await settled(calls)).map((one) =>
    one.status === 'fulfilled'
      ? one.value.map(({ data }) => Array.from(data as Float32Array))
      : String(one.reason),
  );
}

t.test('calls of one turn share a run, each gets its own rows', async (t) => {
  const { batcher, runs } = batcherOf(fakeModel());
  const calls = [vector(32), vector(212, -40), vector(32, 32, 212)].map((input) => run(batcher, call(input)));
  t.equal(batcher.rowsWaiting, 6);
  t.same(await results(calls), [[[0]], [[100, -40]], [[0, 0, 100]]]);
  t.same(runs, [6]);
  t.equal(batcher.rowsWaiting, 0);
  t.same(await results([run(batcher, call(vector(212)))]), [[[100]]], 'one alone');
  t.same(runs, [6, 1]);
});

t.test('all dtypes and several inputs are laid end to end', async (t) => {
  const model = fakeModel((_signature, inputs) => [...inputs]);
  const { batcher, runs } = batcherOf(model);
  const inputs: readonly Tensor[][] = [1, 2].map((n) => [
    { dtype: 'DT_FLOAT', shape: [n, 2], data: new Float32Array(n * 2).fill(n) },
    { dtype: 'DT_INT64', shape: [n], data: new BigInt64Array(n).fill(2n ** 60n + BigInt(n)) },
    { dtype: 'DT_STRING', shape: [n], data: Array.from({ length: n }, (_, i) => Buffer.from(`${n}.${i}`)) },
    { dtype: 'DT_BOOL', shape: [n, 1], data: new Uint8Array(n).fill(1) },
    { dtype: 'DT_INT32', shape: [n, 0], data: new Int32Array(0) },
  ]);
  const signature = { ...celsiusSignature(), inputs: new Array(5).fill(celsiusSignature().inputs[0]) };
  t.same(await Promise.all(inputs.map((one) => run(batcher, { ...call(...one), signature }))), inputs);
  t.same(runs, [3]);
});

t.test('what cannot share a run does not', async (t) => {
  const scalar: Tensor = { dtype: 'DT_FLOAT', shape: [], data: Float32Array.of(212) };
  const matrix: Tensor = { dtype: 'DT_FLOAT', shape: [2, 2], data: Float32Array.of(32, 32, 212, 212) };
  const wide: Tensor = { dtype: 'DT_FLOAT', shape: [1, 3], data: Float32Array.of(32, 32, 32) };
  const other: Call = { ...call(vector(212)), signature: celsiusSignature('other') };
  for (const { name, calls, runs: wanted, enabled = true } of [
    {
      name: 'scalars',
      calls: [call(scalar), call(scalar)],
      runs: [
        [1, 1],
        [1, 1],
      ],
    },
    { name: 'shapes of another rank', calls: [call(vector(1, 2)), call(matrix)], runs: [2, 2] },
    { name: 'shapes of another width', calls: [call(matrix), call(wide), call(matrix)], runs: [4, 1] },
    { name: 'signatures', calls: [call(vector(1)), other, other], runs: [1, 2] },
    { name: 'inputs of different rows', calls: [call(vector(1, 2), vector(1))], runs: [1] },
    { name: 'no rows', calls: [call(vector())], runs: [1] },
    {
      name: 'anything where it is off',
      calls: [call(vector(1)), call(vector(2))],
      runs: [1, 1],
      enabled: false,
    },
  ]) {
    const { batcher, runs } = batcherOf(fakeModel(), { enabled });
    const outcomes = await settled(calls.map((one) => run(batcher, one)));
    t.same(
      outcomes.map((outcome) => outcome.status),
      calls.map(() => 'fulfilled'),
      name,
    );
    t.same(runs, wanted.flat().slice(0, runs.length), `${name}: runs`);
  }
});

t.test('no more rows in a run than allowed', async (t) => {
  for (const { sizes, runs: wanted } of [
    { sizes: [4, 4, 2, 1], runs: [8, 3] },
    { sizes: [1, 1, 9, 1, 1], runs: [2, 9, 2] },
    { sizes: [20], runs: [20] },
    { sizes: [8, 8], runs: [8, 8] },
    { sizes: [3, 3, 3, 3], runs: [6, 6] },
  ]) {
    const { batcher, runs } = batcherOf(fakeModel(), { maxBatchRows: 8 });
    const calls = sizes.map((size, i) =>
      run(batcher, call(vector(...new Array<number>(size).fill(32 + i * 9)))),
    );
    const wantedRows = sizes.map((size, i) => [new Array<number>(size).fill(i * 5)]);
    t.same(await results(calls), wantedRows, `${sizes}: the answers`);
    t.same(runs, wanted, `${sizes}: the runs`);
  }
});

t.test('a full queue refuses with Retry-After', async (t) => {
  const { batcher, runs } = batcherOf(fakeModel(), { maxQueueRows: 4 });
  const fits = [run(batcher, call(vector(32, 32))), run(batcher, call(vector(32, 32)))];
  const refused = await settled([run(batcher, call(vector(1)))]);
  t.match(refused, [
    { reason: { code: 'UNAVAILABLE', retryAfterSeconds: 1, message: /4 rows are waiting/ } },
  ]);
  t.same(await results(fits), [[[0, 0]], [[0, 0]]], 'those before it are answered');
  t.same(runs, [4]);
  const large = run(batcher, call(vector(32, 32, 32, 32, 32)));
  t.same(
    await results([large]),
    [[[0, 0, 0, 0, 0]]],
    'one larger than the queue is served where nothing waits',
  );
  t.same(await results([run(batcher, call(vector(32)))]), [[[0]]], 'and the queue has room again');
});

t.test('a bad row fails its own call alone', async (t) => {
  const model = fakeModel((_signature, inputs) => {
    if (inputs.some(({ data }) => Number.isNaN(data[0]) || Array.from(data as Float32Array).includes(-1))) {
      throw invalidArgument('the graph refuses -1');
    }
    return inputs.map(toCelsius);
  });
  const { batcher } = batcherOf(model);
  const calls = [vector(32), vector(-1), vector(212)].map((input) => run(batcher, call(input)));
  t.same(await results(calls), [[[0]], 'RequestError: the graph refuses -1', [[100]]]);
  t.match(await settled([run(batcher, call(vector(-1)))]), [{ reason: RequestError }], 'alone, too');
});

t.test('a model that is not row-wise answers each call by itself', async (t) => {
  const model = fakeModel((_signature, inputs) =>
    inputs.map(({ data }) => vector(Array.from(data as Float32Array).reduce((a, b) => a + b, 0))),
  );
  const { batcher } = batcherOf(model);
  t.same(await results([vector(1, 2), vector(3, 4)].map((input) => run(batcher, call(input)))), [
    [[3]],
    [[7]],
  ]);
  const scalar = fakeModel(() => [{ dtype: 'DT_FLOAT', shape: [], data: Float32Array.of(5) }]);
  const other = batcherOf(scalar).batcher;
  t.same(await results([vector(1), vector(2)].map((input) => run(other, call(input)))), [[[5]], [[5]]]);
});

t.test('calls whose client has gone are not run', async (t) => {
  const { batcher, runs } = batcherOf(fakeModel());
  let there = true;
  const leaving = { ...call(vector(1, 2, 3)), client: { gone: () => !there } };
  let answered = false;
  run(batcher, leaving).finally(() => {
    answered = true;
  });
  const stays = run(batcher, call(vector(212)));
  there = false;
  t.same(await results([stays]), [[[100]]]);
  t.same(runs, [1]);
  t.equal(answered, false);
  run(batcher, leaving);
  await new Promise(setImmediate);
  t.same(runs, [1], 'nothing at all is run where all have gone');
  t.equal(batcher.rowsWaiting, 0);
});

t.test('while turns have few calls, those are run at once', async (t) => {
  const { batcher, runs } = batcherOf(fakeModel());
  const one = call(vector(212));
  const turn = () => new Promise(setImmediate);
  for (const { calls, atOnce, later, why } of [
    { calls: 1, atOnce: 0, later: [1], why: 'nothing is known before the first turn' },
    { calls: 1, atOnce: 1, later: [], why: 'one after one' },
    { calls: 4, atOnce: 4, later: [], why: 'four after one' },
    { calls: 6, atOnce: 4, later: [2], why: 'many after few: the first of them' },
    { calls: 6, atOnce: 0, later: [6], why: 'many after many' },
    { calls: 1, atOnce: 0, later: [1], why: 'one after many' },
    { calls: 1, atOnce: 1, later: [], why: 'and few again' },
  ]) {
    runs.length = 0;
    const answers = Array.from({ length: calls }, () => batcher.run(one));
    t.equal(answers.filter((answer) => Array.isArray(answer)).length, atOnce, why);
    t.equal(batcher.rowsWaiting, calls - atOnce, `${why}: waiting`);
    await turn();
    t.same(runs, [...new Array<number>(atOnce).fill(1), ...later], `${why}: runs`);
    t.same(await results(answers.map(async (answer) => answer)), new Array(calls).fill([[100]]), why);
  }
});
