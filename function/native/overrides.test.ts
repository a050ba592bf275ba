import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readSignatures } from '../model/signatures.ts';
import { loadBinding, type TensorData, type TensorInput } from './binding.ts';

const root = join(import.meta.dirname, '..', '..');
const binding = loadBinding(join(root, 'dist', 'native'));

// Numbers of tensorflow.DataType (types.proto).
const DT_FLOAT = 1;
const DT_INT32 = 3;
const DT_STRING = 7;

/** One input of a signature. */
interface Input {
  shape: number[];
  dtype: number;
  data: TensorInput;
}

const namesOf = (infos: readonly { name: string }[]) => infos.map(({ name }) => name).join(',');

/** Loads a fixture, and gives a function that runs one of its signatures with one input. */
function load(t: Test, fixture: string): (name: string, input: Input) => TensorData[] {
  const folder = join(root, 'function', 'fixtures', fixture, '1');
  const signatures = readSignatures(readFileSync(join(folder, 'saved_model.pb')));
  const model = binding.loadSavedModel(folder, 'serve');
  t.teardown(() => binding.deleteSavedModel(model));
  return (name, input) => {
    const signature = signatures?.get(name);
    if (!signature) throw new Error(`no signature ${name}`);
    const id = binding.createTensor(input.shape, input.dtype, input.data);
    try {
      const outputs = binding.runSavedModel(
        model,
        [id],
        namesOf(signature.inputs),
        namesOf(signature.outputs),
      );
      const data = outputs.map((output) => binding.tensorDataSync(output.id));
      for (const output of outputs) binding.deleteTensor(output.id);
      return data;
    } finally {
      binding.deleteTensor(id);
    }
  };
}

const text = (strings: string[]): Input => ({
  shape: [strings.length],
  dtype: DT_STRING,
  data: strings.map((string) => Buffer.from(string)),
});

const texts = (data: TensorData | undefined): string[] =>
  Array.isArray(data) ? data.map((bytes) => Buffer.from(bytes).toString()) : [];

t.test("deleting an output leaves the model's own strings alone", async (t) => {
  const run = load(t, 'constant-strings');
  const index: Input = { shape: [2], dtype: DT_INT32, data: Int32Array.of(0, 2) };
  const constants = () => texts(run('whole', index)[0]);
  const first = constants();
  t.equal(first.length, 3);
  t.ok(
    first.every((string) => string.length > 22),
    'longer than what a tensor holds in place',
  );
  t.same(constants(), first);
  t.same(constants(), first);
});

t.test('an output that is the input itself', async (t) => {
  const run = load(t, 'constant-strings');
  const strings = ['short', 'longer than the twenty-two bytes that a tensor holds in place', ''];
  for (let i = 0; i < 3; i++) t.strictSame(texts(run('filled', text(strings))[1]), strings);
});

t.test('a tensor does not share memory with its typed array', async (t) => {
  // One of sixteen offsets is aligned as TensorFlow would have it to share memory.
  const buffer = new ArrayBuffer(256);
  for (let offset = 0; offset < 64; offset += 4) {
    const data = new Float32Array(buffer, offset, 32).fill(1);
    const id = binding.createTensor([32], DT_FLOAT, data);
    data.fill(2);
    t.strictSame(binding.tensorDataSync(id), new Float32Array(32).fill(1));
    binding.deleteTensor(id);
  }
});

t.test('a shape that wants more strings than there are gets empty ones', async (t) => {
  const id = binding.createTensor([3], DT_STRING, [Buffer.from('one')]);
  t.strictSame(texts(binding.tensorDataSync(id)), ['one', '', '']);
  binding.deleteTensor(id);
  t.throws(() => binding.createTensor([2], DT_STRING, [Buffer.from('x'), Reflect.get({}, 'none')]));
});

t.test('a run that fails leaks nothing', async (t) => {
  const run = load(t, 'failing');
  const input: Input = { shape: [65536], dtype: DT_FLOAT, data: new Float32Array(65536) };
  const failTimes = (n: number) => {
    for (let i = 1; i < n; i++) {
      try {
        run('threes', input);
      } catch {}
    }
    t.throws(() => run('threes', input), { message: /reshape/i });
  };
  const alive = binding.getNumOfTensors();
  failTimes(20);
  const before = process.memoryUsage.rss();
  failTimes(800);
  t.equal(binding.getNumOfTensors(), alive);
  t.ok(process.memoryUsage.rss() - before < 100e6, '800 inputs of 256 KiB would be 200 MB');
});

t.test('a model that cannot be loaded', async (t) => {
  const models = binding.getNumOfSavedModels();
  for (let i = 0; i < 3; i++) {
    t.throws(() => binding.loadSavedModel(join(root, 'function', 'fixtures', 'corrupt', '1'), 'serve'), {
      message: /SavedModel/,
    });
  }
  t.equal(binding.getNumOfSavedModels(), models);
});
