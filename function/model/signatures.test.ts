import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { fixture } from '../testing/whole-server.ts';
import { readSignatures } from './signatures.ts';
import { dtypeNumber } from './tensor.ts';

const bytesOf = (model: string, version = '1') =>
  readFileSync(join(fixture(model), version, 'saved_model.pb'));

t.test('signatures of real SavedModels', async (t) => {
  for (const { model, signatures } of [
    { model: 'ranks', signatures: 'cube image matrix scalar serving_default total uneven' },
    { model: 'types', signatures: 'bytes flag int long long_pair serving_default text' },
    { model: 'names', signatures: 'hasOwnProperty serving_default' },
    { model: 'signatures', signatures: '__saved_model_init_op combine serving_default shout' },
    { model: 'empty', signatures: '' },
    { model: 'versions', signatures: 'serving_default' },
  ]) {
    const found = readSignatures(bytesOf(model));
    t.equal([...(found?.keys() ?? [])].sort().join(' '), signatures, model);
  }
  t.match(readSignatures(bytesOf('ranks'))?.get('image'), {
    name: 'image',
    method: 'tensorflow/serving/predict',
    inputs: [{ name: /^[^,]+:0$/, dtype: 'DT_FLOAT', shape: [-1, 2, 2, 2] }],
    outputs: [{ name: /^[^,]+:0$/, dtype: 'DT_FLOAT' }],
    unsupported: undefined,
  });
  t.same(readSignatures(bytesOf('ranks'))?.get('scalar')?.inputs[0]?.shape, []);
  const types = readSignatures(bytesOf('types'))?.get('serving_default');
  t.same(
    types?.inputs.map(({ key, dtype }) => `${key} ${dtype}`),
    ['flag DT_BOOL', 'int DT_INT32', 'long DT_INT64', 'real DT_FLOAT', 'text DT_STRING'],
    'sorted by key',
  );
  const names = readSignatures(bytesOf('names'))?.get('serving_default');
  t.same(names?.inputs.map(({ key }) => key).sort(), ['__proto__', 'constructor']);
});

t.test('dtypes by their numbers', async (t) => {
  for (const { dtype, number } of [
    { dtype: 'DT_FLOAT', number: 1 },
    { dtype: 'DT_UINT64', number: 23 },
    { dtype: 'DT_FLOAT_REF', number: 101 },
    ...['DT_RESOURCE', 'DT_VARIANT', 'DT_INVALID', 'DT_REF', 'toString', '__proto__', '', '_REF'].map(
      (dtype) => ({
        dtype,
        number: undefined,
      }),
    ),
  ])
    t.equal(dtypeNumber(dtype), number, dtype);
  const served = readSignatures(bytesOf('dtypes'));
  for (const { name, unsupported } of served?.values() ?? []) t.equal(unsupported, undefined, name);
  t.equal(served?.size, 11);
});

t.test('what cannot be served is named', async (t) => {
  const signatures = readSignatures(bytesOf('unsupported'));
  t.equal(signatures?.get('serving_default')?.unsupported, undefined);
  t.match(
    signatures?.get('variant')?.unsupported,
    /^signature "variant": output "list" has dtype DT_VARIANT, which .* DT_FLOAT, /,
  );
  t.match(signatures?.get('composite')?.unsupported, /output "sparse" names no tensor of the graph$/);
});

/** A protocol buffer's field that holds bytes: a message or a string. */
const field = (number: number, ...content: (Buffer | string)[]): Buffer => {
  const inside = Buffer.concat(content.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.of((number << 3) | 2, inside.length), inside]);
};
const varint = (number: number, ...bytes: number[]) => Buffer.of(number << 3, ...bytes);
/** A SavedModel with the tag `serve` and one signature of one input. */
const savedModel = (tensorInfo: Buffer, tag = 'serve') =>
  field(
    2,
    field(1, field(4, tag)),
    field(5, field(1, 'f'), field(2, field(1, field(1, 'x'), field(2, tensorInfo)), field(3, 'predict'))),
  );

t.test('signatures that no exporter here writes', async (t) => {
  const read = (tensorInfo: Buffer) => readSignatures(savedModel(tensorInfo))?.get('f');
  const name = field(1, 'x:0');
  const unknownRank = Buffer.concat([name, varint(2, 1), field(3, varint(3, 1))]);
  t.match(read(unknownRank)?.inputs, [{ shape: undefined, name: 'x:0' }], 'an unknown rank');
  t.equal(read(unknownRank)?.unsupported, undefined);
  const sizes = Buffer.concat([
    name,
    varint(2, 1),
    field(3, field(2, varint(1, 7)), field(2, Buffer.of(8, ...new Array(9).fill(255), 1)), field(2)),
  ]);
  t.same(read(sizes)?.inputs[0]?.shape, [7, -1, 0], 'a size that is left out is 0');
  t.match(read(varint(2, 1))?.unsupported, /names no tensor of the graph/, 'no name');
  const reference = read(Buffer.concat([name, varint(2, 101)]));
  t.match(reference, { inputs: [{ dtype: 'DT_FLOAT_REF' }], unsupported: undefined }, 'a reference');
  for (const { dtype, words } of [
    { dtype: 20, words: /^signature "f": input "x" has dtype DT_RESOURCE, which .* DT_FLOAT, / },
    { dtype: 21, words: /DT_VARIANT/ },
    { dtype: 120, words: /DT_RESOURCE_REF/ },
    { dtype: 26, words: /DT_number 26/ },
  ])
    t.match(read(Buffer.concat([name, varint(2, dtype)]))?.unsupported, words, `${dtype}`);
  t.match(read(name)?.unsupported, /DT_INVALID/, 'no dtype');
  t.equal(readSignatures(savedModel(name, 'train')), undefined, 'another tag');
  t.equal(readSignatures(bytesOf('untagged')), undefined);
  t.equal(readSignatures(Buffer.of()), undefined, 'nothing at all');
});

t.test('damaged files', async (t) => {
  t.throws(() => readSignatures(bytesOf('corrupt')));
  const whole = bytesOf('ranks');
  for (const length of [1, 5, 100, whole.length >> 1, whole.length - 1]) {
    t.throws(() => readSignatures(whole.subarray(0, length)), `cut to ${length} bytes`);
  }
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
      (changes) => {
        const damaged = Buffer.from(whole);
        for (const [at, byte] of changes) damaged[at] = byte;
        try {
          readSignatures(damaged);
          seen.add('read');
        } catch (error) {
          seen.add(error instanceof Error ? 'refused' : 'thrown');
        }
      },
    ),
    { numRuns: 2000 },
  );
  t.same([...seen].sort(), ['read', 'refused'], 'never anything but an Error');
});
