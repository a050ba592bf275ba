import { PbfReader, PbfWriter } from 'pbf';
import t from 'tap';
import { fields } from './protobuf.ts';
import { dtypeName, readTensorInfos, type TensorInfo } from './tensor-info.ts';

type Write = (message: PbfWriter) => void;

/** Reads an entry `x` of a signature's inputs, in a message of its own. */
function read(info: Write): TensorInfo[] {
  const pbf = new PbfWriter();
  pbf.writeMessage(
    1,
    (_, entry) => {
      entry.writeStringField(1, 'x');
      entry.writeMessage(2, (__, message) => info(message), undefined);
    },
    undefined,
  );
  let found: TensorInfo[] = [];
  fields(new PbfReader(pbf.finish()), {
    1: (reader) => {
      found = readTensorInfos(reader);
    },
  });
  return found;
}

const tensor =
  (name: string, dtype: number, sizes: readonly number[]): Write =>
  (message) => {
    message.writeStringField(1, name);
    message.writeVarintField(2, dtype);
    message.writeMessage(
      3,
      (_, shape) => {
        for (const size of sizes)
          shape.writeMessage(2, (__, dim) => dim.writeVarintField(1, size), undefined);
      },
      undefined,
    );
  };

/** A composite tensor of a TypeSpecClass. */
const composite =
  (typeClass: number, ...parts: Write[]): Write =>
  (message) =>
    message.writeMessage(
      5,
      (_, inner) => {
        inner.writeMessage(1, (__, spec) => spec.writeVarintField(1, typeClass), undefined);
        for (const part of parts) inner.writeMessage(2, (__, info) => part(info), undefined);
      },
      undefined,
    );

t.test('a tensor', async (t) => {
  t.same(read(tensor('x:0', 1, [2, 3])), [{ key: 'x', name: 'x:0', dtype: 'DT_FLOAT', shape: [2, 3] }]);
});

t.test('the parts of what is several tensors', async (t) => {
  const sparse: Write = (message) => {
    message.writeVarintField(2, 7);
    message.writeMessage(
      4,
      (_, coo) => {
        for (const [i, name] of ['v:0', 'i:0', 's:0'].entries()) coo.writeStringField(i + 1, name);
      },
      undefined,
    );
  };
  const parts = [tensor('a:0', 1, [9]), tensor('b:0', 9, [5]), tensor('c:0', 9, [3])];
  for (const { name, info, keys, names } of [
    { name: 'coo_sparse', info: sparse, keys: 'x.values x.indices x.dense_shape', names: 'v:0 i:0 s:0' },
    {
      name: 'ragged',
      info: composite(3, ...parts),
      keys: 'x.flat_values x.row_splits_0 x.row_splits_1',
      names: 'a:0 b:0 c:0',
    },
    {
      name: 'sparse',
      info: composite(1, ...parts),
      keys: 'x.indices x.values x.dense_shape',
      names: 'a:0 b:0 c:0',
    },
    {
      name: 'slices',
      info: composite(2, ...parts),
      keys: 'x.values x.indices x.dense_shape',
      names: 'a:0 b:0 c:0',
    },
    { name: 'another', info: composite(9, ...parts), keys: 'x.0 x.1 x.2', names: 'a:0 b:0 c:0' },
  ]) {
    const found = read(info);
    t.equal(found.map(({ key }) => key).join(' '), keys, name);
    t.equal(found.map((one) => one.name).join(' '), names, name);
    t.ok(
      found.every(({ partOf }) => partOf?.key === 'x' && partOf.parts.length === 3),
      name,
    );
  }
  t.match(read(sparse), [
    { dtype: 'DT_STRING', shape: [-1] },
    { dtype: 'DT_INT64', shape: [-1, 0] },
    { dtype: 'DT_INT64', shape: [0] },
  ]);
});

t.test('names of dtypes', async (t) => {
  for (const [number, name] of [
    [0, 'DT_INVALID'],
    [1, 'DT_FLOAT'],
    [23, 'DT_UINT64'],
    [101, 'DT_FLOAT_REF'],
    [99, 'DT_number 99'],
    [301, 'DT_number 301'],
  ] as const) {
    t.equal(dtypeName(number), name);
  }
});
