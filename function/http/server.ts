import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Room } from '../room.ts';
import type { Handshakes, TakeSecure } from '../tls/handshakes.ts';
import { AcceptQueue } from './accept-queue.ts';
import { BufferedMessage } from './buffered-message.ts';
import { badRequest, HttpError, noRoom, unreadable } from './errors.ts';
import { FastLane, type TakeHttp2 } from './fast-lane.ts';
import type { SocketReader } from './large-body.ts';
import { listenOn } from './listen.ts';
import { EMPTY, type HttpResponse, headText, UNREAD } from './message.ts';
import { NodeRequest } from './node-request.ts';
import type { App } from './route.ts';
import { Stalls } from './stalls.ts';

/** Limits on connections and requests; times in ms. */
export interface Limits {
  readonly bodyLimitBytes: number;
  readonly maxConnections: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

/** Who else has a part in an HTTP port. */
export interface Partners {
  /** Takes connections that begin with HTTP/2's preface, where both are spoken on one port. */
  readonly http2?: TakeHttp2;
  /** Answers those who have not shown the certificate that they should: probes, above all, which have none. */
  readonly guestApp?: App;
}

/** How long what a client still sends of a refused body is read and dropped. */
const LINGER_MS = 1000;

/** A connection with no request for this long while draining counts as idle. */
const IDLE_MS = 1000;

/** node:http in front of an app, with the fast lane in front of that: reads bodies within limits, answers, drains. */
export class HttpServer {
  readonly #server: Server<typeof BufferedMessage>;
  readonly #lane: FastLane;
  readonly #app: App;
  readonly #guestApp: App;
  readonly #guests = new WeakSet<Duplex>();
  readonly #bodyLimitBytes: number;
  readonly #room: Room;
  /** Connections that were given more time. */
  readonly #granted = new WeakSet<Duplex>();
  /** The latest reply of each connection. */
  readonly #replies = new WeakMap<Duplex, ServerResponse>();
  readonly #requestTimeoutMs: number;
  readonly #stalls: Stalls;
  readonly #acceptQueue: AcceptQueue;
  readonly #http2: TakeHttp2 | undefined;
  #handshakes: Handshakes | undefined;
  #closing = false;

  /** @param room for the bodies of all requests under way */
  constructor(app: App, room: Room, limits: Limits, { http2, guestApp = app }: Partners = {}) {
    this.#app = app;
    this.#guestApp = guestApp;
    this.#bodyLimitBytes = limits.bodyLimitBytes;
    this.#room = room;
    this.#requestTimeoutMs = limits.requestTimeoutMs;
    this.#stalls = new Stalls(limits.requestTimeoutMs);
    this.#server = createServer(
      {
        // node:http refuses one longer than the time for the whole request.
        headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
        requestTimeout: limits.requestTimeoutMs,
        keepAliveTimeout: limits.keepAliveTimeoutMs,
        connectionsCheckingInterval: 1000,
        noDelay: true,
        requireHostHeader: false, // #onRequest does, and says so in JSON
        IncomingMessage: BufferedMessage,
      },
      this.#onRequest,
    );
    this.#server.maxConnections = limits.maxConnections;
    this.#server.on('clientError', this.#onClientError);
    // Without a listener node:http says 100 before the head was looked at.
    this.#server.on('checkContinue', (message, reply) => this.#onRequest(message, reply, true));
    const nodeHttp = takeConnections(this.#server);
    this.#http2 = http2;
    const take = http2 && ((socket: Socket) => http2(socket, this.#guests.has(socket)));
    this.#lane = new FastLane(room, limits, this.#stalls, {
      nodeHttp,
      http2: take,
      appFor: (socket) => this.#appFor(socket),
    });
    this.#acceptQueue = new AcceptQueue(this.#server);
  }

  /**
   * @param handshakes have all connections encrypted, where they are given
   * @param reusePort beside other servers that do the same
   * @returns the port, which is another than asked for where that was 0
   * @throws FatalError that says what to do where the port cannot be had
   */
  listen(host: string, port: number, handshakes?: Handshakes, reusePort = false): Promise<number> {
    this.#handshakes = handshakes;
    const { accept } = this.#lane;
    if (handshakes === undefined) this.#server.on('connection', accept);
    else this.#server.on('connection', (socket: Socket) => handshakes.begin(socket, this.#acceptSecure));
    return listenOn(this.#server, host, port, reusePort);
  }

  /** From now on large bodies are read off the event loop. */
  readWith(reader: SocketReader): void {
    this.#lane.reader = reader;
  }

  /**
   * Stops without losing a request. The listener takes no new connections, and closes when what waited to be accepted was.
   * After that each connection's next answer says `connection: close`, so that the client, not this side, ends a busy one:
   * closing it from here could cross a request on its way. What has been idle for IDLE_MS by then is closed, what is under
   * way gets until the time-out.
   *
   * @param refuseNew has a listening socket, by its file descriptor, take no new connections; where that cannot be, a
   *   connection that comes while the listener closes is lost
   * @returns how many connections had to be cut at the time-out
   */
  async drain(timeoutMs: number, refuseNew: (socket: number) => void = () => {}): Promise<number> {
    const start = performance.now();
    await this.#acceptQueue.empty(timeoutMs, refuseNew);
    const leftMs = Math.max(0, timeoutMs - (performance.now() - start));
    this.#closing = true;
    this.#lane.closing = true;
    // node:http's own close() would close connections that are between two requests at once.
    const closed = once(this.#server, 'close');
    NetServer.prototype.close.call(this.#server);
    const idle = setTimeout(
      () => {
        this.#server.closeIdleConnections();
        this.#lane.closeIdle();
        this.#handshakes?.closeAll();
      },
      Math.min(IDLE_MS, leftMs),
    );
    let cut = 0;
    const timeout = setTimeout(() => {
      this.#server.getConnections((_error, count) => {
        cut = count;
        this.#server.closeAllConnections();
        this.#lane.closeAll();
        this.#handshakes?.closeAll();
      });
    }, leftMs);
    await closed;
    clearTimeout(idle);
    clearTimeout(timeout);
    this.#stalls.stop();
    this.#server.close(() => {}); // ends node:http's own timers; the listener is closed already
    return cut;
  }

  readonly #acceptSecure: TakeSecure = (socket, isGuest) => {
    if (isGuest) this.#guests.add(socket);
    if (socket.alpnProtocol === 'h2' && this.#http2 !== undefined) this.#http2(socket, isGuest);
    else this.#lane.accept(socket);
  };

  #appFor(socket: Duplex): App {
    return this.#guests.has(socket) ? this.#guestApp : this.#app;
  }

