/**
 * gRPC from a pod, by @grpc/grpc-js as its users have it: connections that stay, each with one call under way. Told what
 * to do over HTTP on port 8090, as client.ts is; bundled into one file.
 */
import { createServer } from 'node:http';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';

/** POST /start */
export interface GrpcLoad {
  /** host:port */
  readonly address: string;
  readonly connections: number;
  /** Calls per second of all connections together. */
  readonly rate_per_s: number;
  readonly path: string;
  /** The message, in base64. */
  readonly request: string;
  /** What an answer must hold, in base64. */
  readonly holds: string;
}

export interface GrpcReport {
  readonly sent: number;
  readonly right: number;
  readonly lost: number;
  readonly complaints: readonly string[];
}

const same = (bytes: Buffer): Buffer => bytes;

class Run {
  readonly load: GrpcLoad;
  readonly complaints: string[] = [];
  readonly began = performance.now();
  sent = 0;
  right = 0;
  lost = 0;
  stopping = false;
  readonly done: Promise<unknown>;

  constructor(load: GrpcLoad) {
    this.load = load;
    this.done = Promise.all(Array.from({ length: load.connections }, () => this.connection()));
  }

  async connection(): Promise<void> {
    const { address, path, rate_per_s } = this.load;
    // A pool of its own: else all clients of one address would share a connection.
    const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const request = Buffer.from(this.load.request, 'base64');
    const holds = Buffer.from(this.load.holds, 'base64');
    while (!this.stopping) {
      const early = (this.sent++ / rate_per_s) * 1000 - (performance.now() - this.began);
      if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
      await new Promise<void>((resolve) => {
        const deadline = Date.now() + 10_000;
        const answered = (error: ServiceError | null, answer?: Buffer) => {
          if (error === null && answer?.includes(holds)) this.right++;
          else this.complain(error?.message ?? `wrong answer ${answer?.toString('base64')}`);
          resolve();
        };
        client.makeUnaryRequest(path, same, same, request, { deadline }, answered);
      });
    }
    client.close();
  }

  complain(text: string): void {
    this.lost++;
    const second = ((performance.now() - this.began) / 1000).toFixed(2);
    if (this.complaints.length < 10) this.complaints.push(`${second} s: ${text}`);
  }

  report(): GrpcReport {
    const { right, lost, complaints } = this;
    return { sent: right + lost, right, lost, complaints };
  }
}

let run: Run | undefined;

async function handle(path: string, body: string): Promise<unknown> {
  if (path === '/start') run = new Run(JSON.parse(body));
  if (path === '/stop' && run) {
    run.stopping = true;
    await run.done;
  }
  return run?.report() ?? { sent: 0 };
}

createServer(async (incoming, response) => {
  try {
    response.end(JSON.stringify(await handle(incoming.url ?? '/', await text(incoming))));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(8090);
process.on('SIGTERM', () => process.exit(0));
