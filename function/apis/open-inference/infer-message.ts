import { invalidArgument } from '../../errors.ts';
import type { WireTensor } from '../../model/tensor-proto.ts';
import { decode } from '../../protobuf/codec.ts';
import { ModelInferRequest } from '../../protobuf/definitions/open-inference.ts';
import {
  countVarints,
  type Elements,
  PackedList,
  readBools,
  readVarints,
  writeVarints,
} from '../../protobuf/packed.ts';
import { Wire, WireReader } from '../../protobuf/wire-reader.ts';
import { WireWriter } from '../../protobuf/wire-writer.ts';
import {
  bytesOf,
  type Datatype,
  datatypeOf,
  dtypeOf,
  elementsOf,
  rawOfTensor,
  readDatatype,
  tensorOfRaw,
} from './datatypes.ts';
import { checkParameters, type InferRequest, type InferResponse } from './infer.ts';

/** A request, and which model it is for. */
export interface InferCall extends InferRequest {
  readonly modelName: string;
  /** '' for whichever is the default. */
  readonly modelVersion: string;
}

/** The list of InferTensorContents for a datatype. The 16-bit floats have none: they are sent as raw contents alone. */
const CONTENTS: Readonly<Partial<Record<Datatype, { field: number; wire: number; varints?: Elements }>>> = {
  BOOL: { field: 1, wire: Wire.VARINT, varints: { bytes: 1, signed: false } },
  INT8: { field: 2, wire: Wire.VARINT, varints: { bytes: 1, signed: true } },
  INT16: { field: 2, wire: Wire.VARINT, varints: { bytes: 2, signed: true } },
  INT32: { field: 2, wire: Wire.VARINT, varints: { bytes: 4, signed: true } },
  INT64: { field: 3, wire: Wire.VARINT, varints: { bytes: 8, signed: true } },
  UINT8: { field: 4, wire: Wire.VARINT, varints: { bytes: 1, signed: false } },
  UINT16: { field: 4, wire: Wire.VARINT, varints: { bytes: 2, signed: false } },
  UINT32: { field: 4, wire: Wire.VARINT, varints: { bytes: 4, signed: false } },
  UINT64: { field: 5, wire: Wire.VARINT, varints: { bytes: 8, signed: false } },
  FP32: { field: 6, wire: Wire.FIXED32 },
  FP64: { field: 7, wire: Wire.FIXED64 },
  BYTES: { field: 8, wire: Wire.BYTES },
};

/**
 * Reads a ModelInferRequest. Tensors are views of the message where they were sent as raw contents, or as floats.
 *
 * @returns `binary` says whether the request had raw contents: then the answer should, too
 * @throws RequestError INVALID_ARGUMENT
 * @throws WireError where the bytes are no message
 */
export function readInferRequest(message: Buffer): InferCall {
  const request = decode(ModelInferRequest, message);
  const raws = request.raw_input_contents;
  const binary = raws.length > 0;
  if (binary && raws.length !== request.inputs.length)
    throw invalidArgument(`${raws.length} raw_input_contents for ${request.inputs.length} inputs`);
  checkParameters(request.parameters.keys(), 'the request');
  const inputs = request.inputs.map(({ name, datatype, shape, parameters, contents }, i) => {
    const what = `input ${JSON.stringify(name.slice(0, 100))}`;
    checkParameters(parameters.keys(), what);
    const sizes = shape.map(Number);
    const type = readDatatype(datatype, what);
    const raw = raws[i];
    if (raw === undefined) return { name, tensor: tensorOfContents(type, sizes, contents ?? EMPTY, what) };
    if (contents !== undefined && contents.length > 0)
      throw invalidArgument(`${what}: contents and raw_input_contents; send one of them`);
    return { name, tensor: tensorOfRaw(type, sizes, raw, what) };
  });
  const outputs = request.outputs.map(({ name, parameters }) => {
    checkParameters(parameters.keys(), `output ${JSON.stringify(name.slice(0, 100))}`);
    return { name, binary };
  });
  const { model_name: modelName, model_version: modelVersion, id } = request;
  return { modelName, modelVersion, id, inputs, outputs, binary };
}

