import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long no new connection must have come, and how long that is waited for, in ms. */
const QUIET_MS = 100;
const WITHIN_MS = 2000;

/**
 * Connections that the kernel has made, and that wait to be accepted. A listener that closes resets them, though their
 * clients may have sent requests.
 */
export class AcceptQueue {
  readonly #server: Server;
  /** When the last connection was accepted, on performance.now()'s clock. */
  #acceptedAt = 0;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', () => {
      this.#acceptedAt = performance.now();
    });
  }

  /**
   * Accepts what waits, until nothing more comes.
   *
   * @param mostMs how long that may take
   * @param refuseNew has a listening socket, by its file descriptor, take no new connections
   */
  async empty(mostMs: number, refuseNew: (socket: number) => void): Promise<void> {
    const handle: unknown = Reflect.get(this.#server, '_handle'); // Node has no public name for it
    const socket: unknown = typeof handle === 'object' && handle !== null && Reflect.get(handle, 'fd');
    if (typeof socket === 'number' && socket >= 0) refuseNew(socket);
    const start = performance.now();
    const end = start + Math.min(mostMs, WITHIN_MS);
    for (let now = start; now < Math.min(end, Math.max(start, this.#acceptedAt) + QUIET_MS); ) {
      await sleep(QUIET_MS / 4);
      now = performance.now();
    }
  }
}
