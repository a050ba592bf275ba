import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fixture } from './whole-server.ts';

/** A request to TensorFlow Serving 2.17.1, and what it answered. */
export interface Recorded {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body_base64: string | null;
  readonly response: { readonly status: number; readonly body_base64: string | null };
}

/** The requests in a file of function/fixtures. */
export function recordedIn<R extends Recorded = Recorded>(file: string): R[] {
  return readFileSync(fixture(file), 'utf8')
    .trim()
    .split('\n')
    .map((line): R => JSON.parse(line));
}

/** The configuration of the models when most was recorded, as text of ModelServerConfig. */
export function recordedModels(): string {
  const where = (name: string) =>
    `name: "${name}" base_path: "${join(fixture('tf-serving-models'), name)}" model_platform: "tensorflow"`;
  return `model_config_list {
${['dtypes', 'examples', 'module', 'slow'].map((name) => `  config { ${where(name)} }\n`).join('')}
  config {
    ${where('shift')}
    model_version_policy { specific { versions: 1 versions: 2 } }
    version_labels { key: "stable" value: 1 }
    version_labels { key: "canary" value: 2 }
  }
}
`;
}

/** Sends a recorded request by node:http, which sends paths and headers as they are; fetch would mend them. */
export function sendRecorded(
  url: string,
  { method, path, headers, body_base64 }: Recorded,
): Promise<{ status: number; body: string }> {
  const body = Buffer.from(body_base64 ?? '', 'base64');
  return new Promise((resolve, reject) => {
    const out = request(
      url,
      { method, path, headers: { ...headers, 'content-length': body.length } },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('end', () =>
          resolve({ status: reply.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    out.on('error', reject);
    out.end(body);
  });
}

/**
 * Whether two texts are the same JSON, whatever the order of an object's keys: whole numbers digit by digit where both are
 * written so, others as float32.
 */
export function sameJson(one: string, other: string): boolean {
  try {
    return isDeepStrictEqual(...alike(sourced(one), sourced(other)));
  } catch {
    return false; // NaN, Infinity, and what is no UTF-8
  }
}

/** A number, and how it is written. */
class Numeral {
  readonly value: number;
  readonly source: string;

  constructor(value: number, source: string) {
    this.value = value;
    this.source = source;
  }
}

function sourced(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? new Numeral(value, context?.source ?? '') : value,
  );
}

/** Both with numbers in place of numerals. */
function alike(one: unknown, other: unknown): [unknown, unknown] {
  if (one instanceof Numeral && other instanceof Numeral) {
    const whole = [one, other].every(({ source }) => /^-?\d+$/.test(source));
    return whole ? [one.source, other.source] : [Math.fround(one.value), Math.fround(other.value)];
  }
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return [one, other];
  const keys = Object.keys(one).sort();
  if (!isDeepStrictEqual(keys, Object.keys(other).sort())) return [one, other];
  const pairs = keys.map((key) => alike(one[key], other[key]));
  return [pairs.map(([first]) => first), pairs.map(([, second]) => second)];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Numeral);

/**
 * JSON with every number rounded to float32 and the keys of objects in order, which TensorFlow Serving leaves to chance.
 * An `error_message` only says whether there is one: its words are the server's own.
 */
export function canonicalJson(text: string): unknown {
  return JSON.parse(text, (key, value) => {
    if (key === 'error_message') return value !== '';
    if (typeof value === 'number') return Math.fround(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

export const recordedJson = ({ response }: Recorded): unknown =>
  canonicalJson(Buffer.from(response.body_base64 ?? '', 'base64').toString());
