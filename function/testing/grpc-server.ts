import type { Test } from 'tap';
import type { CallRecord, StreamMethod, UnaryMethod } from '../grpc/call.ts';
import { GrpcService } from '../grpc/grpc-service.ts';
import { GrpcServer, type GrpcServerOptions } from '../grpc/server.ts';
import { Room } from '../room.ts';
import type { Handshakes } from '../tls/handshakes.ts';

export const GRPC_LIMITS: GrpcServerOptions = {
  maxStreams: 128,
  maxConnections: 100,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
};

export interface TestGrpcServer {
  readonly server: GrpcServer<unknown>;
  readonly port: number;
  /** Calls that have ended. */
  readonly records: CallRecord[];
  /** What connections were ended for. */
  readonly peerErrors: string[];
  readonly faults: unknown[];
}

/** A gRPC server on a free port, closed when the test is over. */
export async function serveGrpc(
  t: Test,
  methods: readonly (UnaryMethod | StreamMethod)[],
  options: Partial<GrpcServerOptions> & {
    messageLimit?: number;
    room?: number;
    handshakes?: Handshakes;
  } = {},
): Promise<TestGrpcServer> {
  const { messageLimit = 1 << 20, room = 1 << 26, handshakes, ...limits } = options;
  const records: CallRecord[] = [];
  const peerErrors: string[] = [];
  const faults: unknown[] = [];
  const service = new GrpcService(methods, {
    messageLimit,
    room: new Room(room),
    metadata: ['x-run-id', 'run-1'],
    record: (record) => records.push(record),
    fault: (error) => faults.push(error),
  });
  const server = new GrpcServer(service, {
    ...GRPC_LIMITS,
    ...limits,
    onPeerError: ({ message }) => peerErrors.push(message),
  });
  const port = await server.listen('127.0.0.1', 0, handshakes);
  t.teardown(() => server.drain(0));
  return { server, port, records, peerErrors, faults };
}
