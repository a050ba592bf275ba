/** Servers that misbehave on purpose, and jobs for them. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Job } from './clients/job.ts';

export const RIGHT = '{"predictions":[100]}';

export interface Stub {
  readonly origin: string;
  /** Requests that were read to their end. */
  readonly asked: () => number;
  close(): Promise<void>;
}

export type Handler = (response: ServerResponse, count: number, body: string) => void;

/** Answers each request by `handle`, which is told how many requests there were. */
export async function stub(handle: Handler): Promise<Stub> {
  let count = 0;
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      count++;
      handle(response, count, body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    asked: () => count,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A server that answers as the model would. */
export function rightStub(): Promise<Stub> {
  return stub((response) => response.end(RIGHT));
}

export function jobFor(origin: string, job: Partial<Job> & Pick<Job, 'kind'>): Job {
  return {
    origin,
    path: '/v1/models/celsius:predict',
    body: '{"instances":[212]}',
    answer: RIGHT,
    connections: 4,
    rate_per_s: 0,
    warmup_s: 0,
    duration_s: 0.15,
    timeout_s: 30,
    drain_s: 30, // machines that run tests may be slow
    keep_open: false,
    pid: null,
    tag: 'test=1',
    ...job,
  };
}
