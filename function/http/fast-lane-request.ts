import type { Socket } from 'node:net';
import type { PlainHead } from './fast-lane-head.ts';
import type { HttpRequest } from './message.ts';

/** A plain request, whose body is whole. */
export class LaneRequest implements HttpRequest {
  readonly #head: PlainHead;
  readonly #socket: Socket;
  readonly body: Buffer;
  readonly bodyRead: (() => void) | undefined;

  constructor(head: PlainHead, body: Buffer, socket: Socket, bodyRead?: () => void) {
    this.#head = head;
    this.body = body;
    this.#socket = socket;
    this.bodyRead = bodyRead;
  }

  get method(): string {
    return 'POST';
  }

  get url(): string {
    return this.#head.url;
  }

  header(name: string): string | undefined {
    return this.#head.headers.get(name);
  }

  gone(): boolean {
    return this.#socket.destroyed;
  }
}
