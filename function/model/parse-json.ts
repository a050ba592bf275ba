import { isUtf8 } from 'node:buffer';
import { invalidArgument } from '../errors.ts';

/** JSON.parse's reviver as of ES2026: primitive values come with the text they were read from. */
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;
const parseWithSource: (text: string, reviver: Reviver) => unknown = JSON.parse;

/**
 * Parses a body as JSON. A byte order mark is accepted, as TensorFlow Serving does; bytes that are no UTF-8 are not.
 *
 * @throws RequestError INVALID_ARGUMENT that says where the JSON is wrong
 */
export function parseJson(body: Buffer): unknown {
  return parse(textOf(body), (text) => JSON.parse(text));
}

/**
 * The same, but whole numbers beyond ±2^53 come as bigint, so that an int64 keeps all its digits. Three times slower:
 * for signatures with an int64 input alone.
 */
export function parseJsonExactly(body: Buffer): unknown {
  const text = textOf(body);
  if (!/\d{16}/.test(text)) return parse(text, (json) => JSON.parse(json));
  return parse(text, (json) =>
    parseWithSource(json, (_key, value, { source = '' } = {}) =>
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d{1,400}$/.test(source)
        ? BigInt(source)
        : value,
    ),
  );
}

function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw invalidArgument('the body is not UTF-8');
  const text = body.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function parse(text: string, read: (text: string) => unknown): unknown {
  if (text === '') throw invalidArgument('the body is empty; send JSON');
  try {
    return read(text);
  } catch (error) {
    // V8 quotes the body in its message: kept short, and never the body at length.
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'unreadable';
    throw invalidArgument(`the body is not JSON: ${reason}`);
  }
}
