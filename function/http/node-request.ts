import type { BufferedMessage } from './buffered-message.ts';
import type { HttpRequest } from './message.ts';
import { originForm } from './target.ts';

/** A request of node:http, the cheap way: nothing is read from the message before it is asked for. */
export class NodeRequest implements HttpRequest {
  readonly #message: BufferedMessage;
  readonly body: Buffer;

  constructor(message: BufferedMessage, body: Buffer) {
    this.#message = message;
    this.body = body;
  }

  get method(): string {
    return this.#message.method ?? '';
  }

  get url(): string {
    return originForm(this.#message.url ?? '');
  }

  header(name: string): string | undefined {
    const value = this.#message.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  bodyRead(): void {
    this.#message.free();
  }

  gone(): boolean {
    return this.#message.socket.destroyed;
  }
}
