import type { RequestError } from '../errors.ts';
import type { Trace } from '../telemetry/tracing.ts';

/** One call, as a method sees it. */
export interface Call {
  /** E.g. `/tensorflow.serving.PredictionService/Predict`. */
  readonly method: string;
  /** The request, not compressed any more; stays as it is until messageRead(). Empty while there is none. */
  readonly message: Buffer;
  /** When the caller stops waiting, by performance.now(); undefined where it has not said. */
  readonly deadlineMs: number | undefined;
  /** What the caller sent along, by lower-case name. */
  metadata(name: string): string | undefined;
  /** Whether nobody waits for an answer any more: cancelled, disconnected, or past the deadline. */
  gone(): boolean;
  /** To be told, where the message may be large, that nobody will look at it any more: its memory can go. */
  messageRead?(): void;
  /** Undefined where the call is not traced. */
  readonly trace?: Trace | undefined;
}

/** A method with one request and one answer. */
export interface UnaryMethod {
  /** E.g. `/tensorflow.serving.PredictionService/Predict`. */
  readonly path: string;
  /**
   * @returns the answer, which must not change any more; at once where it can be had at once, as a promise costs time
   * @throws RequestError; a promise rejects with the same
   */
  handle(call: Call): Buffer | Promise<Buffer>;
}

/** A method with any number of requests and answers. */
export interface StreamMethod {
  readonly path: string;
  /** @throws RequestError */
  open(call: StreamCall): StreamHandler;
}

export interface StreamCall extends Call {
  /** @param message must not change any more */
  send(message: Buffer): void;
  /** Ends the call. @param error why it failed, if it did */
  end(error?: RequestError): void;
}

export interface StreamHandler {
  /** @throws RequestError, which ends the call */
  message(message: Buffer): void;
  /** No more requests come. */
  ended(): void;
  /** Nobody waits any more; also called after end(). */
  closed(): void;
}

/** What a finished call was, for metrics and logs. */
export interface CallRecord {
  readonly call: Call;
  readonly code: RequestError['code'] | 'OK';
  readonly milliseconds: number;
}
