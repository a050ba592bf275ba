import { invalidArgument } from '../../errors.ts';
import type { Call, UnaryMethod } from '../../grpc/call.ts';
import { unreadable } from '../../grpc/status.ts';
import type { Default, Signature } from '../../model/signatures.ts';
import type { Composite, TensorInfo as Info } from '../../model/tensor-info.ts';
import { writeTensorProto } from '../../model/tensor-proto.ts';
import { decode, encode, type Written } from '../../protobuf/codec.ts';
import {
  DataType,
  SignatureDef,
  type TensorInfo,
  type TensorShapeProto,
} from '../../protobuf/definitions/tensorflow.ts';
import {
  GetModelMetadataRequest,
  GetModelMetadataResponse,
  PredictionService,
  SignatureDefMap,
} from '../../protobuf/definitions/tensorflow-serving.ts';
import { WireWriter } from '../../protobuf/wire-writer.ts';
import type { Deps } from '../deps.ts';
import { findBySpec } from './model-spec.ts';

const FIELD = 'signature_def';

/** PredictionService.GetModelMetadata: a model's signatures. */
export function metadataMethod({ models }: Pick<Deps, 'models'>): UnaryMethod {
  return { path: `/${PredictionService.name}/GetModelMetadata`, handle };

  function handle({ message }: Call): Buffer {
    const { model_spec, metadata_field: fields } = read(message);
    const served = findBySpec(models, model_spec);
    if (fields.length === 0)
      throw invalidArgument('GetModelMetadataRequest must specify at least one metadata_field');
    const unknown = fields.find((field) => field !== FIELD);
    if (unknown !== undefined)
      throw invalidArgument(`Metadata field ${unknown.slice(0, 100)} is not supported; ${FIELD} is`);
    const { name, version, model } = served;
    const all = [...model.signatures.values(), ...(model.initOp === undefined ? [] : [model.initOp])];
    const value = encode(SignatureDefMap, {
      signature_def: new Map(all.map((signature) => [signature.name, signatureDef(signature)])),
    });
    const type_url = `type.googleapis.com/${SignatureDefMap.name}`;
    return encode(GetModelMetadataResponse, {
      model_spec: { name, version: { value: BigInt(version) } },
      metadata: new Map([[FIELD, { type_url, value }]]),
    });
  }
}

function read(message: Buffer) {
  try {
    return decode(GetModelMetadataRequest, message);
  } catch (error) {
    throw unreadable(error);
  }
}

function signatureDef({ inputs, outputs, method, defaults }: Signature): Buffer {
  return encode(SignatureDef, {
    inputs: infos(inputs),
    outputs: infos(outputs),
    method_name: method,
    defaults: new Map([...(defaults ?? [])].map(([key, initial]) => [key, defaultProto(initial)])),
  });
}

/** The parts of a sparse or ragged tensor are shown as the file has them: as one. */
function infos(all: readonly Info[]): Map<string, Written<typeof TensorInfo>> {
  return new Map(
    all.map(({ key, name, dtype, shape, partOf }) =>
      partOf === undefined
        ? [key, { name, dtype: dtypeValue(dtype), tensor_shape: shapeProto(shape) }]
        : [partOf.key, compositeInfo(partOf)],
    ),
  );
}

/** Of a ragged tensor the parts are left out: our table of messages has no TypeSpec. */
function compositeInfo({ dtype, shape, encoding, parts }: Composite): Written<typeof TensorInfo> {
  const nameOf = (key: string) => parts.find((part) => part.key === key)?.name ?? '';
  return {
    dtype: dtypeValue(dtype),
    tensor_shape: shapeProto(shape),
    ...(encoding === 'coo_sparse' && {
      coo_sparse: {
        values_tensor_name: nameOf('values'),
        indices_tensor_name: nameOf('indices'),
        dense_shape_tensor_name: nameOf('dense_shape'),
      },
    }),
  };
}

const DTYPES: ReadonlyMap<string, number> = new Map(Object.entries(DataType.values));

/** Of `DT_FLOAT` and the like; TensorFlow adds 100 for a reference. */
function dtypeValue(name: string): number {
  const value = DTYPES.get(name.replace(/_REF$/, '')) ?? 0;
  return name.endsWith('_REF') ? value + 100 : value;
}

function shapeProto(shape: readonly number[] | undefined): Written<typeof TensorShapeProto> {
  if (shape === undefined) return { unknown_rank: true };
  return { dim: shape.map((size) => ({ size: BigInt(size) })) };
}

function defaultProto({ proto: { dtype }, shape, data }: Default): Buffer {
  const writer = new WireWriter();
  const buffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements = data instanceof Uint8Array ? buffer(data) : data.map(buffer);
  writeTensorProto(writer, { dtype, shape, data: elements });
  return writer.finish();
}
