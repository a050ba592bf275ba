import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { encode } from '../../function/protobuf/codec.ts';
import { DataType, TensorProto } from '../../function/protobuf/definitions/tensorflow.ts';
import { PredictRequest } from '../../function/protobuf/definitions/tensorflow-serving.ts';
import { type ChildServer, spawnServer } from '../../function/testing/child-process.ts';
import { Http2Peer } from '../../function/testing/http2-peer.ts';
import { freePort } from '../../function/testing/socket.ts';
import { expect, expectRight, type Finding, tally } from './case.ts';
import { peakMemory } from './measure.ts';

/** The head of a Predict call. */
export const PREDICT = [
  ...[':method', 'POST', ':scheme', 'http', ':path', '/tensorflow.serving.PredictionService/Predict'],
  ...[':authority', 'test', 'content-type', 'application/grpc', 'te', 'trailers'],
];

/** A PredictRequest of the celsius model. */
export function predictRequest(rows: number, value = 212): Buffer {
  const tensor = encode(TensorProto, {
    dtype: DataType.values.DT_FLOAT,
    tensor_shape: { dim: [{ size: BigInt(rows) }] },
    tensor_content: Buffer.from(new Float32Array(rows).fill(value).buffer),
  });
  return encode(PredictRequest, {
    model_spec: { name: 'celsius' },
    inputs: new Map([['fahrenheit', tensor]]),
  });
}

/** What HTTP/2 calls its error codes, for the table. */
const NAMES = [
  ...['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT'],
  ...['STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR'],
  ...['CONNECT_ERROR', 'ENHANCE_YOUR_CALM'],
];
export const nameOf = (code: number | undefined): string => NAMES[code ?? -1] ?? 'no answer';

/** Writes what an endless source gives until the server ends the connection. @returns the code of its GOAWAY */
export async function flood(peer: Http2Peer, next: () => Buffer, most = 200 << 20): Promise<string> {
  let open = true;
  const gone = peer.goneAway().catch(() => undefined);
  peer.closed.then(() => {
    open = false;
  });
  for (let sent = 0; open && sent < most; ) {
    const bytes = next();
    sent += bytes.length;
    if (!peer.socket.writable) break;
    if (!peer.socket.write(bytes)) await Promise.race([drained(peer), peer.closed]);
    await immediate(); // what the server says is to be read before it resets the connection
  }
  const code = await Promise.race([gone, sleep(10_000, undefined, { ref: false })]);
  peer.socket.destroy();
  return nameOf(code);
}

const drained = (peer: Http2Peer) => new Promise<void>((resolve) => peer.socket.once('drain', resolve));

/**
 * Attacks the gRPC port of a server while another client goes on calling it, and one asks by HTTP.
 *
 * @param attack gets the gRPC port. @returns what was sent and what came back
 */
export async function underAttack(
  env: Record<string, string>,
  attack: (port: number, server: ChildServer) => Promise<{ sent: string; came: string }>,
): Promise<Finding> {
  const GRPC_PORT = await freePort();
  const server = spawnServer({ env: { GRPC_PORT, ...env } });
  try {
    const url = await server.ready;
    const client = await Http2Peer.open(Number(GRPC_PORT));
    let stream = 1;
    let slowest = 0;
    const call = async () => {
      const asked = performance.now();
      client.write(client.call(stream, predictRequest(1), PREDICT));
      const { fields } = await client.answer(stream);
      stream += 2;
      slowest = Math.max(slowest, performance.now() - asked);
      return fields['grpc-status'] ?? 'none';
    };
    const codes = [await call()];
    slowest = 0;
    let over = false;
    const calling = (async () => {
      while (!over) {
        codes.push(await call());
        await expectRight(url);
        await sleep(20);
      }
    })();
    calling.catch(() => {}); // awaited below, after the attack
    const { sent, came } = await attack(Number(GRPC_PORT), server);
    over = true;
    await calling;
    codes.push(await call());
    client.socket.destroy();
    expect(
      codes.every((code) => code === '0'),
      `others got ${tally(codes)}`,
    );
    const others = `others' ${codes.length} calls answered, the slowest in ${Math.round(slowest)} ms`;
    return { sent, came: `${came}; ${others}`, peak: peakMemory(server.pid) };
  } finally {
    server.child.kill('SIGKILL');
    await server.ended;
  }
}
