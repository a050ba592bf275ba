import type { PbfReader } from 'pbf';
import { DATA_TYPES } from '../protobuf/data-types.ts';
import { readShape } from './constant-tensor.ts';
import { fields } from './protobuf.ts';

/** One input or output of a signature. */
export interface TensorInfo {
  /** The key that requests and answers use, e.g. `fahrenheit`. */
  readonly key: string;
  /** The graph's own name, e.g. `serving_default_fahrenheit:0`. */
  readonly name: string;
  /** TensorFlow's name of the dtype, e.g. `DT_FLOAT`; any dtype, not only those that can be served. */
  readonly dtype: string;
  /** Dimension sizes, −1 where unknown; undefined where the rank itself is unknown. */
  readonly shape: readonly number[] | undefined;
  /** The sparse or ragged tensor that this is a part of, if it is of one. */
  readonly partOf?: Composite;
}

/** An input or output that is several tensors of the graph: a sparse or ragged one. */
export interface Composite {
  readonly key: string;
  readonly dtype: string;
  readonly shape: readonly number[] | undefined;
  /** How the file says it: by TensorInfo.coo_sparse or by TensorInfo.composite_tensor. */
  readonly encoding: 'coo_sparse' | 'composite_tensor';
  /** `key` is what the part is called within it, e.g. `values`. */
  readonly parts: readonly TensorInfo[];
}

/** Names by number; also of those that TensorFlow has added since and nothing here can hold. */
const DTYPE_NAMES = new Map(
  Object.entries({ ...DATA_TYPES, DT_FLOAT8_E5M2: 24, DT_FLOAT8_E4M3FN: 25 }).map(([name, number]) => [
    number,
    name,
  ]),
);

/** TensorFlow's name of a dtype, from 101 on those of references. */
export function dtypeName(dtype: number): string {
  const name = DTYPE_NAMES.get(dtype % 100);
  return name === undefined || dtype > 200 ? `DT_number ${dtype}` : `${name}${dtype > 100 ? '_REF' : ''}`;
}

/** Parts by `enum TypeSpecClass` of struct.proto, in the order in which TensorFlow takes such a tensor apart. */
const PARTS_BY_CLASS: Readonly<Record<number, (i: number) => string>> = {
  1: (i) => ['indices', 'values', 'dense_shape'][i] ?? String(i), // SparseTensorSpec
  2: (i) => ['values', 'indices', 'dense_shape'][i] ?? String(i), // IndexedSlicesSpec
  3: (i) => (i === 0 ? 'flat_values' : `row_splits_${i - 1}`), // RaggedTensorSpec, the outermost splits first
};

/**
 * Reads an entry of SignatureDef.inputs or outputs; numbers are those of meta_graph.proto. A sparse or ragged tensor comes
 * as the tensors that it is made of, each with a key of its own, e.g. `words.values`.
 */
export function readTensorInfos(entry: PbfReader): TensorInfo[] {
  let key = '';
  let tensor: NamedTensor = { name: '', dtype: dtypeName(0), shape: [], composite: undefined };
  fields(entry, {
    1: (pbf) => {
      key = pbf.readString();
    },
    2: (info) => {
      tensor = readNamedTensor(info);
    },
  });
  const { name, dtype, shape, composite } = tensor;
  if (composite === undefined) return [{ key, name, dtype, shape }];
  const partOf = { key, dtype, shape, ...composite };
  return composite.parts.map((part) => ({ ...part, key: `${key}.${part.key}`, partOf }));
}

interface NamedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[] | undefined;
  readonly composite: Pick<Composite, 'encoding' | 'parts'> | undefined;
}

function readNamedTensor(info: PbfReader): NamedTensor {
  let name = '';
  let dtype = 0;
  let shape: readonly number[] | undefined = [];
  let sparse: SparseNames | undefined;
  let parts: TensorInfo[] | undefined;
  fields(info, {
    1: (pbf) => {
      name = pbf.readString();
    },
    2: (pbf) => {
      dtype = pbf.readVarint();
    },
    3: (pbf) => {
      shape = readShape(pbf);
    },
    4: (pbf) => {
      sparse = readSparse(pbf);
    },
    5: (pbf) => {
      parts = readParts(pbf);
    },
  });
  const encoding = parts !== undefined ? 'composite_tensor' : 'coo_sparse';
  parts ??= sparse && sparseParts(sparse, dtypeName(dtype), shape);
  return { name, dtype: dtypeName(dtype), shape, composite: parts && { encoding, parts } };
}

interface SparseNames {
  readonly values: string;
  readonly indices: string;
  readonly denseShape: string;
}

function readSparse(pbf: PbfReader): SparseNames {
  const names = { values: '', indices: '', denseShape: '' };
  fields(pbf, {
    1: (reader) => {
      names.values = reader.readString();
    },
    2: (reader) => {
      names.indices = reader.readString();
    },
    3: (reader) => {
      names.denseShape = reader.readString();
    },
  });
  return names;
}

function sparseParts(
  { values, indices, denseShape }: SparseNames,
  dtype: string,
  shape: readonly number[] | undefined,
): TensorInfo[] {
  const rank = shape?.length ?? -1;
  return [
    { key: 'values', name: values, dtype, shape: [-1] },
    { key: 'indices', name: indices, dtype: 'DT_INT64', shape: [-1, rank] },
    { key: 'dense_shape', name: denseShape, dtype: 'DT_INT64', shape: [rank] },
  ];
}

function readParts(pbf: PbfReader): TensorInfo[] {
  let typeClass = 0;
  const tensors: NamedTensor[] = [];
  fields(pbf, {
    1: (spec) =>
      fields(spec, {
        1: (reader) => {
          typeClass = reader.readVarint();
        },
      }),
    2: (reader) => tensors.push(readNamedTensor(reader)),
  });
  const keyOf = PARTS_BY_CLASS[typeClass] ?? String;
  return tensors.map(({ name, dtype, shape }, i) => ({ key: keyOf(i), name, dtype, shape }));
}
