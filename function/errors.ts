/**
 * Why a request was not answered, by gRPC's canonical names (google/rpc/code.proto). Each transport has one table from
 * these to what it says: http/errors.ts to HTTP's status. The numbers are gRPC's.
 */
export const CODE_NUMBERS = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type Code = keyof typeof CODE_NUMBERS;

/** A request that cannot be answered, by whichever protocol it came: its message is for the caller. */
export class RequestError extends Error {
  readonly code: Code;
  /** When it is worth to try again, in seconds; undefined where it is not known, or never. */
  readonly retryAfterSeconds: number | undefined;
  /** The model's version that was asked; undefined where it did not come to that. */
  readonly modelVersion: string | undefined;

  constructor(code: Code, message: string, { retryAfterSeconds, modelVersion }: RefusalFacts = {}) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.modelVersion = modelVersion;
  }
}

interface RefusalFacts {
  readonly retryAfterSeconds?: number | undefined;
  readonly modelVersion?: string | undefined;
}

/** The request itself is at fault. */
export function invalidArgument(message: string): RequestError {
  return new RequestError('INVALID_ARGUMENT', message);
}

/** This server cannot answer now, but soon. */
export function unavailable(message: string): RequestError {
  return new RequestError('UNAVAILABLE', message, { retryAfterSeconds: 1 });
}

/** Nobody waits for the answer any more, so that there is none. */
export function clientGone(): RequestError {
  return new RequestError('CANCELLED', 'the client has gone');
}

/** The names by their numbers, which are those of TensorFlow's C API, too. */
const CODES = new Map<number, Code>(
  Object.entries(CODE_NUMBERS).map(([name, number]) => [number, name as Code]), // keys are those of CODE_NUMBERS
);

/**
 * An error of native code as a refusal: its `code` is TensorFlow's number. Of TensorFlow's words the first 500, which say
 * the reason; what follows is the graph's call stack. Any other error comes back as it is.
 */
export function requestErrorOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RequestError) return error;
  const code = 'code' in error && typeof error.code === 'number' ? CODES.get(error.code) : undefined;
  return code === undefined ? error : new RequestError(code, error.message.slice(0, 500));
}

/** The process cannot go on: one line on stderr that says what to do, then the exit code (1, or 2 for bad usage). */
export class FatalError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.name = 'FatalError';
    this.exitCode = exitCode;
  }
}

/** What an unknown thrown value says of itself, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
