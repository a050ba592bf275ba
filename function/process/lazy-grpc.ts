import type { Socket } from 'node:net';
import type { Handshakes } from '../tls/handshakes.ts';
import type { GrpcPort, GrpcPortDeps } from './grpc-port.ts';
import type { Options } from './options.ts';

/** gRPC, whose code is loaded when it is first needed: a cold start does without it for as long as it can. */
export class LazyGrpc {
  readonly #deps: GrpcPortDeps;
  readonly #options: Options;
  #port: Promise<GrpcPort> | undefined;
  #isDraining = false;

  constructor(deps: GrpcPortDeps, options: Options) {
    this.#deps = deps;
    this.#options = options;
  }

  /** @returns the port; undefined where there is to be none @throws FatalError where it cannot be had; rejects with it */
  async listen(handshakes: Handshakes | undefined): Promise<number | undefined> {
    const { host, grpcPort } = this.#options;
    return grpcPort === 0 ? undefined : (await this.#load()).listen(host, grpcPort, handshakes);
  }

  /** Takes a connection that speaks HTTP/2 from the HTTP port. */
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
