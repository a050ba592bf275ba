import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/**
 * GET, or POST of JSON where there is a body. No connection, or a proxy that has no server yet, is asked again until
 * `wait` seconds are over.
 *
 * @throws Error where no answer came in time
 */
export async function ask(url: string, body: unknown, wait: number): Promise<Answer> {
  const end = Date.now() + wait * 1_000;
  const post = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  for (;;) {
    try {
      const signal = AbortSignal.timeout(10_000 + wait * 1_000);
      const response = await fetch(url, body === undefined ? { signal } : { ...post, signal });
      const text = await response.text();
      if (![502, 503, 504].includes(response.status) || Date.now() > end)
        return { status: response.status, text, headers: response.headers };
    } catch (error) {
      if (Date.now() > end) throw new Error(`${url}: ${reasonOf(error)}`);
    }
    await sleep(200);
  }
}

/** A field of a parsed answer; undefined where there is none. */
export function field(answer: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    answer,
  );
}

export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
