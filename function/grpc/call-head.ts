import { RequestError } from '../errors.ts';
import type { RequestHead } from '../http2/request-head.ts';
import type { StreamMethod, UnaryMethod } from './call.ts';

export type Method = UnaryMethod | StreamMethod;

/** What the head of a call says; the same object for all calls of a client that sends the same head again. */
export interface CallHead {
  readonly path: string;
  /** What answers it, or why nothing does. */
  readonly method: Method | RequestError;
  readonly headers: ReadonlyMap<string, string>;
  /** From `grpc-timeout`, in ms. */
  readonly timeoutMs: number | undefined;
  /** Whether compressed messages are gzip; other codings have become a refusal. */
  readonly gzip: boolean;
}

/** Content types of a call; the other ones that begin so are other protocols. */
const GRPC = /^application\/grpc(?:\+proto)?(?:\s*;|$)/i;

export function isCall({ method, headers }: RequestHead): boolean {
  return method === 'POST' && GRPC.test(headers.get('content-type') ?? '');
}

export function readCallHead(head: RequestHead, methods: ReadonlyMap<string, Method>): CallHead {
  const { path, headers } = head;
  const encoding = headers.get('grpc-encoding') ?? 'identity';
  const known = encoding === 'gzip' || encoding === 'identity';
  return {
    path,
    method: known ? (methods.get(path) ?? unknownMethod(path)) : unknownEncoding(encoding),
    headers,
    timeoutMs: timeoutOf(headers.get('grpc-timeout')),
    gzip: encoding === 'gzip',
  };
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** @returns undefined where there is none, or one that cannot be read, which TensorFlow Serving lets pass, too */
function timeoutOf(text: string | undefined): number | undefined {
  const match = text === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(text);
  if (match === null) return undefined;
  const [, digits = '', unit = ''] = match;
  return Number(digits) * (MILLISECONDS[unit] ?? 0);
}

function unknownMethod(path: string): RequestError {
  return new RequestError('UNIMPLEMENTED', `no method ${path.slice(0, 200)} is served here`);
}

function unknownEncoding(encoding: string): RequestError {
  return new RequestError(
    'UNIMPLEMENTED',
    `grpc-encoding ${JSON.stringify(encoding.slice(0, 100))} is not read; use gzip or identity`,
  );
}
