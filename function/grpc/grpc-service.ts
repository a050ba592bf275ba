import { RequestError } from '../errors.ts';
import type { RequestHead } from '../http2/request-head.ts';
import type { Service } from '../http2/requests.ts';
import type { Receiver, Stream } from '../http2/stream.ts';
import { type CallHead, isCall, type Method, readCallHead } from './call-head.ts';
import { Replies, type RepliesOptions } from './replies.ts';
import { StreamingCall } from './streaming-call.ts';
import { UnaryCall } from './unary-call.ts';

/** A call's head, or that of a request which is none. */
type Head = { readonly call: CallHead } | { readonly plain: (stream: Stream) => Receiver };

/** gRPC's calls on HTTP/2's streams. */
export class GrpcService implements Service<Head> {
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #replies: Replies;
  readonly #plain: (head: RequestHead, stream: Stream) => Receiver;

  /** @param plain what answers requests that are no calls */
  constructor(
    methods: readonly Method[],
    options: RepliesOptions,
    plain: (head: RequestHead, stream: Stream) => Receiver = (_head, stream) => new Refusal(stream),
  ) {
    this.#methods = new Map(methods.map((method) => [method.path, method]));
    this.#replies = new Replies(options);
    this.#plain = plain;
  }

  head(head: RequestHead): Head {
    if (isCall(head)) return { call: readCallHead(head, this.#methods) };
    return { plain: (stream) => this.#plain(head, stream) };
  }

  open(head: Head, stream: Stream): Receiver {
    if ('plain' in head) return head.plain(stream);
    const { call } = head;
    const { method } = call;
    if (method instanceof RequestError) return new UnaryCall(call, refusing(method), stream, this.#replies);
    if ('handle' in method) return new UnaryCall(call, method, stream, this.#replies);
    return new StreamingCall(call, method, stream, this.#replies);
  }
}

function refusing(error: RequestError) {
  return {
    path: '',
    handle: () => {
      throw error;
    },
  };
}

/** 415: the protocol has it so for what is no call. */
class Refusal implements Receiver {
  readonly #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  data(_bytes: Buffer, last: boolean): boolean {
    if (last) {
      this.#stream.headers(UNSUPPORTED, undefined, false);
      this.#stream.data(EXPLANATION, undefined, true);
    }
    return false;
  }

  closed(): void {}
}

const EXPLANATION = Buffer.from('this port speaks gRPC: POST with content-type application/grpc\n');
const UNSUPPORTED = [':status', '415', 'content-type', 'text/plain'];
