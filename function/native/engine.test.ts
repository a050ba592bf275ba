import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SavedModel } from '../model/saved-model.ts';
import { modelFolder, testEngine, testModel } from '../testing/app.ts';
import { type Done, PREDICT } from './engine.ts';
import type { TensorBytes } from './raw-engine.ts';

const native = testEngine();
const celsius = await testModel(t);
const failing = await testModel(t, 'failing');
const strings = await testModel(t, 'constant-strings');

const body = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const decode = ({ id }: SavedModel, value: object | string) => native.decode(id, PREDICT, body(value));
const floats = (...values: number[]): TensorBytes => ({
  shape: [values.length],
  data: Float32Array.from(values),
});
const indexOf = ({ signatures }: SavedModel, name: string) => signatures.get(name)?.index ?? -1;
const create = (model: SavedModel, name: string, ...tensors: TensorBytes[]) =>
  native.create(model.id, indexOf(model, name), tensors);
const root = (...x: number[]) => ({ signature_name: 'root', instances: x });

/** What a task on the pool told, and how long it took. */
const later = (start: (done: Done) => void) =>
  new Promise<{ value: unknown; nanoseconds: number }>((resolve) =>
    start((value, nanoseconds) => resolve({ value, nanoseconds })),
  );
const runLater = (calls: readonly number[], rows = 0, parts = 1) =>
  later((done) => native.runLater(calls, rows, parts, done));

