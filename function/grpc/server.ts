import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Connection, type ConnectionLimits } from '../http2/connection.ts';
import type { ConnectionError } from '../http2/protocol.ts';
import type { Service } from '../http2/requests.ts';
import type { Handshakes } from '../tls/handshakes.ts';
import { openPort } from './open-port.ts';

export interface GrpcServerOptions extends ConnectionLimits {
  readonly maxConnections: number;
  /** Told of a connection that ended for what its peer did. */
  readonly onPeerError?: (error: ConnectionError) => void;
}

/** How often connections are looked at for what takes too long. */
const SWEEP_MS = 1000;

/** How long a draining server still takes what was on its way when it said so. */
const GRACE_MS = 1000;

/** The gRPC port: accepts connections, limits them, drains. */
export class GrpcServer<H> {
  readonly #server: Server;
  #handshakes: Handshakes | undefined;
  readonly #service: Service<H>;
  readonly #options: GrpcServerOptions;
  readonly #connections = new Set<Connection<H>>();
  #sweeper: NodeJS.Timeout | undefined;
  /** In ms: goes only while the event loop turns, so that no peer is late for what held it up. */
  #clock = 0;
  #sweptAt = 0;
  /** Time that connections have to end; undefined while the server does not drain. */
  #drainMs: number | undefined;
  #onEmpty: () => void = () => {};

  constructor(service: Service<H>, options: GrpcServerOptions) {
    this.#service = service;
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => {
      if (this.#handshakes === undefined) this.accept(socket);
      else this.#handshakes.begin(socket, (secure) => this.accept(secure));
    });
    this.#server.maxConnections = options.maxConnections;
  }

  /** Calls under way. */
  get inFlight(): number {
    let all = 0;
    for (const { inFlight } of this.#connections) all += inFlight;
    return all;
  }

  /**
   * @param handshakes have this port's own connections encrypted, where they are given
   * @param reusePort beside other servers that do the same
   * @returns the port, which is another than asked for where that was 0
   * @throws FatalError that says what to do where the port cannot be had
   */
  listen(host: string, port: number, handshakes?: Handshakes, reusePort = false): Promise<number> {
    this.#handshakes = handshakes;
    return openPort(this.#server, host, port, reusePort);
  }

  /** Takes a connection, this server's own or one that another gives. @param service what answers its requests */
  accept(socket: Socket, service: Service<H> = this.#service): void {
    this.#startSweeping();
    const connection = new Connection(socket, service, this.#options, this.#clock, (error) => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#onEmpty();
      if (error !== undefined) this.#options.onPeerError?.(error);
    });
    this.#connections.add(connection);
    if (this.#drainMs !== undefined) this.#end(connection, this.#drainMs);
  }

  /** Of one that came while another port's listener was still being emptied. */
  #end(connection: Connection<H>, timeoutMs: number): void {
    connection.announceEnd();
    setTimeout(() => connection.finish(), Math.min(GRACE_MS, timeoutMs)).unref();
    setTimeout(() => connection.destroy(), timeoutMs).unref();
  }

  #startSweeping(): void {
    if (this.#sweeper !== undefined) return;
    const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = this.#options;
    const shortest = Math.min(headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs);
    const period = Math.max(1, Math.min(SWEEP_MS, shortest / 2));
    this.#sweptAt = performance.now();
    this.#sweeper = setInterval(() => {
      const now = performance.now();
      this.#clock += Math.min(now - this.#sweptAt, 2 * period);
      this.#sweptAt = now;
      for (const connection of this.#connections) connection.sweep(this.#clock);
      if (this.#connections.size === 0) this.#stopSweeping();
    }, period).unref();
  }

  #stopSweeping(): void {
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }

  /**
   * Stops without losing a call: says so, takes for a while what was on its way, then refuses new calls and closes each
   * connection with its last answer.
   *
   * @returns how many connections had to be cut at the time-out
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#drainMs = timeoutMs;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
    const closed = this.#server.listening ? once(this.#server, 'close') : Promise.resolve();
    this.#server.close();
    for (const connection of this.#connections) connection.announceEnd();
    const grace = setTimeout(
      () => {
        for (const connection of this.#connections) connection.finish();
        this.#handshakes?.closeAll();
      },
      Math.min(GRACE_MS, timeoutMs),
    );
    let cut = 0;
    const timeout = setTimeout(() => {
      cut = this.#connections.size;
      for (const connection of this.#connections) connection.destroy();
      this.#handshakes?.closeAll();
    }, timeoutMs);
    await Promise.all([empty, closed]);
    clearTimeout(grace);
    clearTimeout(timeout);
    this.#stopSweeping();
    return cut;
  }
}
