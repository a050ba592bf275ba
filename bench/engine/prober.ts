/**
 * A process that asks a server whether it is well, as a kubelet does: on a new connection each time, and each path by one
 * probe at a time. A probe that is due while the one before has no answer is not sent, lest probes themselves become a load;
 * it counts as if it had been answered together with that one, so that a stall weighs as much as it lasts.
 * It is a process of its own, so that no load is in its way, and one that the kernel wakes first: what is measured is the
 * server's time, and how late this one woke up stands beside it.
 */
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { messageOf } from '../../function/errors.ts';
import { newHistogram, percentiles, record } from '../histogram.ts';
import { type Orders, type PathResult, type ProberReply, parseOrders } from './probes.ts';

class Path {
  readonly #latency = newHistogram();
  readonly #late = newHistogram();
  readonly #orders: Orders;
  readonly #path: string;
  #answered = 0;
  #refused = 0;
  #errors = 0;
  /** When the probes were due that were not sent. */
  #skipped: number[] = [];
  waiting = false;

  constructor(orders: Orders, path: string) {
    this.#orders = orders;
    this.#path = path;
  }

  ask(late_ms: number): void {
    const asked = performance.now();
    if (this.waiting) {
      this.#skipped.push(asked);
      return;
    }
    record(this.#late, late_ms);
    this.waiting = true;
    const { host, hostname, port } = new URL(this.#orders.origin);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.write(`GET ${this.#path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    let answered = false;
    let code = '';
    socket.once('data', () => {
      answered = true; // by any status: 503 says something, too
      const now = performance.now();
      for (const due of [asked, ...this.#skipped]) record(this.#latency, now - due);
    });
    socket.on('data', () => {});
    socket.on('error', (error) => {
      code = 'code' in error ? String(error.code) : error.message;
    });
    socket.once('close', () => {
      this.waiting = false;
      this.#skipped = [];
      if (answered) this.#answered++;
      else if (code === 'ECONNREFUSED') this.#refused++;
      else this.#errors++;
    });
  }

  /** Probes that got nothing until the end: slower than all others. */
  get #unanswered(): number {
    return this.waiting ? 1 + this.#skipped.length : 0;
  }

  result(): PathResult {
    const { p50_ms, p99_ms, max_ms } = percentiles(this.#latency, this.#unanswered);
    return {
      path: this.#path,
      answered: this.#answered,
      refused: this.#refused,
      errors: this.#errors + (this.waiting ? 1 : 0),
      p50_ms,
      p99_ms,
      max_ms,
      late_p99_ms: percentiles(this.#late).p99_ms,
    };
  }
}

function reply(message: ProberReply): void {
  process.send?.(message);
}

function probe(orders: Orders): () => Promise<void> {
  const paths = orders.paths.map((path) => new Path(orders, path));
  const started = performance.now();
  let next = 0;
  let timer: NodeJS.Timeout;
  const tick = () => {
    const now = performance.now() - started;
    for (; next * orders.every_ms <= now; next++)
      for (const path of paths) path.ask(now - next * orders.every_ms);
    timer = setTimeout(tick, Math.ceil(next * orders.every_ms - now));
  };
  tick();
  return async () => {
    clearTimeout(timer);
    const giveUp = performance.now() + orders.drain_s * 1000;
    while (paths.some(({ waiting }) => waiting) && performance.now() < giveUp)
      await new Promise((resolve) => setTimeout(resolve, 10));
    reply({ results: paths.map((path) => path.result()) });
  };
}

try {
  setPriority(-10);
} catch {
  // not root: its own lateness tells
}
let stop: (() => Promise<void>) | null = null;
process.on('message', async (message) => {
  try {
    if (message === 'stop') await stop?.();
    else stop = probe(parseOrders(message));
  } catch (error) {
    reply({ failure: messageOf(error) });
  }
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole process group: the bench itself ends this process
reply({ ready: true });