function tensorOfContents(
  datatype: Datatype,
  shape: readonly number[],
  contents: Buffer,
  what: string,
): WireTensor {
  const layout = CONTENTS[datatype];
  if (layout === undefined)
    throw invalidArgument(`${what}: ${datatype} can be sent as raw_input_contents alone`);
  const elements = elementsOf(shape, what);
  const { list, strings } = readContents(contents, layout);
  if (datatype === 'BYTES') {
    checkCount(strings.length, elements, datatype, shape, what);
    return { dtype: dtypeOf(datatype), shape, data: strings };
  }
  const count = layout.varints === undefined ? list.length / bytesOf(datatype) : countVarints(list);
  checkCount(count, elements, datatype, shape, what);
  let data = list;
  if (datatype === 'BOOL') data = readBools(list, count);
  else if (layout.varints !== undefined) data = readVarints(list, count, layout.varints.bytes);
  return { dtype: dtypeOf(datatype), shape, data };
}

function checkCount(
  count: number,
  elements: number,
  datatype: Datatype,
  shape: readonly number[],
  what: string,
): void {
  if (count !== elements)
    throw invalidArgument(`${what}: ${count} elements, but ${datatype} of shape [${shape}] has ${elements}`);
}

function readContents(contents: Buffer, { field, wire }: { field: number; wire: number }) {
  const list = new PackedList();
  const strings: Buffer[] = [];
  const reader = new WireReader(contents);
  while (reader.next()) {
    if (reader.number !== field || (reader.wire !== wire && reader.wire !== Wire.BYTES)) reader.skip();
    else if (wire === Wire.BYTES) strings.push(reader.bytes());
    else list.add(reader.encoded());
  }
  return { list: list.bytes, strings };
}

/** What a tensor's head, its name and the message's own fields take, and more. */
const HEAD_BYTES = 128;

/**
 * A ModelInferResponse, written in one pass.
 *
 * @param raw whether outputs go as raw contents: all of them do, or none
 * @throws TypeError for a dtype that the protocol has no name for
 */
export function inferResponse(response: InferResponse, raw: boolean): Buffer {
  const { outputs } = response;
  const datatypes = outputs.map(({ name, tensor }) => {
    const datatype = datatypeOf(tensor.dtype);
    if (datatype === undefined) throw new TypeError(`output ${name}: no datatype for dtype ${tensor.dtype}`);
    return datatype;
  });
  const asRaw = raw || datatypes.some((datatype) => CONTENTS[datatype] === undefined);
  const raws = outputs.map(({ tensor }) => (asRaw ? rawOfTensor(tensor) : EMPTY));
  const size = outputs.reduce(
    (sum, { tensor }, i) => sum + HEAD_BYTES + (raws[i]?.length ?? 0) + tensor.data.length,
    0,
  );
  const writer = new WireWriter(HEAD_BYTES + size);
  if (asRaw) for (const contents of raws.toReversed()) writer.bytes(6, contents);
  for (let i = outputs.length - 1; i >= 0; i--) {
    const output = outputs[i];
    const datatype = datatypes[i];
    if (output === undefined || datatype === undefined) continue;
    const before = writer.size;
    if (!asRaw) writeContents(writer, datatype, output.tensor);
    const shape = writer.size;
    for (const dimension of output.tensor.shape.toReversed()) writer.uint64(BigInt(dimension));
    if (output.tensor.shape.length > 0) writer.message(3, shape);
    writer.string(2, datatype);
    writer.string(1, output.name);
    writer.message(5, before);
  }
  if (response.id !== '') writer.string(3, response.id);
  writer.string(2, response.modelVersion);
  writer.string(1, response.modelName);
  return writer.finish();
}

function writeContents(writer: WireWriter, datatype: Datatype, { data }: WireTensor): void {
  const layout = CONTENTS[datatype];
  if (layout === undefined) return;
  const contents = writer.size;
  if (!Buffer.isBuffer(data)) for (const string of data.toReversed()) writer.bytes(layout.field, string);
  else if (data.length > 0) {
    const list = writer.size;
    if (layout.varints === undefined) writer.raw(data);
    else writeVarints(writer, data, layout.varints);
    writer.message(layout.field, list);
  }
  writer.message(5, contents);
}

const EMPTY = Buffer.alloc(0);
