import { release } from '../buffers.ts';
import { RequestError } from '../errors.ts';
import type { Receiver, Stream } from '../http2/stream.ts';
import type { Pieces } from '../pieces.ts';
import type { Trace } from '../telemetry/tracing.ts';
import type { Call, UnaryMethod } from './call.ts';
import type { CallHead } from './call-head.ts';
import { gunzip, gzip } from './compression.ts';
import { MessageReader, noRoom, PREFIX_BYTES } from './message-reader.ts';
import type { Replies } from './replies.ts';

/** Messages smaller than this are sent as they are: gzip would cost more than it saves. */
const GZIP_FROM_BYTES = 1024;

/** A call of one request and one answer. Without promises where the request comes in one piece and is answered at once. */
export class UnaryCall implements Call, Receiver {
  readonly #head: CallHead;
  readonly #method: UnaryMethod;
  readonly #stream: Stream;
  readonly #replies: Replies;
  readonly #startedMs = performance.now();
  #reader: MessageReader | undefined;
  /** Bytes of the message, as sent, while it is being answered. */
  #held = 0;
  #compressed = false;
  #unzipped: Pieces | undefined;
  #begun = false;
  #over = false;
  message: Buffer = EMPTY;
  readonly trace: Trace | undefined;

  constructor(head: CallHead, method: UnaryMethod, stream: Stream, replies: Replies) {
    this.#head = head;
    this.#method = method;
    this.#stream = stream;
    this.#replies = replies;
    this.trace = replies.begin(head, this.#startedMs);
  }

  get method(): string {
    return this.#head.path;
  }

  get deadlineMs(): number | undefined {
    const { timeoutMs } = this.#head;
    return timeoutMs === undefined ? undefined : this.#startedMs + timeoutMs;
  }

  metadata(name: string): string | undefined {
    return this.#head.headers.get(name);
  }

  gone(): boolean {
    return this.#stream.closed || this.#late();
  }

  messageRead(): void {
    this.#giveBack();
    if (this.#unzipped === undefined) release(this.message);
    else this.#unzipped.release();
  }

  #late(): boolean {
    const { timeoutMs } = this.#head;
    return timeoutMs !== undefined && performance.now() - this.#startedMs >= timeoutMs;
  }

  data(bytes: Buffer, last: boolean): boolean {
    let isKept: boolean | undefined = true;
    const whole = last && this.#reader === undefined && bytes.length >= PREFIX_BYTES;
    if (
      whole &&
      bytes.readUInt32BE(1) === bytes.length - PREFIX_BYTES &&
      bytes.length <= this.#replies.messageLimit
    ) {
      this.message = bytes.subarray(PREFIX_BYTES);
      this.#compressed = bytes[0] === 1;
      this.#begun = true;
    } else {
      isKept = this.#collect(bytes);
      if (isKept === undefined) return false;
    }
    if (last) this.#start();
    return isKept;
  }

  /** @returns whether `bytes` are kept; undefined where the call has ended with them */
  #collect(bytes: Buffer): boolean | undefined {
    try {
      this.#reader ??= new MessageReader(
        this.#replies.messageLimit,
        this.#replies.room,
        (message, compressed) => {
          if (this.#begun) return; // a second one is not looked at
          this.message = message;
          this.#compressed = compressed;
          this.#begun = true;
        },
      );
      return this.#reader.push(bytes);
    } catch (error) {
      this.#refuse(error);
      return undefined;
    }
  }

  closed(): void {
    this.#reader?.giveBack();
    if (!this.#over) this.#replies.record(this, 'CANCELLED', this.#startedMs); // else only the answer's way out ended
  }

  #start(): void {
    if (!this.#begun || this.#reader?.midway === true) {
      this.#refuse(new RequestError('INTERNAL', 'the request ended before a whole message had come'));
    } else if (!this.#replies.room.take(this.message.length, 0)) {
      this.#refuse(noRoom());
    } else {
      this.#held = this.message.length;
      this.#unpack();
    }
  }

  #unpack(): void {
    if (!this.#compressed) {
      this.#run();
    } else if (!this.#head.gzip) {
      this.#refuse(new RequestError('INTERNAL', 'a compressed message without a grpc-encoding'));
    } else {
      gunzip(this.message, this.#replies.messageLimit).then(
        (pieces) => {
          release(this.message);
          this.#unzipped = pieces;
          this.message = pieces.join();
          this.#run();
        },
        (error: unknown) => this.#refuse(error),
      );
    }
  }

  #run(): void {
    if (this.#stream.closed) {
      this.#giveBack();
      return;
    }
    let answer: Buffer | Promise<Buffer>;
    try {
      answer = this.#method.handle(this);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (answer instanceof Promise) {
      answer.then(
        (late) => this.#answer(late),
        (error: unknown) => this.#refuse(error),
      );
    } else this.#answer(answer);
  }

  /** Compresses for whom has compressed: all clients say that they would take it, but it costs more than a network. */
  #answer(message: Buffer): void {
    this.#giveBack();
    if (this.#stream.closed) return;
    if (this.#late()) this.#refuse(deadlineExceeded());
    else if (this.#compressed && message.length >= GZIP_FROM_BYTES) {
      gzip(message).then(
        (smaller) => this.#send(smaller, true),
        (error: unknown) => this.#refuse(error),
      );
    } else this.#send(message, false);
  }

  #send(message: Buffer, compressed: boolean): void {
    if (this.#stream.closed) return;
    this.#over = true;
    this.#replies.head(this.#stream, compressed);
    this.#replies.message(this.#stream, message, compressed);
    this.#replies.success(this.#stream);
    this.#replies.record(this, 'OK', this.#startedMs);
  }

  #refuse(error: unknown): void {
    this.#giveBack();
    if (this.#stream.closed) return;
    this.#over = true;
    this.#reader?.giveBack();
    this.#replies.record(this, this.#replies.failure(this.#stream, error, false), this.#startedMs);
  }

  /** Not before: whoever answers has the message until it is read, or else until then, even where the caller has gone. */
  #giveBack(): void {
    this.#replies.room.give(this.#held);
    this.#held = 0;
  }
}

function deadlineExceeded(): RequestError {
  return new RequestError('DEADLINE_EXCEEDED', 'Deadline Exceeded');
}

const EMPTY = Buffer.alloc(0);
