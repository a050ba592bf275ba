import { ErrorCode, StreamError } from './protocol.ts';

/** The head of a request, checked as RFC 9113, section 8.3 wants it. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** By lower-case name; several of one name are joined by a comma, cookies by a semicolon. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes of the body, where the peer says. */
  readonly contentLength: number | undefined;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Visible ASCII and bytes beyond it, with spaces and tabs in between (RFC 9113, section 8.2.1). */
const VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;

/** Of the connection in HTTP/1.1, and so of no message here. */
const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** @throws StreamError PROTOCOL_ERROR where the request is malformed */
export function readRequestHead(fields: readonly string[]): RequestHead {
  const pseudo = new Map<string, string>();
  const headers = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    if (name.startsWith(':')) {
      if (headers.size > 0 || pseudo.has(name) || !PSEUDO.has(name) || !VALUE.test(value))
        throw malformed(`${name} is unknown, comes twice or too late, or has a bad value`);
      pseudo.set(name, value);
    } else {
      addField(headers, name, value);
    }
  }
  const method = pseudo.get(':method') ?? '';
  const path = pseudo.get(':path') ?? '';
  const connect = method === 'CONNECT';
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) throw malformed('there is no :method');
  if (
    connect
      ? pseudo.has(':path') || pseudo.has(':scheme')
      : !/^(?:\/|\*$)/.test(path) || !pseudo.has(':scheme')
  )
    throw malformed('a request has one :method, :scheme and :path');
  const authority = pseudo.get(':authority');
  if (authority !== undefined && !headers.has('host')) headers.set('host', authority);
  return { method, path, headers, contentLength: contentLengthOf(headers) };
}

/** @throws StreamError PROTOCOL_ERROR where these are no trailers */
export function checkTrailers(fields: readonly string[]): void {
  const headers = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) addField(headers, fields[i] ?? '', fields[i + 1] ?? '');
}

const PSEUDO: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path']);

function addField(headers: Map<string, string>, name: string, value: string): void {
  if (!TOKEN.test(name) || !VALUE.test(value)) throw malformed(`a bad name or value of a field`);
  if (CONNECTION_SPECIFIC.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers'))
    throw malformed(`${name} has no place in HTTP/2`);
  const before = headers.get(name);
  headers.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
}

function contentLengthOf(headers: ReadonlyMap<string, string>): number | undefined {
  const text = headers.get('content-length');
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw malformed('content-length is no number');
  return Number(text);
}

function malformed(how: string): StreamError {
  return new StreamError(ErrorCode.PROTOCOL_ERROR, how);
}
