import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** What a probing process is told; it goes on until it gets the text `stop`. */
const Orders = Type.Object({
  origin: Type.String(),
  paths: Type.Array(Type.String()),
  every_ms: Type.Number({ minimum: 1 }),
  /** How long the last answers are waited for. */
  drain_s: Type.Number({ minimum: 0 }),
});
export type Orders = Static<typeof Orders>;

const Milliseconds = Type.Union([Type.Number(), Type.Null()]);
const PathResult = Type.Object({
  path: Type.String(),
  answered: Type.Integer(),
  /** Nobody listened. */
  refused: Type.Integer(),
  /** Reset, or without an answer at the end. */
  errors: Type.Integer(),
  p50_ms: Milliseconds,
  p99_ms: Milliseconds,
  max_ms: Milliseconds,
  /** How late the prober itself was. */
  late_p99_ms: Milliseconds,
});
export type PathResult = Static<typeof PathResult>;

const Reply = Type.Union([
  Type.Object({ ready: Type.Literal(true) }),
  Type.Object({ results: Type.Array(PathResult) }),
  Type.Object({ failure: Type.String() }),
]);
export type ProberReply = Static<typeof Reply>;

const orders = Compile(Orders);
const replies = Compile(Reply);

/** @throws {TypeError} for a message that is no order: the two processes are of different versions */
export function parseOrders(message: unknown): Orders {
  if (!orders.Check(message)) throw new TypeError(`not an order: ${orders.Errors(message)[0]?.message}`);
  return message;
}

/** Probes of a server's paths by a process of their own, from start() to stop(). */
export class Prober {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when the probing process is up: a server that is started now is probed from its first moment. */
  static async start(what: Orders): Promise<Prober> {
    const file = fileURLToPath(new URL('prober.ts', import.meta.url));
    const prober = new Prober(fork(file, { serialization: 'advanced', execArgv: [] }));
    await prober.#reply();
    prober.#child.send(what);
    return prober;
  }

  async stop(): Promise<PathResult[]> {
    this.#child.send('stop');
    try {
      const reply = await this.#reply();
      if ('failure' in reply) throw new Error(reply.failure);
      if (!('results' in reply)) throw new Error('the prober answered without results');
      return reply.results;
    } finally {
      this.end();
    }
  }

  /** Ends the process without asking for what it saw. */
  end(): void {
    this.#child.kill('SIGKILL');
  }

  async #reply(): Promise<ProberReply> {
    const end = new AbortController();
    try {
      const [message] = await Promise.race([
        once(this.#child, 'message', end),
        once(this.#child, 'exit', end).then(() => [{ failure: 'the prober has ended' }]),
      ]);
      if (!replies.Check(message)) throw new TypeError(`not a reply: ${replies.Errors(message)[0]?.message}`);
      return message;
    } finally {
      end.abort();
    }
  }
}
