import type { Socket } from 'node:net';
import type { Room } from '../room.ts';
import { LaneConnection, type LaneLimits } from './fast-lane-connection.ts';
import type { SocketReader } from './large-body.ts';
import { type HttpResponse, headText, UNREAD } from './message.ts';
import type { App } from './route.ts';
import type { Stalls } from './stalls.ts';

/** Takes a connection for HTTP/2, now or once it can: until then nothing of it is read. */
export type TakeHttp2 = (socket: Socket, isGuest: boolean) => void | Promise<void>;

/** Who answers, and who takes connections that the lane does not answer. */
export interface Others {
  /** node:http's own listener for new connections. */
  nodeHttp(socket: Socket): void;
  /** What speaks HTTP/2, if anything does. */
  readonly http2: ((socket: Socket) => void | Promise<void>) | undefined;
  appFor(socket: Socket): App;
}

/**
 * Answers plain requests without node:http, whose objects and streams take most of a small request's time: a POST
 * that has come whole, in one piece or in two, with no header that changes how a message is read. A connection that
 * sends anything else is handed over to node:http for good, from the first byte that was not answered here: what is
 * malformed, unusual, slow or large is judged there alone.
 */
export class FastLane {
  readonly #room: Room;
  readonly #limits: LaneLimits;
  readonly #stalls: Stalls;
  readonly #to: Others;
  readonly #connections = new Set<LaneConnection>();
  readonly #keepAlive: string;
  #date = '';
  #dateAt = 0;
  /** From now on each answer ends its connection. */
  closing = false;
  /** What reads large bodies, once there is something that does. */
  reader: SocketReader | undefined;

  /** @param room for the bodies of all requests under way */
  constructor(room: Room, limits: LaneLimits, stalls: Stalls, to: Others) {
    this.#room = room;
    this.#limits = limits;
    this.#stalls = stalls;
    this.#to = to;
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(limits.keepAliveTimeoutMs / 1000)}\r\n`;
  }

  readonly accept = (socket: Socket): void => {
    const app = this.#to.appFor(socket);
    const connection: LaneConnection = new LaneConnection(socket, this.#limits, this.#room, {
      reader: () => this.reader,
      answer: (request) => app.handle(request),
      write: (response, isLast) => this.#write(socket, response, isLast || this.closing),
      refusal: (request, error) => app.refuse(request, error),
      refuse: (error) => this.#write(socket, app.refuse(UNREAD, error), true),
      stalled: () => this.#stalls.recent(),
      leave: () => this.#connections.delete(connection),
      handOver: (first) => this.#handOver(socket, first),
    });
    this.#connections.add(connection);
  };

  #handOver(socket: Socket, first: Buffer): void | Promise<void> {
    const { http2, nodeHttp } = this.#to;
    // No method of HTTP/1 begins so. Clients send their preface in one piece.
    if (http2 !== undefined && first.toString('latin1', 0, 4) === 'PRI ') return http2(socket);
    nodeHttp(socket);
  }

  /** Closes the connections that have no request under way. */
  closeIdle(): void {
    for (const connection of this.#connections) connection.closeIfIdle();
  }

  closeAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** @returns whether the connection goes on */
  #write(socket: Socket, response: HttpResponse, last: boolean): boolean {
    const { body } = response;
    const bytes = Buffer.byteLength(body);
    const head = headText(response, bytes, this.#now(), last ? 'Connection: close\r\n' : this.#keepAlive);
    if (typeof body === 'string') {
      socket.write(head + body, bytes === body.length ? 'latin1' : 'utf8');
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
    return !last;
  }

  /** The Date header's value, made once a second. */
  #now(): string {
    const now = Date.now();
    if (now - this.#dateAt >= 1000) {
      this.#dateAt = now - (now % 1000);
      this.#date = new Date(now).toUTCString();
    }
    return this.#date;
  }
}
