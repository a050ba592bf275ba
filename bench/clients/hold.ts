import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Job, Outcome } from './job.ts';
import { Tally } from './tally.ts';

/** Connections that are opened at the same time; more would overflow listen queues. */
const AT_ONCE = 100;

/** Opens keep-alive connections, makes one request on each, and holds them open until release(). */
export class Holder {
  readonly #sockets = new Set<Socket>();

  /** `requests` of the outcome is the number of connections that had an answer and are open now, earlier jobs' included. */
  async hold(job: Job): Promise<Outcome> {
    const tally = new Tally(job);
    const request = requestOf(job);
    const before = this.#sockets.size;
    let left = job.connections;
    tally.open();
    const opener = async () => {
      while (left-- > 0) {
        const started = performance.now();
        try {
          await this.#ask(job, request);
          tally.counted(performance.now() - started, performance.now() - started);
        } catch (error) {
          tally.failed(error instanceof Error && 'code' in error ? String(error.code) : String(error));
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, opener));
    tally.close();
    const outcome = tally.outcome();
    const closed = before + outcome.requests - this.#sockets.size;
    return { ...outcome, requests: this.#sockets.size, errors: outcome.errors + closed };
  }

  release(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async #ask(job: Job, request: string): Promise<void> {
    const { hostname, port } = new URL(job.origin);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.setTimeout(job.timeout_s * 1000, () => socket.destroy(new Error('time-out')));
    socket.once('close', () => this.#sockets.delete(socket));
    await once(socket, 'connect');
    socket.write(request);
    const [answer] = await once(socket, 'data');
    if (!String(answer).startsWith('HTTP/1.1 200')) throw new Error(`status ${String(answer).slice(9, 12)}`);
    socket.setTimeout(0);
    socket.on('error', () => {}); // the close that follows takes it out of the set
    socket.resume();
    this.#sockets.add(socket);
  }
}

function requestOf(job: Job): string {
  const length = Buffer.byteLength(job.body);
  const head = [
    `POST ${job.path} HTTP/1.1`,
    `host: ${new URL(job.origin).host}`,
    'content-type: application/json',
  ];
  return `${head.join('\r\n')}\r\ncontent-length: ${length}\r\n\r\n${job.body}`;
}
