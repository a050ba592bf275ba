// What must hold of every answer, and what of those to right requests.
import type { FuzzCase } from './fuzz-cases.ts';
import { answerTo, isUnsayable, type Known, type Row, sameRow } from './fuzz-oracle.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Statuses that a request may get from a server that is well; 503 is none, as nothing fills its queue here. */
const ALLOWED = new Set([200, 400, 404, 405, 413, 414, 415, 431]);

/** @returns what is wrong with an answer; undefined where nothing is */
export function faultOf(model: string, one: FuzzCase, { status, headers, body }: Reply): string | undefined {
  if (!ALLOWED.has(status)) return `status ${status}`;
  if (one.method === 'HEAD' || status === 431) return undefined;
  if (headers['content-type'] === undefined) return `status ${status} without a content-type`;
  if (!String(headers['content-type']).startsWith('application/json'))
    return status === 200 && one.kind === 'route' ? undefined : `content-type ${headers['content-type']}`;
  const answer = parsed(body.toString());
  if (answer === undefined) return 'an answer that is no JSON';
  if (status >= 400) return typeof Object(answer).error === 'string' ? undefined : 'an error without words';
  if (one.right !== undefined) return wrongAnswer(model, one.right, answer);
  if (one.method === 'POST' && one.headers['content-encoding'] === undefined && !isJson(one.body))
    return 'a 200 for a body that is no JSON';
  return undefined;
}

/** True where a right request must be refused: an output that JSON cannot say, or the graph's own refusal. */
export function mustBeRefused(model: string, one: FuzzCase): boolean | undefined {
  const answers = one.right?.rows.map((row) => answerTo(model, one.right?.signature ?? '', row));
  if (answers === undefined || answers.some((known) => known === undefined)) return undefined;
  return answers.some((known) => known === 'refused' || Object.values(known ?? {}).some(isUnsayable));
}

function wrongAnswer(
  model: string,
  right: NonNullable<FuzzCase['right']>,
  answer: unknown,
): string | undefined {
  const { signature, format, rows } = right;
  const whole = Object(answer)[format === 'row' ? 'predictions' : 'outputs'];
  if (whole === undefined) return `no ${format === 'row' ? 'predictions' : 'outputs'}`;
  for (const [i, row] of rows.entries()) {
    const known = answerTo(model, signature, row);
    if (known === undefined || known === 'refused') return undefined;
    for (const [key, value] of Object.entries(known)) {
      const found = outputOf(whole, format, i, key, known, signature === 'scalar');
      if (!sameRow(value, found)) return `row ${i} of ${key}: ${show(found)} instead of ${show(value)}`;
    }
  }
  return undefined;
}

/** One row of one output, wherever the format puts it. */
function outputOf(
  whole: unknown,
  format: 'row' | 'column',
  row: number,
  key: string,
  known: Exclude<Known, 'refused'>,
  scalar: boolean,
): unknown {
  const own = (value: unknown, name: string | number) =>
    Object.getOwnPropertyDescriptor(Object(value), name)?.value;
  if (scalar) return whole;
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const single = Object.keys(known).length === 1;
  if (format === 'row') {
    const one = own(whole, row);
    const bare = single && !(isObject(one) && Object.hasOwn(Object(one), key));
    return bare ? one : own(one, key);
  }
  return own(isObject(whole) ? own(whole, key) : whole, row);
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? `${part}n` : part))?.slice(0, 100);
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return true;
  } catch {
    return false;
  }
}

/** JSON with whole numbers beyond ±2^53 as bigint; undefined where it is none. */
function parsed(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context?.source ?? 0)
      : value;
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}

export type { Row };
