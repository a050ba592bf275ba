import { createServer, type Server, type Socket } from 'node:net';
import { openPort } from '../grpc/open-port.ts';
import type { Handshakes } from '../tls/handshakes.ts';
import type { GrpcPort, GrpcPortDeps } from './grpc-port.ts';
import type { Options } from './options.ts';

/**
 * gRPC, whose code is loaded with the first connection: a cold start does without it, and so does the memory of who never
 * calls.
 */
export class LazyGrpc {
  readonly #deps: GrpcPortDeps;
  readonly #options: Options;
  #port: Promise<GrpcPort> | undefined;
  #listener: Server | undefined;
  #isDraining = false;

  constructor(deps: GrpcPortDeps, options: Options) {
    this.#deps = deps;
    this.#options = options;
  }

  /** @returns the port; undefined where there is to be none @throws FatalError where it cannot be had; rejects with it */
  async listen(handshakes: Handshakes | undefined): Promise<number | undefined> {
    const { host, grpcPort, maxConnections, eventLoops } = this.#options;
    const reusePort = eventLoops > 1;
    if (grpcPort === 0) return undefined;
    if (handshakes !== undefined) return (await this.#load()).listen(host, grpcPort, handshakes, reusePort);
    this.#listener = createServer({ noDelay: true }, (socket) => this.accept(socket, false));
    this.#listener.maxConnections = maxConnections;
    return openPort(this.#listener, host, grpcPort, reusePort);
  }

  /** Takes a connection of the port's own, or one that speaks HTTP/2 from the HTTP port. */
  readonly accept = async (socket: Socket, isGuest: boolean): Promise<void> => {
    const drop = () => {
      socket.destroy();
    };
    if (this.#isDraining && this.#port === undefined) return drop();
    socket.on('error', drop);
    const port = await this.#load();
    socket.off('error', drop);
    if (!socket.destroyed) port.accept(socket, isGuest);
  };

  /** Tells those who watch where the server stands now. */
  async tellHealth(): Promise<void> {
    (await this.#port)?.tellHealth();
  }

  /** Stops without losing a call. @returns how many connections had to be cut at the time-out */
  async drain(timeoutMs: number): Promise<number> {
    this.#isDraining = true;
    this.#listener?.close();
    return (await this.#port)?.drain(timeoutMs) ?? 0;
  }

  #load(): Promise<GrpcPort> {
    this.#port ??= this.#open();
    return this.#port;
  }

  async #open(): Promise<GrpcPort> {
    const { GrpcPort } = await import('./grpc-port.ts');
    return new GrpcPort(this.#deps, this.#options);
  }
}
