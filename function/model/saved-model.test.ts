import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { modelFolder as fixture, testEngine, testModel, testRunner } from '../testing/app.ts';
import { TestClient } from '../testing/runs.ts';
import { loadVersion, type SavedModel } from './saved-model.ts';

const load = (basePath: string, version = '1') =>
  loadVersion(testEngine(), { name: 'm', version, folder: join(basePath, version) });

t.test('what cannot be loaded is said in one line', async (t) => {
  const whole = readFileSync(join(fixture('ranks'), '1', 'saved_model.pb'));
  const base = t.testdir({
    hollow: { 1: {} },
    folder: { 1: { 'saved_model.pb': {} } },
    zero: { 1: { 'saved_model.pb': '' } },
    text: { 1: { 'saved_model.pb': 'hello' } },
    cut: { 1: { 'saved_model.pb': whole.subarray(0, whole.length / 2) } },
    numbered: { 1: 'a file' },
  });
  // Read as protocol buffers, zeros are no field at all.
  mkdirSync(join(base, 'zeros', '1'), { recursive: true });
  writeFileSync(join(base, 'zeros', '1', 'saved_model.pb'), Buffer.alloc(1000));
  // A model whose variables are cut: its signatures can be read, its weights cannot.
  cpSync(fixture('stateful'), join(base, 'variables'), { recursive: true });
  truncateSync(join(base, 'variables', '1', 'variables', 'variables.data-00000-of-00001'), 4);
  cpSync(fixture('stateful'), join(base, 'index'), { recursive: true });
  truncateSync(join(base, 'index', '1', 'variables', 'variables.index'), 10);
  for (const { path, message } of [
    {
      path: 'hollow',
      message: /^no SavedModel at .*saved_model\.pb \(No such file or directory\); export one there/,
    },
    { path: 'folder', message: /^no SavedModel at .*\(Is a directory\)/ },
    { path: 'numbered', message: /^no SavedModel at .*\(Not a directory\)/ },
    { path: 'zero', message: /saved_model\.pb has no meta graph tagged "serve" or is damaged/ },
    { path: 'text', message: /saved_model\.pb is damaged/ },
    { path: 'cut', message: /saved_model\.pb is damaged .*; export the model again$/ },
    { path: 'zeros', message: /saved_model\.pb (is damaged|has no meta graph)/ },
    { path: 'variables', message: /^TensorFlow cannot load the SavedModel in .*variables.1: \S/ },
    { path: 'index', message: /^TensorFlow cannot load the SavedModel in/ },
  ]) {
    await t.rejects(load(join(base, path)), { name: 'RequestError', code: String, message }, path);
    await t.rejects(load(join(base, path)), { message: /^[^\n]+$/ }, `${path}: on one line`);
  }
  await t.rejects(load(fixture('untagged')), {
    message: /no meta graph tagged "serve" alone; there is \{train\}; export it/,
  });
  await t.rejects(load(fixture('corrupt')), { message: /is damaged/ });
});

t.test('a graph in text format is the same model', async (t) => {
  const [text, binary] = [await testModel(t, 'text-format'), await testModel(t, 'stateful')];
  const described = ({ signatures }: SavedModel) =>
    new Map([...signatures].map(([name, signature]) => [name, { ...signature, index: 0 }])); // maps have no order
  t.same(described(text), described(binary));
  t.same(text.kind, binary.kind);
  t.ok(text.hasVariables);
  for (const model of [text, binary]) {
    const served = model.signatures.get('label');
    if (served === undefined) throw new Error('no signature "label"');
    const keys = BigInt64Array.of(0n, 2n);
    const inputs = [{ shape: [2], data: new Uint8Array(keys.buffer) }];
    const [labels] = await testRunner(model).tensors(served.index, inputs, new TestClient());
    t.match(String(labels?.data), /^cold: .*a label that the table does not hold$/, 'its table is filled');
  }
  const base = t.testdir({
    damaged: { 1: { 'saved_model.pbtxt': 'meta_graphs { no_such_field: 1 }' } },
    both: { 1: { 'saved_model.pbtxt': 'not read', 'saved_model.pb': '' } },
    split: { 1: { 'saved_model.cpb': 'not read' } },
  });
  await t.rejects(load(join(base, 'damaged')), {
    code: 'DATA_LOSS',
    message: /saved_model\.pbtxt is damaged/,
  });
  await t.rejects(load(join(base, 'both')), { message: /saved_model\.pb has no meta graph/ });
  await t.rejects(load(join(base, 'split')), {
    code: 'UNIMPLEMENTED',
    message:
      /saved_model\.cpb: TensorFlow \S+ does not read this form of a graph; export it as saved_model\.pb$/,
  });
});

