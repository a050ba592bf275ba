import { isUtf8 } from 'node:buffer';
import { invalidArgument } from '../../errors.ts';

/** JSON.parse's reviver as of ES2026: primitive values come with the text they were read from. */
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;
const parseWithSource: (text: string, reviver: Reviver) => unknown = JSON.parse;

/**
 * Parses JSON. Where it speaks of 64-bit integers, whole numbers beyond ±2^53 come as bigint, with all their digits; that
 * takes three times as long.
 *
 * @throws RequestError INVALID_ARGUMENT that says what is wrong
 */
export function parseJson(json: Buffer): unknown {
  if (!isUtf8(json)) throw invalidArgument('the body is not UTF-8');
  const text = json.toString('utf8');
  try {
    if (!text.includes('INT64"') || !/\d{16}/.test(text)) return JSON.parse(text);
    return parseWithSource(text, (_key, value, { source = '' } = {}) =>
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d{1,400}$/.test(source)
        ? BigInt(source)
        : value,
    );
  } catch (error) {
    // V8 quotes the body in its message: kept short, and never the body at length.
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'unreadable';
    throw invalidArgument(`the body is not JSON: ${reason}`);
  }
}

/**
 * The shortest decimal that reads back as the same float32: of 6 significant digits, which it always keeps, up to 9,
 * which tell any two apart.
 *
 * @param value a finite float32
 */
export function floatText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return Object.is(value, -0) ? '-0' : String(value);
  const least = Math.abs(value) < 2 ** -126 ? 1 : 6; // subnormal numbers have fewer digits
  for (let digits = least; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
