import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One HTTP answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** By lower-case name; the last of several. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which a test writes what no HTTP client would. */
export class RawConnection {
  readonly socket: Socket;
  /** Resolves when the connection has ended, by either side, cleanly or not. */
  readonly closed: Promise<void>;
  #received: Buffer[] = [];
  #open = true;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake();
    });
    socket.on('error', () => {}); // a reset is one of the ways to end
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#open = false;
        this.#wake();
        resolve();
      });
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  get open(): boolean {
    return this.#open;
  }

  write(data: string | Buffer): void {
    if (this.socket.writable) this.socket.write(data);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The next answer; undefined where the connection ends before there is a whole one. */
  async answer(): Promise<RawAnswer | undefined> {
    for (;;) {
      const received = Buffer.concat(this.#received);
      const found = parseAnswer(received);
      if (found !== undefined) {
        this.#received = [received.subarray(found.length)];
        return found.answer;
      }
      this.#received = [received];
      if (!this.#open) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** All answers up to the end of the connection. */
  async answers(): Promise<RawAnswer[]> {
    const all: RawAnswer[] = [];
    for (let next = await this.answer(); next !== undefined; next = await this.answer()) all.push(next);
    return all;
  }
}

/** Opens a connection, writes, and waits for one answer. */
export async function exchange(url: string, data: string | Buffer): Promise<RawAnswer | undefined> {
  const connection = await RawConnection.open(url);
  connection.write(data);
  const answer = await connection.answer();
  connection.destroy();
  return answer;
}

/** A POST with its content-length. */
export function post(path: string, body: string, headers: readonly string[] = []): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: test',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

function parseAnswer(bytes: Buffer): { answer: RawAnswer; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const bodyStart = headEnd + 4;
  if (status === 100) return { answer: { status, headers, body: '' }, length: bodyStart };
  if (headers['transfer-encoding'] === 'chunked') {
    const end = bytes.indexOf('0\r\n\r\n', bodyStart); // only node:http's own, empty answers come so
    return end < 0 ? undefined : { answer: { status, headers, body: '' }, length: end + 5 };
  }
  const length = Number(headers['content-length'] ?? 0);
  if (bytes.length < bodyStart + length) return undefined;
  const body = bytes.subarray(bodyStart, bodyStart + length).toString();
  return { answer: { status, headers, body }, length: bodyStart + length };
}

/** A port of 127.0.0.1 that is free at this moment. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? String(address.port) : '';
}
