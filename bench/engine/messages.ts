import { type ClientHttp2Session, connect } from 'node:http2';
import { readTensorProto, type WireTensor, writeTensorProto } from '../../function/model/tensor-proto.ts';
import { decode, encode } from '../../function/protobuf/codec.ts';
import { DataType } from '../../function/protobuf/definitions/tensorflow.ts';
import { PredictRequest, PredictResponse } from '../../function/protobuf/definitions/tensorflow-serving.ts';
import { WireWriter } from '../../function/protobuf/wire-writer.ts';

/** float32 numbers, and the shape that they have. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Buffer;
}

/** Of lists within lists, as JSON has them. @throws Error where they are not all of one length */
export function numbersOf(nested: unknown): Numbers {
  const shape: number[] = [];
  for (let inner = nested; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const flat = Array.isArray(nested) ? nested.flat(Number.POSITIVE_INFINITY) : [nested];
  const numbers = Float32Array.from(flat, Number);
  if (numbers.length !== shape.reduce((product, size) => product * size, 1))
    throw new Error(`no tensor of shape [${shape}]`);
  return { shape, data: Buffer.from(numbers.buffer) };
}

/** Lists within lists again. */
export function nestedOf({ shape, data }: Numbers): unknown {
  const aligned = Uint8Array.from(data);
  let level: unknown[] = [...new Float32Array(aligned.buffer)];
  for (const size of shape.slice(1).toReversed())
    level = Array.from({ length: level.length / size }, (_, i) => level.slice(i * size, (i + 1) * size));
  return shape.length === 0 ? level[0] : level;
}

const FLOAT = DataType.values.DT_FLOAT;
/** Of a gRPC message: not compressed, and its length. */
const PREFIX_BYTES = 5;

/** A gRPC message: a PredictRequest, its tensor as `tensor_content`, as fast clients send it, or as `float_val`. */
export function predictBody(model: string, input: string, { shape, data }: Numbers): Buffer {
  const writer = new WireWriter(data.length + 256);
  writeTensorProto(writer, { dtype: FLOAT, shape, data });
  const inputs = new Map([[input, writer.finish()]]);
  const request = encode(PredictRequest, { model_spec: { name: model }, inputs });
  const message = Buffer.alloc(PREFIX_BYTES + request.length);
  message.writeUInt32BE(request.length, 1);
  request.copy(message, PREFIX_BYTES);
  return message;
}

/** What a gRPC message with a PredictResponse says. */
export function predictionsIn(message: Buffer): Numbers {
  const { outputs } = decode(PredictResponse, message.subarray(PREFIX_BYTES));
  const [proto] = outputs.values();
  if (proto === undefined) throw new Error('no output');
  return floatsOf(readTensorProto(proto, 'output', 1 << 30));
}

function floatsOf({ dtype, shape, data }: WireTensor): Numbers {
  if (dtype !== FLOAT || !Buffer.isBuffer(data)) throw new Error(`dtype ${dtype} is not float32`);
  return { shape, data };
}

const HEADER_LENGTH = 'inference-header-content-length';

/** A request of Open Inference V2, its tensor after the JSON, and the headers that say so. */
export function inferBody(input: string, { shape, data }: Numbers): { body: Buffer; headers: string[] } {
  const json = JSON.stringify({
    inputs: [{ name: input, shape, datatype: 'FP32', parameters: { binary_data_size: data.length } }],
    parameters: { binary_data_output: true },
  });
  const headers = ['content-type: application/octet-stream', `${HEADER_LENGTH}: ${json.length}`];
  return { body: Buffer.concat([Buffer.from(json), data]), headers };
}

/** What a V2 answer with one binary output says. */
export function inferenceIn(body: Buffer, headers: Headers): Numbers {
  const length = Number(headers.get(HEADER_LENGTH));
  const [, sizes = ''] = /"shape":\[([\d,]*)\]/.exec(body.toString('utf8', 0, length)) ?? [];
  return { shape: sizes.split(',').map(Number), data: body.subarray(length) };
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
