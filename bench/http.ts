import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * One request on a connection of its own: nothing is kept that a restarted server would not know.
 * @throws {Error} with a `code` when there is no answer within `timeout_ms`
 */
export function ask(url: string, body: string | null, timeout_ms = 30_000): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = body === null ? {} : { 'content-type': 'application/json' };
  const sent = request(
    url,
    {
      method: body === null ? 'GET' : 'POST',
      agent: false,
      headers,
      signal: AbortSignal.timeout(timeout_ms),
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    },
  );
  sent.on('error', reject);
  sent.end(body ?? undefined);
  return promise;
}
