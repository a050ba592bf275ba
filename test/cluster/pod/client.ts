/**
 * The client that runs in a pod: it asks Services inside the cluster as their users do, by name and through kube-proxy,
 * which the API server's proxy would not. Told what to do over HTTP on port 8090. It needs nothing but Node, so that a
 * ConfigMap can hold it and any image with Node can run it.
 */
import { Agent, createServer, request } from 'node:http';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** POST /ask */
export interface Ask {
  readonly url: string;
  /** JSON to post; without it, GET. */
  readonly body?: unknown;
  /** Go on for so long while nobody takes the connection, s: kube-proxy hears of a ready pod a little later. */
  readonly wait_s?: number;
}
export interface Asked {
  readonly status: number;
  readonly body: string;
}

/** POST /start: every request is a POST of one of `questions`, in turn. */
export interface Load {
  readonly url: string;
  /** Body, the field of the answer that is checked, and its value as float32. */
  readonly questions: readonly { readonly body: string; readonly expected: number }[];
  readonly field: string;
  readonly connections: number;
  /** Intended requests per second of all connections together. */
  readonly rate_per_s: number;
  /** A connection is given up after so many requests: new ones are where a roll-out loses requests. */
  readonly reconnectEvery: number;
  /** How long an answer is waited for, s (10). */
  readonly timeout_s?: number;
  /** POST /stop goes on until so many were sent. */
  readonly least: number;
  /** Ends by itself at so many. */
  readonly most: number;
}

/** GET /report and what POST /stop answers. */
export interface Report {
  readonly sent: number;
  readonly right: number;
  /** No answer, or any status but 200; none is retried. */
  readonly lost: number;
  readonly wrong: number;
  /** The first ten complaints. */
  readonly complaints: readonly string[];
  /** How many answers came from each process. */
  readonly runIds: Readonly<Record<string, number>>;
  readonly elapsed_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

function ask(
  url: string,
  body: string | undefined,
  agent: Agent,
  close: boolean,
  timeout_s = 10,
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...(close ? { connection: 'close' } : {}) };
    const method = body === undefined ? 'GET' : 'POST';
    const asking = request(url, { method, agent, headers, timeout: timeout_s * 1000 }, (answer) => {
      text(answer).then((received) => resolve({ status: answer.statusCode ?? 0, body: received }), reject);
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer in ${timeout_s} s`)));
    asking.on('error', reject);
    asking.end(body);
  });
}

class Run {
  readonly load: Load;
  readonly began = performance.now();
  readonly durations: number[] = [];
  readonly runIds = new Map<string, number>();
  readonly complaints: string[] = [];
  sent = 0;
  right = 0;
  lost = 0;
  wrong = 0;
  stopping = false;
  readonly done: Promise<unknown>;

  constructor(load: Load) {
    this.load = load;
    this.done = Promise.all(Array.from({ length: load.connections }, () => this.connection()));
  }

  /** One connection, one request at a time, each at its intended time. */
  async connection(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { rate_per_s, reconnectEvery, least, most, questions } = this.load;
    for (let own = 1; this.sent < most && !(this.stopping && this.sent >= least); own++) {
      const number = this.sent++;
      const question = questions[number % questions.length];
      const early = (number / rate_per_s) * 1000 - (performance.now() - this.began);
      if (early > 1) await sleep(early);
      if (question) await this.one(question, agent, own % reconnectEvery === 0);
    }
    agent.destroy();
  }

  async one(question: Load['questions'][number], agent: Agent, close: boolean): Promise<void> {
    const sent = performance.now();
    try {
      const { status, body } = await ask(this.load.url, question.body, agent, close, this.load.timeout_s);
      this.durations.push(performance.now() - sent);
      if (status !== 200) throw new Error(`status ${status}: ${body.slice(0, 100)}`);
      const answer: unknown = JSON.parse(body);
      const value = Number(field(answer, this.load.field));
      if (Math.fround(value) === question.expected) this.right++;
      else {
        this.wrong++;
        this.complain(`${question.body} gave ${body.slice(0, 100)}`);
      }
      const runId = field(answer, 'runId');
      if (typeof runId === 'string') this.runIds.set(runId, (this.runIds.get(runId) ?? 0) + 1);
    } catch (error) {
      this.lost++;
      const code = error instanceof Error && 'code' in error ? `${error.code}: ` : '';
      this.complain(`${code}${error instanceof Error ? error.message : error}`);
    }
  }

  complain(text: string): void {
    const second = ((performance.now() - this.began) / 1000).toFixed(2);
    if (this.complaints.length < 10) this.complaints.push(`${second} s: ${text}`);
  }

  report(): Report {
    const sorted = Float64Array.from(this.durations).sort();
    const at = (q: number) => Number((sorted[Math.ceil(sorted.length * q) - 1] ?? 0).toFixed(3));
    return {
      sent: this.right + this.lost + this.wrong,
      right: this.right,
      lost: this.lost,
      wrong: this.wrong,
      complaints: this.complaints,
      runIds: Object.fromEntries(this.runIds),
      elapsed_s: Number(((performance.now() - this.began) / 1000).toFixed(3)),
      p50_ms: at(0.5),
      p99_ms: at(0.99),
      max_ms: at(1),
    };
  }
}

function field(value: unknown, name: string): unknown {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return Array.isArray(found) ? found[0] : found;
}

let run: Run | undefined;
const single = new Agent({ keepAlive: false });

async function askPatiently({ url, body, wait_s = 0 }: Ask): Promise<Asked> {
  const end = performance.now() + wait_s * 1000;
  for (;;) {
    try {
      return await ask(url, body === undefined ? undefined : JSON.stringify(body), single, false);
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(20);
    }
  }
}

async function handle(path: string, body: string): Promise<unknown> {
  switch (path) {
    case '/ask':
      return askPatiently(JSON.parse(body));
    case '/start':
      run = new Run(JSON.parse(body));
      return run.report();
    case '/stop':
      if (run) run.stopping = true;
      await run?.done;
      return run?.report();
    default:
      return run?.report() ?? { sent: 0 };
  }
}

createServer(async (incoming, response) => {
  try {
    const answer = await handle(incoming.url ?? '/', await text(incoming));
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(8090);
process.on('SIGTERM', () => process.exit(0));