  /** In place of node:http's own bare status lines. */
  readonly #onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && this.#grantsMoreTime(error, socket)) return;
    const reply = this.#replies.get(socket);
    const underWay = reply?.headersSent === true && !reply.writableFinished;
    if (!socket.writable || underWay || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const response = this.#appFor(socket).refuse(UNREAD, unreadable(error));
    const bytes = Buffer.byteLength(response.body);
    const head = headText(response, bytes, new Date().toUTCString(), 'Connection: close\r\n');
    socket.end(head + response.body, () => socket.destroy());
  };

  /** A client whose time ran out while nothing was read gets as much again, once. */
  #grantsMoreTime(error: NodeJS.ErrnoException, socket: Duplex): boolean {
    const stalled = this.#stalls.recent();
    if (stalled === 0 || this.#granted.has(socket)) return false;
    this.#granted.add(socket);
    const asked = this.#replies.get(socket);
    const timer = setTimeout(() => {
      const message = asked?.req;
      const came = message === undefined ? this.#replies.has(socket) : message.complete;
      if (!came) this.#onClientError(error, socket);
    }, stalled);
    socket.once('close', () => clearTimeout(timer));
    return true;
  }

  /** @param waits whether the client sends its body once it hears 100: not at all where the head is refused */
  readonly #onRequest = (message: BufferedMessage, reply: ServerResponse, waits = false): void => {
    const { headers, headersDistinct, socket } = message;
    if (socket.writableEnded) return; // stands behind a body that was refused
    this.#replies.set(socket, reply);
    const hosts = headersDistinct.host?.length ?? 0;
    if (hosts > 1 || (hosts === 0 && message.httpVersion === '1.1')) {
      // RFC 9112, section 3.2: two hosts are a way to have a proxy and a server read one request in two ways.
      this.#refuse(message, reply, badRequest(`a request has one Host header, this one ${hosts}`));
    } else if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
      this.#answer(message, reply, EMPTY);
    } else if (Number(headers['content-length']) > this.#bodyLimitBytes) {
      this.#refuse(message, reply, this.#tooLarge());
    } else {
      const length = headers['content-length'];
      if (waits) reply.writeContinue();
      message.readBody(
        this.#bodyLimitBytes,
        this.#room,
        length === undefined ? undefined : Number(length),
        (body) => {
          if (body instanceof Buffer) this.#answer(message, reply, body);
          else this.#refuse(message, reply, body === 'large' ? this.#tooLarge() : noRoom());
        },
      );
    }
  };

  #answer(message: BufferedMessage, reply: ServerResponse, body: Buffer): void {
    const response = this.#appFor(message.socket).handle(new NodeRequest(message, body));
    if (response instanceof Promise) response.then((late) => this.#send(message, reply, late));
    else this.#send(message, reply, response);
  }

  #send(message: BufferedMessage, reply: ServerResponse, { status, headers, body }: HttpResponse): void {
    message.giveBack();
    if (reply.destroyed || reply.headersSent) return; // the client has gone
    if (this.#closing) reply.shouldKeepAlive = false;
    reply.writeHead(status, [...headers, 'content-length', String(Buffer.byteLength(body))]);
    reply.end(message.method === 'HEAD' ? undefined : body);
    this.#limitSlowReader(reply);
  }

  /** What the kernel did not take at once waits for the client to read: not for ever, if it reads nothing more. */
  #limitSlowReader({ socket }: ServerResponse): void {
    if (socket !== null && socket.writableLength > 0) socket.setTimeout(this.#requestTimeoutMs);
  }

  #tooLarge(): HttpError {
    return new HttpError(413, `the body is larger than ${this.#bodyLimitBytes} bytes (BODY_LIMIT_BYTES)`);
  }

  /** An answer before the whole body is read: the rest is not wanted, so the connection ends with it. */
  #refuse(message: BufferedMessage, reply: ServerResponse, error: HttpError): void {
    reply.shouldKeepAlive = false;
    lingerWhenDone(message.socket);
    const request = new NodeRequest(message, EMPTY);
    this.#send(message, reply, this.#appFor(message.socket).refuse(request, error));
  }
}

/**
 * Has node:http's last call on a connection close this side only, and read on for a while. With bytes of the client's
 * unread, a close at once would be a reset, which may overtake the answer.
 */
function lingerWhenDone(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  };
}

/** Takes new connections from node:http. @returns what gives it one: its own listener, which it had put there */
function takeConnections(server: Server): (socket: Socket) => void {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}
