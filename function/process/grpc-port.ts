import type { Socket } from 'node:net';
import type { Deps } from '../apis/deps.ts';
import { inferenceMethods } from '../apis/open-inference/grpc.ts';
import { examplesMethods } from '../apis/tensorflow-serving/examples-grpc.ts';
import { metadataMethod } from '../apis/tensorflow-serving/metadata-grpc.ts';
import { type ModelServiceDeps, modelServiceMethods } from '../apis/tensorflow-serving/model-service.ts';
import { predictMethod } from '../apis/tensorflow-serving/predict-grpc.ts';
import type { CallRecord, StreamMethod, UnaryMethod } from '../grpc/call.ts';
import { GrpcService } from '../grpc/grpc-service.ts';
import { HEALTH_FILE, HealthChecks } from '../grpc/health.ts';
import { Reflection } from '../grpc/reflection.ts';
import { GrpcServer } from '../grpc/server.ts';
import { NUMBER_OF } from '../grpc/status.ts';
import { Http2Exchange } from '../http/http2-exchange.ts';
import type { App } from '../http/route.ts';
import type { RequestHead } from '../http2/request-head.ts';
import type { Service } from '../http2/requests.ts';
import type { Stream } from '../http2/stream.ts';
import { GRPC_SERVICE_FILE } from '../protobuf/definitions/open-inference.ts';
import { MODEL_SERVICE_FILE, PREDICTION_SERVICE_FILE } from '../protobuf/definitions/tensorflow-serving.ts';
import type { Room } from '../room.ts';
import type { RouteMeter } from '../telemetry/metrics.ts';
import type { Handshakes } from '../tls/handshakes.ts';
import type { Options } from './options.ts';

/** Streams that a connection may have open. */
const MAX_STREAMS = 128;

/** How often it is looked whether the server has become ready, in ms. */
const HEALTH_EVERY = 200;

export interface GrpcPortDeps extends Deps, ModelServiceDeps {
  /** Answers requests over HTTP/2 that are no calls. */
  readonly app: App;
  /** Answers those who have not shown the certificate that they should, calls and all. */
  readonly guestApp: App;
  /** For the bodies of all requests under way. */
  readonly room: Room;
}

/** The gRPC port: its services, and its life. */
export class GrpcPort {
  readonly #deps: GrpcPortDeps;
  readonly #health = new HealthChecks();
  readonly #server: GrpcServer<unknown>;
  readonly #guests: Service<RequestHead>;
  /** By path. */
  readonly #meters = new Map<string, RouteMeter>();
  readonly #unknown: RouteMeter;
  readonly #healthTimer: NodeJS.Timeout;

  constructor(deps: GrpcPortDeps, options: Options) {
    this.#deps = deps;
    const { metrics, runId, logger, room } = deps;
    const methods = this.#methods();
    // Not by what callers send: the names in metrics stay few.
    for (const { path } of methods) this.#meters.set(path, metrics.route(path));
    this.#unknown = metrics.route('grpc unknown');
    const { bodyLimitBytes } = options;
    const exchange = (app: App) => (head: RequestHead, stream: Stream) =>
      new Http2Exchange(head, stream, app, { bodyLimitBytes, room });
    const service = new GrpcService(
      methods,
      {
        messageLimit: bodyLimitBytes,
        room,
        metadata: ['x-run-id', runId],
        record: this.#record,
        tracer: deps.tracer,
        fault: (error) => logger.error({ err: error }, 'a call failed on a fault of this server'),
      },
      exchange(deps.app),
    );
    this.#guests = { head: (head) => head, open: exchange(deps.guestApp) };
    this.#server = new GrpcServer<unknown>(service, { ...options, maxStreams: MAX_STREAMS });
    this.#healthTimer = setInterval(() => this.tellHealth(), HEALTH_EVERY).unref();
    this.tellHealth();
  }

  #methods(): (UnaryMethod | StreamMethod)[] {
    const files = [PREDICTION_SERVICE_FILE, MODEL_SERVICE_FILE, GRPC_SERVICE_FILE, HEALTH_FILE];
    return [
      predictMethod(this.#deps),
      ...examplesMethods(this.#deps),
      metadataMethod(this.#deps),
      ...modelServiceMethods(this.#deps),
      ...inferenceMethods(this.#deps),
      ...this.#health.methods(),
      ...new Reflection(files).methods(),
    ];
  }

  /** Takes a connection of another port. @param isGuest whether it is of one who is answered by guestApp alone */
  accept(socket: Socket, isGuest: boolean): void {
    this.#server.accept(socket, isGuest ? this.#guests : undefined);
  }

  /** @throws FatalError where the port cannot be had; rejects with it */
  listen(host: string, port: number, handshakes: Handshakes, reusePort: boolean): Promise<number> {
    return this.#server.listen(host, port, handshakes, reusePort);
  }

  /** Tells those who watch where the server stands now; once it is ready it stays so until it drains. */
  tellHealth(): void {
    const phase = this.#deps.phase();
    this.#health.set('', phase === 'ready' ? 'SERVING' : 'NOT_SERVING');
    if (phase !== 'starting') clearInterval(this.#healthTimer);
  }

  /** Stops without losing a call. @returns how many connections had to be cut at the time-out */
  drain(timeoutMs: number): Promise<number> {
    clearInterval(this.#healthTimer);
    return this.#server.drain(timeoutMs);
  }

  readonly #record = ({ call, code, milliseconds }: CallRecord): void => {
    const { logger, logRequests } = this.#deps;
    (this.#meters.get(call.method) ?? this.#unknown).record(
      NUMBER_OF[code],
      milliseconds / 1000,
      call.trace?.traceId,
    );
    if (!logRequests) return;
    const requestId = call.metadata('x-request-id')?.slice(0, 128);
    const rounded = Number(milliseconds.toFixed(3));
    const traceId = call.trace?.traceId;
    logger.info(
      { requestId, traceId, method: call.method.slice(0, 200), code, milliseconds: rounded },
      'call',
    );
  };
}
