import { setImmediate as immediate } from 'node:timers/promises';
import { Frame } from '../../function/http2/protocol.ts';
import { frame, Http2Peer, uint32 } from '../../function/testing/http2-peer.ts';
import { post, RawConnection } from '../../function/testing/socket.ts';
import { PREDICT, predictRequest } from './http2-attack.ts';

const LARGE_BYTES = 70_000;
const GRPC_CANCEL = 8;
/** A connection's window for answers, which this client does not widen, is enough for more than these. */
const CALLS_A_CONNECTION = 200;

const predict = (model: string, body: string, headers: readonly string[] = []) =>
  post(`/v1/models/${model}:predict`, body, headers);
const infer = (data: unknown) =>
  JSON.stringify({ inputs: [{ name: 'fahrenheit', datatype: 'FP32', shape: [2], data }] });

/** A run of some 1 ms. */
const SLOW = '{"instances":[{"x":1,"products":10}]}';
const large = `{"fahrenheit":212${' '.repeat(LARGE_BYTES)}}`;
const rows = `{"instances":[${'98.6,'.repeat(LARGE_BYTES / 5)}98.6]}`;

/** Requests that one connection sends, and waits for their answers. */
const ASKED: readonly string[] = [
  post('/celsius', '{"fahrenheit":212}'),
  post('/celsius', '{"fahrenheit":[212,32,-40]}'),
  post('/celsius', large),
  post('/celsius', large, ['te: trailers']), // read by node:http
  predict('celsius', '{"instances":[212,32]}'),
  predict('celsius', rows),
  predict('celsius', SLOW.slice(0, -1)),
  predict('celsius', `${rows.slice(0, -2)},"a"]}`),
  predict('nope', '{"instances":[212]}'),
  predict('failing', '{"instances":["1e3"]}'),
  predict('failing', '{"instances":["no number"]}'),
  predict('slow', SLOW),
  predict('slow', SLOW, ['x-request-timeout-ms: 1']),
  post('/v2/models/celsius/infer', infer([212, 32])),
  post('/v2/models/celsius/infer', infer([212, 'a'])),
  post('/v2/models/celsius/infer', `${infer([212, 32])}${' '.repeat(LARGE_BYTES)}`),
  post('/v2/models/celsius/infer', `${infer([212, 32])}${' '.repeat(LARGE_BYTES)}]`),
  'GET /v1/models/celsius/metadata HTTP/1.1\r\nhost: t\r\naccept-encoding: gzip\r\n\r\n',
];

/** Requests whose client goes: before its body is whole, or before its answer is there. */
const LEFT: readonly string[] = [
  predict('slow', SLOW),
  predict('celsius', rows),
  post('/celsius', large).slice(0, LARGE_BYTES - 1000),
  post('/celsius', large, ['te: trailers']).slice(0, LARGE_BYTES - 1000),
];

/** Fields that are added to a Predict call. */
const CALLS: readonly (readonly string[])[] = [[], ['grpc-timeout', '1m'], ['grpc-timeout', '1n']];

/** One client of a server by REST and by gRPC, whose requests are right, wrong, too late, cancelled or left alone. */
export class MixedClient {
  readonly #url: string;
  readonly #grpcPort: number;
  #http: RawConnection | undefined;
  #grpc: Http2Peer | undefined;
  #stream = 1;
  #sent = 0;

  constructor(url: string, grpcPort: number) {
    this.#url = url;
    this.#grpcPort = grpcPort;
  }

  /** Sends one request of each kind. @returns for each what came of it */
  async round(): Promise<string[]> {
    const came: string[] = [];
    for (const request of ASKED) came.push(await this.#ask(request));
    for (const request of LEFT) came.push(await this.#leave(request));
    for (const fields of CALLS) came.push(await this.#call(fields));
    came.push(await this.#cancel());
    if (this.#sent > CALLS_A_CONNECTION) this.#end();
    return came;
  }

  close(): void {
    this.#http?.destroy();
    this.#end();
  }

  async #ask(request: string): Promise<string> {
    if (this.#http?.open !== true) this.#http = await RawConnection.open(this.#url);
    this.#http.write(request);
    return String((await this.#http.answer())?.status ?? 'no answer');
  }

  async #leave(request: string): Promise<string> {
    const connection = await RawConnection.open(this.#url);
    connection.write(request);
    await immediate();
    connection.socket.resetAndDestroy();
    await connection.closed;
    return 'left';
  }

  async #peer(): Promise<Http2Peer> {
    this.#grpc ??= await Http2Peer.open(this.#grpcPort);
    this.#sent++;
    return this.#grpc;
  }

  async #call(fields: readonly string[]): Promise<string> {
    const peer = await this.#peer();
    const stream = this.#next();
    peer.write(peer.call(stream, predictRequest(1), [...PREDICT, ...fields]));
    return `gRPC ${(await peer.answer(stream)).fields['grpc-status'] ?? 'none'}`;
  }

  /** Half of them in the midst of their message. */
  async #cancel(): Promise<string> {
    const peer = await this.#peer();
    const stream = this.#next();
    const call = peer.call(stream, predictRequest(10), PREDICT);
    peer.write(this.#sent % 2 === 0 ? call : peer.headers(stream, PREDICT));
    await immediate();
    peer.write(frame(Frame.RST_STREAM, 0, stream, uint32(GRPC_CANCEL)));
    return 'cancelled';
  }

  #next(): number {
    this.#stream += 2;
    return this.#stream - 2;
  }

  /** With a call under way. */
  #end(): void {
    this.#grpc?.write(this.#grpc.call(this.#next(), predictRequest(1), PREDICT));
    this.#grpc?.socket.destroy();
    this.#grpc = undefined;
    this.#stream = 1;
    this.#sent = 0;
  }
}
