import { originForm } from './target.ts';

/** The head of a plain request: a POST whose body is as long as its one content-length says. */
export interface PlainHead {
  readonly url: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** The head as it came, with the empty line that ends it. */
  readonly raw: Buffer;
  /** Bytes of that. */
  readonly bytes: number;
  /** Bytes of the body. */
  readonly contentLength: number;
  /** Whether the client wants no other answer over this connection. */
  readonly isLast: boolean;
  /** Whether these bytes begin with the very same head. */
  startsTheSame(bytes: Buffer): boolean;
}

/** Longer heads are left to node:http, which has its own limit. */
const MAX_HEAD_BYTES = 4096;

const REQUEST_LINE = /^POST ([!-~]+) HTTP\/1\.1$/;

/** RFC 9110: a token, a colon, visible ASCII with spaces in it. */
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[!-~](?:[ \t]*[!-~])*)?)[ \t]*$/;

/** Headers that change how a message is read, or what becomes of the connection. */
const NOT_PLAIN: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
  'proxy-connection',
]);

/**
 * Reads the head of a request, if it is a plain one. The grammar is narrower than HTTP's on purpose: what does not
 * fit is not refused, but read by node:http.
 */
export function readPlainHead(bytes: Buffer): PlainHead | undefined {
  const end = bytes.subarray(0, MAX_HEAD_BYTES).indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [requestLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const url = originForm(REQUEST_LINE.exec(requestLine)?.[1] ?? '');
  if (!url.startsWith('/')) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === '' || headers.has(key) || NOT_PLAIN.has(key)) return undefined;
    headers.set(key, value);
  }
  const length = headers.get('content-length') ?? '';
  const connection = headers.get('connection')?.toLowerCase() ?? 'keep-alive';
  const isLast = connection === 'close';
  if (!/^\d{1,9}$/.test(length) || !(isLast || connection === 'keep-alive') || !headers.has('host'))
    return undefined;
  const head = Buffer.from(bytes.subarray(0, end + 4)); // a copy: the socket's memory is used again
  return {
    url,
    headers,
    raw: head,
    bytes: head.length,
    contentLength: Number(length),
    isLast,
    startsTheSame: (other) => other.length >= head.length && head.compare(other, 0, head.length) === 0,
  };
}