/** Each way of a call from its beginning to its end. */
const WAYS: Record<string, (t: Test) => Promise<void> | void> = {
  'read, run in place': (t) => {
    t.equal(native.answer(decode(celsius, { instances: [212] })), '{"predictions":[100]}');
    t.ok(native.nanoseconds > 0);
  },
  'read, not run': () => native.drop(decode(celsius, { instances: [212] })),
  'not to be read': (t) => {
    t.throws(() => decode(celsius, '{"instances":[1'), { code: 3, message: /at byte 15/ });
    t.throws(() => decode(celsius, { signature_name: 'x', instances: [1] }), { code: 3 });
  },
  'refused by the graph, in place': (t) => {
    const call = decode(failing, root(-1));
    t.throws(() => native.answer(call), { code: 3, message: /x must not be negative/ });
  },
  'run together in place': (t) => {
    const calls = [[212], [32, 32]].map((instances) => decode(celsius, { instances }));
    t.equal(native.run(calls), true);
    t.ok(native.nanoseconds > 0);
    t.same(
      calls.map((call) => native.take(call)),
      ['{"predictions":[100]}', '{"predictions":[0,0]}'],
    );
  },
  'run together, refused, then each alone': (t) => {
    const calls = [decode(failing, root(4)), decode(failing, root(-1))];
    t.equal(native.run(calls), false);
    t.equal(native.answer(calls[0] ?? -1), '{"predictions":[2]}');
    t.throws(() => native.answer(calls[1] ?? -1), { code: 3 });
  },
  'read and run on the pool': async (t) => {
    const read = await later((done) =>
      native.decodeLater(celsius.id, PREDICT, body({ instances: [212] }), done),
    );
    t.ok(read.nanoseconds > 0);
    t.same([native.rows, native.bytes], [1, 4], 'facts of this call');
    const call = Number(read.value);
    const { nanoseconds } = await runLater([call]);
    t.ok(nanoseconds > 0);
    t.equal(native.take(call), '{"predictions":[100]}');
  },
  'read and run by one thread of the pool': async (t) => {
    const { value, nanoseconds } = await later((done) =>
      native.decodeAndRunLater(celsius.id, PREDICT, body({ instances: [212] }), done),
    );
    t.same([native.rows, native.bytes, native.longestPart], [1, 4, 0], 'facts of this call');
    t.ok(native.printing > 0 && native.nanoseconds > native.printing && nanoseconds > native.nanoseconds);
    t.equal(native.take(Number(value)), '{"predictions":[100]}');
  },
  'refused by the graph, by the thread that read it': async (t) => {
    const { value } = await later((done) =>
      native.decodeAndRunLater(failing.id, PREDICT, body(root(-1)), done),
    );
    t.ok(native.nanoseconds > 0);
    t.throws(() => native.take(Number(value)), { code: 3, message: /x must not be negative/ });
  },
  'not to be read on the pool': async (t) => {
    for (const way of ['decodeLater', 'decodeAndRunLater'] as const) {
      const { value } = await later((done) => native[way](celsius.id, PREDICT, body('{}'), done));
      t.match(value, { code: 3, message: /give one of "instances"/ });
    }
  },
  'run on the pool, dropped': async () => {
    const call = decode(celsius, { instances: [212] });
    await runLater([call]);
    native.drop(call);
  },
  'run together on the pool': async (t) => {
    const calls = [[212], [32, 32]].map((instances) => decode(celsius, { instances }));
    await runLater(calls);
    t.same(
      calls.map((call) => native.take(call)),
      ['{"predictions":[100]}', '{"predictions":[0,0]}'],
    );
  },
  'of more rows than there are': async (t) => {
    const calls = [[4], [9, 16]].map((instances) => decode(failing, root(...instances)));
    await runLater(calls, 8);
    t.same(
      calls.map((call) => native.take(call)),
      ['{"predictions":[2]}', '{"predictions":[3,4]}'],
      'padding is cut off',
    );
    const alone = decode(failing, root(25));
    await runLater([alone], 4);
    t.equal(native.take(alone), '{"predictions":[5]}', 'of one call alone, too');
  },
  'in parts': async (t) => {
    const call = decode(failing, root(1, 4, 9, 16, 25));
    await runLater([call], 0, 3);
    t.ok(native.longestPart > 0);
    t.equal(native.take(call), '{"predictions":[1,2,3,4,5]}', 'in their order');
    const one = decode(failing, root(4));
    await runLater([one], 0, 2);
    t.equal(native.longestPart, 0, 'more parts than rows');
    t.equal(native.take(one), '{"predictions":[2]}');
  },
  'in parts, of which one is refused': async (t) => {
    const call = decode(failing, root(1, 4, 9, -16));
    await runLater([call], 0, 2);
    t.equal(native.longestPart, 0);
    t.throws(() => native.take(call), { code: 3, message: /x must not be negative/ });
  },
  'in parts, of strings': async (t) => {
    const call = decode(failing, { instances: ['1', '2', '3', '4'] });
    await runLater([call], 0, 2);
    t.equal(native.longestPart, 0, 'which are not cut');
    native.drop(call);
  },
  'refused in company on the pool': async (t) => {
    const calls = [decode(failing, root(4)), decode(failing, root(-1))];
    await runLater(calls);
    t.equal(native.take(calls[0] ?? -1), '{"predictions":[2]}');
    t.throws(() => native.take(calls[1] ?? -1), { code: 3, message: /x must not be negative/ });
  },
  'of tensors': async (t) => {
    const call = create(celsius, 'serving_default', floats(212, 32));
    t.same([native.rows, native.bytes], [2, 8]);
    await runLater([call]);
    t.same(native.take(call), [{ dtype: 1, shape: [2], data: Buffer.from(Float32Array.of(100, 0).buffer) }]);
  },
  'of tensors, refused': async (t) => {
    const call = create(failing, 'root', floats(-1));
    await runLater([call]);
    t.throws(() => native.take(call), { code: 3 });
  },
  'of tensors, at once': (t) => {
    t.same(native.answer(create(celsius, 'serving_default', floats(212))), [
      { dtype: 1, shape: [1], data: Buffer.from(Float32Array.of(100).buffer) },
    ]);
  },
  'of tensors, at once, refused': (t) => {
    t.throws(() => native.answer(create(failing, 'root', floats(-1))), { code: 3 });
  },
  'of tensors, in company': (t) => {
    const calls = [
      create(celsius, 'serving_default', floats(212)),
      create(celsius, 'serving_default', floats(32)),
    ];
    t.equal(native.run(calls), true);
    t.same(
      calls.map((call) => native.take(call)),
      [100, 0].map((value) => [{ dtype: 1, shape: [1], data: Buffer.from(Float32Array.of(value).buffer) }]),
    );
  },
  'of tensors, not run': () => native.drop(create(celsius, 'serving_default', floats(1))),
  'of tensors that do not fit': (t) => {
    for (const tensors of [
      [],
      [floats(1), floats(1)],
      [{ ...floats(1), shape: [2] }],
      [{ ...floats(1), shape: [], data: new Uint8Array(3) }],
      [{ shape: [1], data: [Buffer.from('text')] }],
    ])
      t.throws(() => create(celsius, 'serving_default', ...tensors), { code: 3 }, JSON.stringify(tensors));
    t.throws(() => create(failing, 'serving_default', floats(1)), { code: 3 }, 'bytes for strings');
    t.throws(() => create(failing, 'serving_default', { shape: [2], data: [Buffer.of(49)] }), { code: 3 });
  },
  'with a format of its own': (t) => {
    const format = native.addField(celsius.id, 0, 'f', '<', '>');
    t.equal(native.answer(native.decode(celsius.id, format, body({ f: 212 }))), '<100>');
    t.equal(native.answer(native.decode(celsius.id, format, body({ f: [212, 32] }))), '<[100,0]>');
    t.throws(() => native.decode(celsius.id, format, body({ g: 212 })), { code: 3 });
  },
  'of strings': async (t) => {
    const text = (...values: string[]): TensorBytes => ({
      shape: [values.length],
      data: values.map((value) => Buffer.from(value)),
    });
    const given = ['', 'short', 'longer than the twenty-two bytes that a tensor holds in place'];
    const call = create(strings, 'filled', text(...given));
    await runLater([call]);
    const [filled, same] = native.take(call);
    t.match(same, { dtype: 7, shape: [3], data: given.map((string) => Buffer.from(string)) });
    t.match(filled, { dtype: 7, shape: [3] });
    const zeros = create(strings, 'filled', { shape: [2] });
    await runLater([zeros]);
    const [, empty] = native.take(zeros);
    t.match(empty, { data: [Buffer.of(), Buffer.of()] }, 'none are empty ones');
  },
};