t.test('operations that TensorFlow lacks', async (t) => {
  const whole = readFileSync(join(fixture('ranks'), '1', 'saved_model.pb'), 'latin1');
  for (const { operation, says } of [
    { operation: 'TFText>X', says: /the shared library of the PyPI package tensorflow-text in OP_LIBRARIES/ },
    { operation: 'SimpleML', says: /PyPI package tensorflow-decision-forests in OP_LIBRARIES/ },
    { operation: 'Homemade', says: /of the package that the model was made with in OP_LIBRARIES/ },
  ]) {
    const graph = Buffer.from(whole.replaceAll('Identity', operation), 'latin1'); // names are as long
    const base = t.testdir({ m: { 1: { 'saved_model.pb': graph } } });
    const wanted = { code: 'NOT_FOUND', message: says };
    await t.rejects(load(join(base, 'm')), wanted, operation);
    await t.rejects(load(join(base, 'm')), { message: new RegExp(`needs the operation ${operation},`) });
  }
});

t.test('the meta graph whose only tag is "serve"; what is to run on a GPU runs on a CPU', async (t) => {
  const model = await testModel(t, 'placed');
  const x = { shape: [2], data: Float32Array.of(1, 4) };
  const [y] = await testRunner(model).tensors(0, [x], new TestClient());
  t.same([...new Float32Array(Uint8Array.from(y?.data as Uint8Array).buffer)], [2, 8]);
});

t.test('signatures', async (t) => {
  for (const { model, signatures } of [
    { model: 'failing', signatures: ['root', 'serving_default', 'threes'] },
    { model: 'stateful', signatures: ['label', 'serving_default'] }, // and TensorFlow's own, which is not for callers
    { model: 'empty', signatures: [] },
  ])
    t.same([...(await testModel(t, model)).signatures.keys()].sort(), signatures, model);
  const { signatures } = await testModel(t, 'unsupported');
  for (const { name, unsupported } of [
    { name: 'serving_default', unsupported: undefined },
    { name: 'variant', unsupported: /^signature "variant": output "list" has dtype DT_VARIANT/ },
    {
      name: 'composite',
      unsupported: /^signature "composite": output "sparse" names no tensor of the graph/,
    },
    {
      name: 'absent',
      unsupported: /^signature "absent" names the tensor "nowhere:0", which the graph does not have/,
    },
  ])
    t.match(signatures.get(name), { unsupported }, name);
});

t.test('operations that a call of each signature runs', async (t) => {
  const operationsOf = ({ signatures }: SavedModel, name: string) => signatures.get(name)?.operations;
  const counter = await testModel(t, 'counter');
  t.ok(operationsOf(counter, 'add')?.has('AssignAddVariableOp'), 'those in functions too');
  t.notOk(operationsOf(counter, 'serving_default')?.has('AssignAddVariableOp'), 'those of others not');
  t.ok(operationsOf(counter, 'serving_default')?.has('ReadVariableOp'));
  const stuck = await testModel(t, 'stuck');
  t.ok(operationsOf(stuck, 'take')?.has('QueueDequeueV2'));
  t.notOk(operationsOf(stuck, 'serving_default')?.has('QueueDequeueV2'));
});
