import { request } from 'node:http';

/** A request to TensorFlow Serving 2.17.1, and what it answered. */
export interface Recorded {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body_base64: string | null;
  readonly response: { readonly status: number; readonly body_base64: string | null };
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
