import { LoadClient } from '../../clients/client.ts';
import type { Server } from '../server.ts';

/** Keep-alive connections that have made one request each and are held open, by a process of their own. */
export class IdleConnections {
  readonly #server: Server;
  readonly #client: LoadClient;
  readonly #stop: () => void;
  #opened = 0;

  private constructor(server: Server, client: LoadClient) {
    this.#server = server;
    this.#client = client;
    this.#stop = () => client.stop();
    server.bench.signal.addEventListener('abort', this.#stop);
  }

  static async start(server: Server): Promise<IdleConnections> {
    return new IdleConnections(server, await LoadClient.start(server.bench.cpus.client));
  }

  /** Opens more, until there are so many. @returns how many could not be opened, or were closed */
  async open(count: number): Promise<number> {
    const [{ body = '', answer = '' } = {}] = this.#server.examples;
    const connections = count - this.#opened;
    if (connections <= 0) return 0;
    const { errors } = await this.#client.run({
      ...{ kind: 'hold', origin: this.#server.running.origin, path: this.#server.path, body, answer },
      ...{ connections, rate_per_s: 0, warmup_s: 0, duration_s: 0, timeout_s: 20, drain_s: 0 },
      ...{ keep_open: false, pid: null, tag: 'hold' },
    });
    this.#opened = count;
    return errors;
  }

  end(): void {
    this.#server.bench.signal.removeEventListener('abort', this.#stop);
    this.#client.stop();
  }
}
