import { PbfReader } from 'pbf';
import { messageOf } from '../errors.ts';
import { elementsOf, readTensorProto, type TensorProto } from './constant-tensor.ts';
import { fields } from './protobuf.ts';
import { DTYPES, dtypeNumber, valueDtypeNumber } from './tensor.ts';
import { dtypeName, readTensorInfos, type TensorInfo } from './tensor-info.ts';

export type { TensorInfo };

/** What an input is where a request does not give it. */
export interface Default {
  /** As it stands in the file. */
  readonly proto: TensorProto;
  readonly shape: readonly number[];
  /** Elements as bytes, row-major and little-endian; strings one by one. */
  readonly data: Uint8Array | readonly Uint8Array[];
}

export interface Signature {
  readonly name: string;
  readonly method: string;
  /** Sorted by key, as TensorFlow Serving lists them. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Input → its value where a request leaves it out (SignatureDef.defaults, TensorFlow 2.16 and newer). */
  readonly defaults?: ReadonlyMap<string, Default>;
  /** Why this signature cannot be served; undefined where it can. */
  readonly unsupported: string | undefined;
}

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
  const defaults = new Map<string, Default>();
  let fault: string | undefined;
  fields(entry, {
    1: (pbf) => {
      name = pbf.readString();
    },
    2: (definition) =>
      fields(definition, {
        1: (pbf) => inputs.push(...readTensorInfos(pbf)),
        2: (pbf) => outputs.push(...readTensorInfos(pbf)),
        3: (pbf) => {
          method = pbf.readString();
        },
        4: (pbf) => {
          const { key, proto } = readDefault(pbf);
          try {
            defaults.set(key, { proto, shape: proto.shape ?? [], data: elementsOf(proto) });
          } catch (error) {
            fault ??= `the default of input ${JSON.stringify(key)} is no tensor: ${messageOf(error)}`;
          }
        },
      }),
  });
  const byKey = (a: TensorInfo, b: TensorInfo) => (a.key < b.key ? -1 : 1);
  inputs.sort(byKey);
  outputs.sort(byKey);
  for (const { key, dtype } of inputs) {
    const proto = defaults.get(key)?.proto;
    if (proto !== undefined && proto.dtype !== valueDtypeNumber(dtype))
      fault ??= `the default of input ${JSON.stringify(key)} is ${dtypeName(proto.dtype)}, and the input ${dtype}`;
  }
  return {
    name,
    method,
    inputs,
    outputs,
    ...(defaults.size > 0 && { defaults }),
    unsupported:
      findUnsupported(name, inputs, outputs) ?? (fault && `signature ${JSON.stringify(name)}: ${fault}`),
  };
}

function readDefault(entry: PbfReader): { key: string; proto: TensorProto } {
  let key = '';
  let proto: TensorProto = { dtype: 0, shape: [], content: new Uint8Array(), values: undefined };
  fields(entry, {
    1: (pbf) => {
      key = pbf.readString();
    },
    2: (pbf) => {
      proto = readTensorProto(pbf);
    },
  });
  return { key, proto };
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
      if (info.name === '') return say(role, info, 'names no tensor of the graph');
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
