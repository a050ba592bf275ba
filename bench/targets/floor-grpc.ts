/** The floor of gRPC: what node:http2 costs when nothing is computed. It reads the whole message, and answers with a constant. */
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { writeTensorProto } from '../../function/model/tensor-proto.ts';
import { encode } from '../../function/protobuf/codec.ts';
import { DataType } from '../../function/protobuf/definitions/tensorflow.ts';
import { PredictResponse } from '../../function/protobuf/definitions/tensorflow-serving.ts';
import { WireWriter } from '../../function/protobuf/wire-writer.ts';

/** Of a gRPC message: not compressed, and its length. */
const PREFIX_BYTES = 5;

/** A message with what celsius answers to 212 °F. */
function constant(): Buffer {
  const writer = new WireWriter(64);
  const data = Buffer.from(Float32Array.of(100).buffer);
  writeTensorProto(writer, { dtype: DataType.values.DT_FLOAT, shape: [1], data });
  const response = encode(PredictResponse, {
    model_spec: { name: 'celsius', version: { value: 1n }, signature_name: 'serving_default' },
    outputs: new Map([['celsius', writer.finish()]]),
  });
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(response.length, 1);
  return Buffer.concat([prefix, response]);
}

/** Answers every call on a port of the loopback interface. */
export function listen(port: number): void {
  const answer = constant();
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.on('error', () => {}); // a client that goes away
    stream.resume();
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.end(answer);
    });
  });
  server.listen(port, '127.0.0.1');
}
