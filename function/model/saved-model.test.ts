import { cpSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadBinding } from '../native/binding.ts';
import { fixture } from '../testing/whole-server.ts';
import { loadSavedModel } from './saved-model.ts';

const binding = loadBinding(join(import.meta.dirname, '..', '..', 'dist', 'native'));

function load(t: Test, basePath: string) {
  const model = loadSavedModel(binding, 'm', basePath);
  t.teardown(() => model.dispose());
  return model;
}

t.test('the highest number is served, whatever else lies there', async (t) => {
  const model = load(t, fixture('versions'));
  t.equal(model.version, '10');
  const base = t.testdir({ '01': {}, '9': {}, '-1': {}, '1e9': {}, '11.5': {}, notes: '', '٣': {} });
  cpSync(join(fixture('versions'), '10'), join(base, '0010'), { recursive: true });
  t.equal(load(t, base).version, '10', 'with leading zeros');
  symlinkSync('0010', join(base, '12'));
  t.equal(load(t, base).version, '12', 'by a symbolic link');
});

t.test('what cannot be loaded is said in one line', async (t) => {
  const whole = readFileSync(join(fixture('ranks'), '1', 'saved_model.pb'));
  const base = t.testdir({
    empty: {},
    file: 'not a folder',
    unnumbered: { latest: {} },
    hollow: { 1: {} },
    folder: { 1: { 'saved_model.pb': {} } },
    zero: { 1: { 'saved_model.pb': '' } },
    text: { 1: { 'saved_model.pb': 'hello' } },
    cut: { 1: { 'saved_model.pb': whole.subarray(0, whole.length / 2) } },
    numbered: { 1: 'a file' },
  });
  symlinkSync('nowhere', join(base, 'dangling'));
  symlinkSync('loop', join(base, 'loop'));
  // Read as protocol buffers, zeros are no field at all.
  mkdirSync(join(base, 'zeros', '1'), { recursive: true });
  writeFileSync(join(base, 'zeros', '1', 'saved_model.pb'), Buffer.alloc(1000));
  // A model whose variables are cut: its signatures can be read, its weights cannot.
  cpSync(fixture('stateful'), join(base, 'variables'), { recursive: true });
  truncateSync(join(base, 'variables', '1', 'variables', 'variables.data-00000-of-00001'), 4);
  cpSync(fixture('stateful'), join(base, 'index'), { recursive: true });
  truncateSync(join(base, 'index', '1', 'variables', 'variables.index'), 10);
  for (const { path, message } of [
    { path: 'missing', message: /^no model folder at .*missing \(ENOENT.*\); set MODEL_BASE_PATH$/ },
    { path: 'dangling', message: /^no model folder at/ },
    { path: 'loop', message: /^no model folder at .*ELOOP/ },
    { path: 'file', message: /^no model folder at .*ENOTDIR/ },
    { path: 'empty', message: /has no numbered folder; put the SavedModel into .*1 or set MODEL_BASE_PATH$/ },
    { path: 'unnumbered', message: /has no numbered folder/ },
    { path: 'hollow', message: /^no SavedModel at .*saved_model\.pb \(ENOENT.*export one there/ },
    { path: 'folder', message: /^no SavedModel at .*EISDIR/ },
    { path: 'numbered', message: /^no SavedModel at .*ENOTDIR/ },
    { path: 'zero', message: /saved_model\.pb has no meta graph tagged "serve" or is damaged/ },
    { path: 'text', message: /saved_model\.pb is damaged/ },
    { path: 'cut', message: /saved_model\.pb is damaged .*; export the model again$/ },
    { path: 'zeros', message: /saved_model\.pb (is damaged|has no meta graph)/ },
    { path: 'variables', message: /^TensorFlow cannot load the SavedModel in .*variables.1: \S/ },
    { path: 'index', message: /^TensorFlow cannot load the SavedModel in/ },
  ]) {
    const load = () => loadSavedModel(binding, 'm', join(base, path));
    t.throws(load, { name: 'FatalError', exitCode: 1, message }, path);
    t.throws(load, { message: /^[^\n]+$/ }, `${path}: on one line`);
  }
  t.throws(() => loadSavedModel(binding, 'm', fixture('untagged')), {
    message: /no meta graph tagged "serve"/,
  });
  t.throws(() => loadSavedModel(binding, 'm', fixture('corrupt')), { message: /is damaged/ });
  t.equal(binding.getNumOfTensors(), 0);
});

t.test('runs', async (t) => {
  const model = load(t, fixture('failing'));
  t.notOk(model.signatures.has('__saved_model_init_op'), "TensorFlow's own signature is not offered");
  const root = model.signatures.get('root');
  if (root === undefined) throw new Error('no signature root');
  const x = (...values: number[]) =>
    ({ dtype: 'DT_FLOAT', shape: [values.length], data: Float32Array.from(values) }) as const;
  const before = model.tensorsAlive();
  t.match(model.run(root, [x(4, 9)]), [{ dtype: 'DT_FLOAT', shape: [2], data: Float32Array.of(2, 3) }]);
  t.throws(
    () => model.run(root, [x(-1)]),
    { code: 'INVALID_ARGUMENT', message: /^[^\n]{1,500}$/ },
    "the graph's own words",
  );
  t.throws(() => model.run(root, []), { code: 'INVALID_ARGUMENT', message: /./ }, 'no input');
  t.equal(model.tensorsAlive(), before, 'failed runs leave no tensor behind');
  const empty = load(t, fixture('empty'));
  t.equal(empty.signatures.size, 0);
});

t.test('outputs of a dtype without a JSON form', async (t) => {
  const model = load(t, fixture('unsupported'));
  const half = model.signatures.get('complex64');
  if (half === undefined) throw new Error('no signature complex64');
  const before = model.tensorsAlive();
  const value = { dtype: 'DT_FLOAT', shape: [1], data: Float32Array.of(1) } as const;
  t.throws(() => model.run(half, [value]), { code: 'INVALID_ARGUMENT', message: /./ });
  t.equal(model.tensorsAlive(), before);
});