for (const [way, go] of Object.entries(WAYS)) {
  t.test(`a call ends: ${way}`, async (t) => {
    t.equal(native.calls, 0);
    await go(t);
    t.equal(native.calls, 0);
  });
}

t.test('as many calls as there are', async (t) => {
  const calls = [1, 2, 3].map((instance) => decode(celsius, { instances: [instance] }));
  t.equal(native.calls, 3);
  for (const [i, call] of calls.entries()) {
    native.drop(call);
    t.equal(native.calls, 2 - i);
  }
  const waysMixed = Object.values(WAYS);
  for (let i = 0; i < 1000; i++) await waysMixed[(i * 7) % waysMixed.length]?.(t);
  t.equal(native.calls, 0, 'none after a thousand');
});

t.test('facts about a call', async (t) => {
  const ranks = await testModel(t, 'ranks');
  const signatures = await testModel(t, 'signatures');
  const named = (model: SavedModel, signature_name: string, inputs: unknown) => {
    const call = decode(model, { signature_name, inputs });
    const { signature, rows, key, bytes } = native;
    native.drop(call);
    t.equal(signature, indexOf(model, signature_name));
    return { rows, key, bytes };
  };
  const matrix = (...inputs: number[][]) => named(ranks, 'matrix', inputs);
  for (const { why, facts, rows, bytes } of [
    { why: 'a vector', facts: named(ranks, 'total', [1, 2, 3]), rows: 3, bytes: 12 },
    { why: 'a scalar', facts: named(ranks, 'scalar', 1), rows: 0, bytes: 4 },
    { why: 'no rows', facts: named(ranks, 'total', []), rows: 0, bytes: 0 },
    { why: 'a matrix', facts: matrix([1, 2], [3, 4]), rows: 2, bytes: 16 },
    {
      why: 'several inputs',
      facts: named(signatures, 'combine', { a: [1, 2], b: [3, 4] }),
      rows: 2,
      bytes: 16,
    },
    {
      why: 'several inputs of other rows',
      facts: named(signatures, 'combine', { a: [1, 2], b: [3] }),
      rows: 0,
      bytes: 12,
    },
  ])
    t.match(facts, { rows, bytes }, why);
  const { key } = matrix([1, 2]);
  t.equal(matrix([3, 4], [5, 6]).key, key, 'calls of other rows can share a run');
  const others = [
    matrix([1, 2, 3]).key,
    named(ranks, 'cube', [[[1, 2]]]).key,
    named(ranks, 'total', [1, 2]).key,
    named(ranks, 'uneven', [1, 2]).key,
  ];
  t.equal(new Set([key, ...others]).size, 5, 'those of other signatures, ranks and inner shapes cannot');
});

