import { type ClientHttp2Session, connect } from 'node:http2';
import { readTensorProto, type WireTensor, writeTensorProto } from '../../function/model/tensor-proto.ts';
import { decode, encode } from '../../function/protobuf/codec.ts';
import { DataType } from '../../function/protobuf/definitions/tensorflow.ts';
import { PredictRequest, PredictResponse } from '../../function/protobuf/definitions/tensorflow-serving.ts';
import { WireWriter } from '../../function/protobuf/wire-writer.ts';

const T = DataType.values;

/** Types of the models' inputs, as `expected.json` names them, and what the protocols call them. */
const DTYPES = {
  float32: { dtype: T.DT_FLOAT, v2: 'FP32' },
  int32: { dtype: T.DT_INT32, v2: 'INT32' },
  string: { dtype: T.DT_STRING, v2: 'BYTES' },
} as const;
export type Dtype = keyof typeof DTYPES;

/** Numbers or strings, and the shape that they have. */
export interface Tensor extends WireTensor {
  readonly name: Dtype;
}

/** @throws Error for a type that no model's input has */
export function dtypeOf(name: string): Dtype {
  if (name === 'float32' || name === 'int32' || name === 'string') return name;
  throw new Error(`no way to write ${name}`);
}

/** Of lists within lists, as JSON has them. @throws Error where they are not all of one length */
export function tensorOf(nested: unknown, name: Dtype = 'float32'): Tensor {
  const shape: number[] = [];
  for (let inner = nested; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const flat: unknown[] = Array.isArray(nested) ? nested.flat(Number.POSITIVE_INFINITY) : [nested];
  if (flat.length !== shape.reduce((product, size) => product * size, 1))
    throw new Error(`no tensor of shape [${shape}]`);
  const { dtype } = DTYPES[name];
  if (name === 'string') return { name, dtype, shape, data: flat.map((text) => Buffer.from(String(text))) };
  const numbers = name === 'int32' ? Int32Array.from(flat, Number) : Float32Array.from(flat, Number);
  return { name, dtype, shape, data: Buffer.from(numbers.buffer) };
}

/** Lists within lists again, of float32. @throws Error for another type */
export function nestedOf({ dtype, shape, data }: WireTensor): unknown {
  if (dtype !== T.DT_FLOAT || !Buffer.isBuffer(data)) throw new Error(`dtype ${dtype} is not float32`);
  const aligned = Uint8Array.from(data);
  let level: unknown[] = [...new Float32Array(aligned.buffer)];
  for (const size of shape.slice(1).toReversed())
    level = Array.from({ length: level.length / size }, (_, i) => level.slice(i * size, (i + 1) * size));
  return shape.length === 0 ? level[0] : level;
}

/** Of a gRPC message: not compressed, and its length. */
const PREFIX_BYTES = 5;

/** A gRPC message: a PredictRequest, its numbers as `tensor_content`, as fast clients send them. */
export function predictBody(model: string, input: string, tensor: Tensor): Buffer {
  const writer = new WireWriter(bytesOf(tensor).length + 256);
  writeTensorProto(writer, tensor);
  const inputs = new Map([[input, writer.finish()]]);
  const request = encode(PredictRequest, { model_spec: { name: model }, inputs });
  const message = Buffer.alloc(PREFIX_BYTES + request.length);
  message.writeUInt32BE(request.length, 1);
  request.copy(message, PREFIX_BYTES);
  return message;
}

/** What a gRPC message with a PredictResponse says. */
export function predictionsIn(message: Buffer): WireTensor {
  const { outputs } = decode(PredictResponse, message.subarray(PREFIX_BYTES));
  const [proto] = outputs.values();
  if (proto === undefined) throw new Error('no output');
  return readTensorProto(proto, 'output', 1 << 30);
}

/** As V2 has them after its JSON: of strings each with its length before it. */
function bytesOf({ data }: Tensor): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Buffer.concat(
    data.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return [length, text];
    }),
  );
}

const HEADER_LENGTH = 'inference-header-content-length';

/** A request of Open Inference V2, its tensor after the JSON, and the headers that say so. */
export function inferBody(input: string, tensor: Tensor): { body: Buffer; headers: string[] } {
  const { name, shape } = tensor;
  const data = bytesOf(tensor);
  const parameters = { binary_data_size: data.length };
  const json = JSON.stringify({
    inputs: [{ name: input, shape, datatype: DTYPES[name].v2, parameters }],
    parameters: { binary_data_output: true },
  });
  const headers = ['content-type: application/octet-stream', `${HEADER_LENGTH}: ${json.length}`];
  return { body: Buffer.concat([Buffer.from(json), data]), headers };
}

/** What a V2 answer with one binary output of float32 says. */
export function inferenceIn(body: Buffer, headers: Headers): WireTensor {
  const length = Number(headers.get(HEADER_LENGTH));
  const [, sizes = ''] = /"shape":\[([\d,]*)\]/.exec(body.toString('utf8', 0, length)) ?? [];
  return { dtype: T.DT_FLOAT, shape: sizes.split(',').map(Number), data: body.subarray(length) };
}

/** One gRPC call. @returns the answer's body @throws Error where it failed */
export async function call(origin: string, path: string, body: Buffer): Promise<Buffer> {
  const session = connect(origin);
  try {
    return await request(session, path, body);
  } finally {
    session.destroy();
  }
}

function request(session: ClientHttp2Session, path: string, body: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  session.on('error', reject);
  const stream = session.request({
    ...{ ':method': 'POST', ':path': path },
    ...{ 'content-type': 'application/grpc', te: 'trailers' },
  });
  const parts: Buffer[] = [];
  let status: unknown;
  const note = (headers: Record<string, unknown>) => {
    status = headers['grpc-status'] ?? status;
  };
  stream.on('response', note);
  stream.on('trailers', note);
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('error', reject);
  stream.on('end', () => {
    if (String(status) === '0') resolve(Buffer.concat(parts));
    else reject(new Error(`grpc-status ${status}`));
  });
  stream.end(body);
  return promise;
}
