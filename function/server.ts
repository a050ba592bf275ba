import { once } from 'node:events';
import { createServer, IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { App } from './app.ts';
import { badRequest, FatalError, HttpError, messageOf } from './errors.ts';
import { FastLane } from './fast-lane.ts';
import type { HttpRequest, HttpResponse } from './http.ts';

/** Limits on connections and requests; times in ms. */
export interface Limits {
  readonly bodyLimitBytes: number;
  readonly maxConnections: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

const EMPTY = Buffer.alloc(0);

/** A connection with no request for this long while draining counts as idle. */
const IDLE_MS = 1000;

/** node:http in front of an app, with the fast lane in front of that: reads bodies within limits, answers, drains. */
export class HttpServer {
  readonly #server: Server;
  readonly #lane: FastLane;
  readonly #app: App;
  readonly #bodyLimitBytes: number;
  readonly #requestTimeoutMs: number;
  #closing = false;

  constructor(app: App, limits: Limits) {
    this.#app = app;
    this.#bodyLimitBytes = limits.bodyLimitBytes;
    this.#requestTimeoutMs = limits.requestTimeoutMs;
    this.#server = createServer(
      {
        // node:http refuses one longer than the time for the whole request.
        headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
        requestTimeout: limits.requestTimeoutMs,
        keepAliveTimeout: limits.keepAliveTimeoutMs,
        connectionsCheckingInterval: 1000,
        noDelay: true,
        IncomingMessage: BufferedMessage,
      },
      this.#onRequest,
    );
    this.#server.maxConnections = limits.maxConnections;
    this.#lane = new FastLane(app, limits, takeConnections(this.#server));
    this.#server.on('connection', this.#lane.accept);
  }

  /**
   * @returns the port, which is another than asked for where that was 0
   * @throws FatalError that says what to do where the port cannot be had
   */
  async listen(host: string, port: number): Promise<number> {
    // Without an address node:http listens on all, and looks nothing up: that takes 4 ms of the cold start.
    this.#server.listen({ ...(host === '::' ? {} : { host }), port, backlog: 1024 });
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException; // listen() fails with system errors alone
      if (code === 'EADDRINUSE')
        throw new FatalError(`port ${port} is in use; stop what listens there or set PORT`);
      if (code === 'EACCES')
        throw new FatalError(`port ${port} needs more rights; set PORT to 1024 or above`);
      throw new FatalError(`cannot listen on ${host} port ${port} (${messageOf(error)}); set HOST and PORT`);
    }
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Stops without losing a request. The listener closes; each connection's next answer says `connection: close`, so
   * that the client, not this side, ends a busy one: closing it from here could cross a request on its way. What has
   * been idle for IDLE_MS by then is closed, what is under way gets until the time-out.
   *
   * @returns how many connections had to be cut at the time-out
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#closing = true;
    this.#lane.closing = true;
    // node:http's own close() would close connections that are between two requests at once.
    const closed = once(this.#server, 'close');
    NetServer.prototype.close.call(this.#server);
    const idle = setTimeout(
      () => {
        this.#server.closeIdleConnections();
        this.#lane.closeIdle();
      },
      Math.min(IDLE_MS, timeoutMs),
    );
    let cut = 0;
    const timeout = setTimeout(() => {
      this.#server.getConnections((_error, count) => {
        cut = count;
        this.#server.closeAllConnections();
        this.#lane.closeAll();
      });
    }, timeoutMs);
    await closed;
    clearTimeout(idle);
    clearTimeout(timeout);
    this.#server.close(() => {}); // ends node:http's own timers; the listener is closed already
    return cut;
  }

  readonly #onRequest = (message: BufferedMessage, reply: ServerResponse): void => {
    const { headers, headersDistinct } = message;
    if ((headersDistinct.host?.length ?? 0) > 1) {
      // RFC 9112, section 3.2: two hosts are a way to have a proxy and a server read one request in two ways.
      this.#refuse(message, reply, badRequest('more than one Host header'));
    } else if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
      this.#answer(message, reply, EMPTY);
    } else if (Number(headers['content-length']) > this.#bodyLimitBytes) {
      this.#refuse(message, reply, this.#tooLarge());
    } else {
      message.readBody(this.#bodyLimitBytes, (body) => {
        if (body === undefined) this.#refuse(message, reply, this.#tooLarge());
        else this.#answer(message, reply, body);
      });
    }
  };

  #answer(message: IncomingMessage, reply: ServerResponse, body: Buffer): void {
    const response = this.#app.handle(new NodeRequest(message, body));
    if (response instanceof Promise) response.then((late) => this.#send(message, reply, late));
    else this.#send(message, reply, response);
  }

  #send(message: IncomingMessage, reply: ServerResponse, { status, headers, body }: HttpResponse): void {
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
  #refuse(message: IncomingMessage, reply: ServerResponse, error: HttpError): void {
    reply.shouldKeepAlive = false;
    this.#send(message, reply, this.#app.refuse(new NodeRequest(message, EMPTY), error));
  }
}

/** Takes new connections from node:http. @returns what gives it one: its own listener, which it had put there */
function takeConnections(server: Server): (socket: Socket) => void {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

/**
 * A message that hands its body over in one piece. push() is what a stream's source calls; taking the chunks there
 * saves the stream's own buffering, flow and events, which cost more than the rest of a small request's reading.
 */
class BufferedMessage extends IncomingMessage {
  #chunks: Buffer[] | undefined;
  #size = 0;
  #limit = 0;
  #done: ((body: Buffer | undefined) => void) | undefined;

  /** @param done called once, with the body or, where it is larger than `limit` bytes, undefined */
  readBody(limit: number, done: (body: Buffer | undefined) => void): void {
    this.#limit = limit;
    this.#done = done;
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (chunk === null) {
      this.#finish(this.#whole());
      return super.push(null, encoding);
    }
    if (this.#done === undefined) return true; // nobody wants it, or it was refused
    this.#size += chunk.length;
    if (this.#size > this.#limit) this.#finish(undefined);
    else if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    return true;
  }

  #whole(): Buffer {
    const chunks = this.#chunks;
    if (chunks === undefined) return EMPTY;
    return chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, this.#size);
  }

  #finish(body: Buffer | undefined): void {
    const done = this.#done;
    this.#done = undefined;
    this.#chunks = undefined;
    done?.(body);
  }
}

/** The cheap request: nothing is read from the message before it is asked for. */
class NodeRequest implements HttpRequest {
  readonly #message: IncomingMessage;
  readonly body: Buffer;

  constructor(message: IncomingMessage, body: Buffer) {
    this.#message = message;
    this.body = body;
  }

  get method(): string {
    return this.#message.method ?? '';
  }

  get url(): string {
    return this.#message.url ?? '';
  }

  header(name: string): string | undefined {
    const value = this.#message.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  gone(): boolean {
    return this.#message.socket.destroyed;
  }
}