t.test('what is no model', async (t) => {
  const base = t.testdir({ empty: {}, text: { 'saved_model.pb': 'hello' } });
  for (const { folder, kind, message } of [
    { folder: join(base, 'nowhere'), kind: 'missing', message: /No such file or directory/ },
    { folder: join(base, 'empty'), kind: 'missing', message: /No such file or directory/ },
    { folder: join(base, 'text'), kind: 'damaged', message: /\S/ },
    { folder: join(modelFolder('untagged'), '1'), kind: 'untagged', message: /^/ },
  ])
    await t.rejects(native.readModel(folder), { kind, message }, folder);
  const kind = { inOrder: true, bfloat16: false, spread: false, winograd: false };
  await t.rejects(native.load(join(base, 'text'), kind, []), { message: /saved_model\.pb as binary proto/ });
  cpSync(join(modelFolder('stateful'), '1'), join(base, 'stateful'), { recursive: true });
  rmSync(join(base, 'stateful', 'variables', 'variables.data-00000-of-00001'));
  await t.rejects(native.load(join(base, 'stateful'), kind, []), { message: /variables/ });
  const { id, unsupported } = await native.load(join(modelFolder('ranks'), '1'), kind, []);
  t.same(unsupported, []);
  await native.unload(id);
});

t.test('a model that is unloaded ends with its last call', async (t) => {
  const { id, unload } = await testModel({ teardown: () => {} }, 'failing');
  const call = native.decode(id, PREDICT, body(root(4)));
  await unload();
  t.equal(native.answer(call), '{"predictions":[2]}');
});

t.test('numbers too small to be normal', async (t) => {
  const model = await testModel(t, 'subnormal');
  const request = { inputs: [1e-20, 3, -1e-20] };
  const answer = '{"outputs":{"square":[0,9,0],"x":[1e-20,3,-1e-20]}}';
  const intact = (why: string) => {
    t.equal(Number('1e-320') * 2, 2e-320, `JavaScript has them ${why}`);
    t.equal(Math.fround(Number('1e-40')) > 0, true, `float32 too ${why}`);
  };
  intact('before');
  t.equal(native.answer(decode(model, request)), answer, 'are 0 in place');
  intact('after a run in place');
  const together = [decode(model, request), decode(model, request)];
  t.equal(native.run(together), true);
  t.same(
    together.map((call) => native.take(call)),
    [answer, answer],
    'are 0 in company',
  );
  intact('after a run together');
  const call = decode(model, request);
  await runLater([call]);
  t.equal(native.take(call), answer, 'are 0 on the pool');
  intact('after a run on the pool');
  const dtypes = await testModel(t, 'dtypes');
  const small = '{"signature_name":"double","inputs":[5e-324,1e-310]}';
  for (const where of ['in place', 'on the pool']) {
    const identity = decode(dtypes, small);
    if (where === 'on the pool') await runLater([identity]);
    const text = where === 'on the pool' ? native.take(identity) : native.answer(identity);
    t.equal(text, '{"outputs":[5e-324,1e-310]}', `are read and written as they are, ${where}`);
  }
  t.throws(() => native.answer(decode(failing, root(-1))));
  intact('after a run that failed');
});

t.test('what strings hold counts as bytes of a call', async (t) => {
  const call = decode(strings, { signature_name: 'filled', instances: ['a'.repeat(1000), 'b'] });
  t.equal(native.bytes, 2 * 24 + 1000);
  native.drop(call);
});

t.test('a model whose runs use idle threads', async (t) => {
  const signal = Array.from({ length: 25 }, (_, i) =>
    Array.from({ length: 1000 }, (_, j) => [(i * j) % 17, (i + j) % 13]),
  );
  const requests = { convolution: { inputs: signal }, slow: { inputs: { x: [1, 2], products: [20, 1] } } };
  const cases: { request: object; model: SavedModel; answer: string }[] = [];
  for (const [name, request] of Object.entries(requests)) {
    const answer = String(native.answer(decode(await testModel(t, name), request)));
    cases.push({ request, answer, model: await testModel(t, name, { bfloat16: false, spread: true }) });
  }
  await t.test('gives the same answers', async (t) => {
    for (const { request, model, answer } of cases) {
      t.ok(String(native.answer(decode(model, request))) === answer, 'in place');
      const call = decode(model, request);
      await runLater([call]);
      t.ok(String(native.take(call)) === answer, 'on the pool');
    }
  });
  await t.test('also where there are more runs than threads', async (t) => {
    const asked = Array.from({ length: 20 }, () => cases).flat();
    const calls = asked.map(({ model, request }) => decode(model, request));
    await Promise.all(calls.map((call) => runLater([call])));
    for (const [i, call] of calls.entries()) t.ok(String(native.take(call)) === asked[i]?.answer);
  });
});
