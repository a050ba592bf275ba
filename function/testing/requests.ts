import type { Test } from 'tap';
import type { TestApp } from './app.ts';

export const ORIGIN = 'http://celsius.test';

/** A request, and what is to be answered. */
export interface Case {
  readonly name: string;
  /** GET where there is none. */
  readonly method?: string;
  readonly path: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly status: number;
  /** What the JSON of the answer's body is to match. */
  readonly answer?: unknown;
  /** Headers of the answer. */
  readonly sent?: Record<string, string>;
}

export function requestOf({ method = 'GET', path, body, headers }: Omit<Case, 'name' | 'status'>): Request {
  const init: RequestInit = { method };
  if (headers !== undefined) init.headers = headers;
  if (body !== undefined) init.body = typeof body === 'string' ? body : new Uint8Array(body);
  return new Request(ORIGIN + path, init);
}

/** Asks one after the other, and looks at each answer. */
export async function ask(t: Test, { app, runId }: TestApp, cases: readonly Case[]): Promise<void> {
  for (const one of cases) {
    const name = `${one.name}: ${one.method ?? 'GET'} ${one.path.slice(0, 60)}`;
    const response = await app.fetch(requestOf(one));
    const text = await response.text();
    t.equal(response.status, one.status, `${name} is ${one.status}, ${text.slice(0, 100)}`);
    t.equal(response.headers.get('x-run-id'), runId, `${name}: names the process`);
    if (one.answer !== undefined) t.match(JSON.parse(text), one.answer, `${name}: its body`);
    if (one.method === 'HEAD') t.equal(text, '', `${name}: no body`);
    for (const [header, value] of Object.entries(one.sent ?? {})) {
      t.equal(response.headers.get(header), value, `${name}: ${header}`);
    }
  }
  t.equal(app.inFlight, 0, 'nothing is left under way');
}
