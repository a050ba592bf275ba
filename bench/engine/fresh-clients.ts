import { connect } from 'node:net';
import { checker } from '../clients/answer.ts';
import type { Example } from './plan.ts';

/** A request that was written whole to a connection that the kernel had accepted. */
interface Sent {
  counts: boolean;
  answered: boolean;
}

export interface DrainCounts {
  /** Under way when the drain began, or sent after it. */
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** From the drain's beginning to the last right answer, and to the first connection that was refused. */
  readonly last_answer_ms: number | null;
  readonly listener_closed_ms: number | null;
}

/** Clients that make a new connection for each request, and end when one of theirs is refused. */
export class FreshClients {
  readonly #url: URL;
  readonly #request: string;
  readonly #right: (body: string) => boolean;
  readonly #clients: Promise<unknown>;
  readonly #underWay = new Set<Sent>();
  readonly #counted: Sent[] = [];
  #draining = false;
  #stopped = false;
  #lastAnswer_ms: number | null = null;
  #refused_ms: number | null = null;
  #wrong: string | null = null;

  constructor(url: string, { body, answer }: Example, clients: number, tolerance: number) {
    this.#url = new URL(url);
    this.#right = checker(answer, tolerance);
    const { host, pathname } = this.#url;
    const head = [
      `POST ${pathname} HTTP/1.1`,
      `host: ${host}`,
      'connection: close',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    this.#request = `${head.join('\r\n')}\r\n\r\n${body}`;
    this.#clients = Promise.all(Array.from({ length: clients }, () => this.#askOn()));
  }

  /**
   * Counts what is under way and what is sent from now on.
   * @param end ends the server, and resolves when it has ended
   * @throws {Error} for an answer that is wrong
   */
  async drain(end: () => Promise<void>): Promise<DrainCounts> {
    for (const sent of this.#underWay) this.#count(sent);
    this.#draining = true;
    const began = performance.now();
    await end();
    this.#stopped = true;
    await this.#clients;
    if (this.#wrong !== null) throw new Error(`wrong answer: ${this.#wrong}`);
    const answered = this.#counted.filter((sent) => sent.answered).length;
    const since = (at: number | null) => (at === null || at < began ? null : at - began);
    return {
      sent: this.#counted.length,
      answered,
      lost: this.#counted.length - answered,
      last_answer_ms: since(this.#lastAnswer_ms),
      listener_closed_ms: since(this.#refused_ms),
    };
  }

  #count(sent: Sent): void {
    sent.counts = true;
    this.#counted.push(sent);
  }

  async #askOn(): Promise<void> {
    while (!this.#stopped && (await this.#askOnce()));
  }

  /** @returns false when nobody listens any more */
  #askOnce(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { hostname, port } = this.#url;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const sent: Sent = { counts: false, answered: false };
    let reply = '';
    let listens = true;
    socket.once('connect', () => {
      this.#underWay.add(sent);
      if (this.#draining) this.#count(sent);
      socket.write(this.#request);
    });
    socket.on('data', (chunk: Buffer) => {
      reply += chunk.toString('latin1');
    });
    socket.on('error', (error) => {
      if (!('code' in error) || error.code !== 'ECONNREFUSED') return; // reset: the close that follows counts it
      listens = false;
      if (this.#draining) this.#refused_ms ??= performance.now();
    });
    socket.once('close', () => {
      this.#underWay.delete(sent);
      const [head = '', body = ''] = reply.split('\r\n\r\n');
      if (head.startsWith('HTTP/1.1 200')) {
        sent.answered = this.#right(body);
        if (sent.answered) this.#lastAnswer_ms = performance.now();
        else this.#wrong ??= body.slice(0, 200);
      }
      resolve(listens);
    });
    return promise;
  }
}
