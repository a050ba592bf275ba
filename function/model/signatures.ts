import { PbfReader } from 'pbf';
import { fields } from './protobuf.ts';
import { DTYPES, dtypeNumber } from './tensor.ts';

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
}

export interface Signature {
  readonly name: string;
  readonly method: string;
  /** Sorted by key, as TensorFlow Serving lists them. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Why this signature cannot be served; undefined where it can. */
  readonly unsupported: string | undefined;
}

/** Names by number of `enum DataType`, tensorflow/core/framework/types.proto. */
const DTYPE_NAMES = (
  'INVALID FLOAT DOUBLE INT32 UINT8 INT16 INT8 STRING COMPLEX64 INT64 BOOL QINT8 QUINT8 QINT32 BFLOAT16 QINT16 ' +
  'QUINT16 UINT16 COMPLEX128 HALF RESOURCE VARIANT UINT32 UINT64 FLOAT8_E5M2 FLOAT8_E4M3FN'
).split(' ');

/**
 * Reads the signatures of the meta graph tagged `serve` out of a saved_model.pb. Field numbers are those of
 * tensorflow/core/protobuf/saved_model.proto and meta_graph.proto; the graph itself is skipped unread.
 *
 * @returns signatures by name; undefined where no meta graph has the tag `serve`
 * @throws Error where the bytes are no protocol buffer
 */
export function readSignatures(savedModel: Uint8Array): Map<string, Signature> | undefined {
  let found: Map<string, Signature> | undefined;
  fields(new PbfReader(savedModel), {
    2: (metaGraph) => {
      const tags: string[] = [];
      const signatures = new Map<string, Signature>();
      fields(metaGraph, {
        1: (info) => fields(info, { 4: (pbf) => tags.push(pbf.readString()) }),
        5: (entry) => {
          const signature = readSignature(entry);
          signatures.set(signature.name, signature);
        },
      });
      if (tags.includes('serve')) found = signatures;
    },
  });
  return found;
}

function readSignature(entry: PbfReader): Signature {
  let name = '';
  let method = '';
  const inputs: TensorInfo[] = [];
  const outputs: TensorInfo[] = [];
  fields(entry, {
    1: (pbf) => {
      name = pbf.readString();
    },
    2: (definition) =>
      fields(definition, {
        1: (pbf) => inputs.push(readTensorInfo(pbf)),
        2: (pbf) => outputs.push(readTensorInfo(pbf)),
        3: (pbf) => {
          method = pbf.readString();
        },
      }),
  });
  const byKey = (a: TensorInfo, b: TensorInfo) => (a.key < b.key ? -1 : 1);
  inputs.sort(byKey);
  outputs.sort(byKey);
  return {
    name,
    method,
    inputs,
    outputs,
    unsupported: findUnsupported(name, inputs, outputs),
  };
}

function readTensorInfo(entry: PbfReader): TensorInfo {
  let key = '';
  let name = '';
  let dtype = 0;
  const shape: number[] = [];
  let unknownRank = false;
  fields(entry, {
    1: (pbf) => {
      key = pbf.readString();
    },
    2: (info) =>
      fields(info, {
        1: (pbf) => {
          name = pbf.readString();
        },
        2: (pbf) => {
          dtype = pbf.readVarint();
        },
        3: (tensorShape) =>
          fields(tensorShape, {
            2: (dim) => {
              let size = 0;
              fields(dim, {
                1: (pbf) => {
                  size = pbf.readVarint(true);
                },
              });
              shape.push(size);
            },
            3: (pbf) => {
              unknownRank = pbf.readBoolean();
            },
          }),
      }),
  });
  return {
    key,
    name,
    dtype: nameOf(dtype),
    shape: unknownRank ? undefined : shape,
  };
}

/** TensorFlow's name of a dtype, from 101 on those of references. */
function nameOf(dtype: number): string {
  const name = DTYPE_NAMES[dtype % 100];
  return name === undefined || dtype > 200 ? `DT_number ${dtype}` : `DT_${name}${dtype > 100 ? '_REF' : ''}`;
}

/** The first input or output that cannot be served, said in a sentence. */
function findUnsupported(
  signature: string,
  inputs: readonly TensorInfo[],
  outputs: readonly TensorInfo[],
): string | undefined {
  const say = (role: string, info: TensorInfo, why: string) =>
    `signature ${JSON.stringify(signature)}: ${role} ${JSON.stringify(info.key)} ${why}`;
  for (const [role, infos] of [
    ['input', inputs],
    ['output', outputs],
  ] as const) {
    for (const info of infos) {
      if (info.name === '') return say(role, info, 'is a sparse or composite tensor, which is not served');
      if (dtypeNumber(info.dtype) !== undefined) continue;
      const served = [...DTYPES.keys()].join(', ');
      return say(
        role,
        info,
        `has dtype ${info.dtype}, which this server cannot read or write; it serves ${served}`,
      );
    }
  }
  return undefined;
}
