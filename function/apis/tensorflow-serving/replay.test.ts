// Replays what a real TensorFlow Serving 2.17.1 answered. The same answer means: the same status; for 200 the same
// JSON with numbers equal as float32; for 4xx an object {"error": text}, whose words are ours.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import t from 'tap';
import { fixture, startServer } from '../../testing/whole-server.ts';

interface Recorded {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body_base64: string;
  readonly response: { readonly status: number; readonly body_base64: string };
}

/** Where we differ on purpose, by recorded case: the status that we give, and why. The README has this list too. */
const DIFFERENCES: Readonly<Record<string, { status: number; why: string }>> = {
  'number-forms-040': { status: 400, why: 'NaN is no JSON' },
  'number-forms-042': { status: 400, why: '-Infinity is no JSON' },
  'number-forms-043': {
    status: 400,
    why: '1e39 is beyond float32; theirs answers Infinity, which is no JSON',
  },
  'gzip-123': { status: 415, why: 'an unknown Content-Encoding is said to be one' },
  'routes-142': { status: 200, why: 'GET / is a page for people' },
  'routes-153': { status: 200, why: 'a ?query is ignored, not part of the name' },
  'routes-post-175': { status: 200, why: 'a ?query is ignored, not part of the verb' },
};

const recorded = readFileSync(fixture('tf-serving-2.17.1.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line): Recorded => JSON.parse(line));

t.test(`${recorded.length} recorded answers of TensorFlow Serving`, async (t) => {
  const { url } = await startServer(t);
  t.equal(recorded.length, 95);
  for (const one of recorded) {
    const { status, body } = await send(url, one);
    const difference = DIFFERENCES[one.id];
    if (difference !== undefined) {
      t.equal(status, difference.status, `${one.id} differs: ${difference.why}`);
      t.not(one.response.status === status && sameJson(body, one), true, `${one.id} is a difference indeed`);
      continue;
    }
    t.equal(status, one.response.status, `${one.id} ${one.method} ${one.path}: status`);
    if (status === 200) t.ok(sameJson(body, one), `${one.id}: the same JSON, not ${body.slice(0, 200)}`);
    else t.match(JSON.parse(body), { error: String }, `${one.id}: says what was wrong`);
  }
});

function sameJson(body: string, { response }: Recorded): boolean {
  const theirs = Buffer.from(response.body_base64, 'base64').toString();
  try {
    return canonical(body) === canonical(theirs);
  } catch {
    return false; // NaN and Infinity
  }
}

/** JSON text with every number rounded to float32. */
function canonical(text: string): string {
  return JSON.stringify(
    JSON.parse(text, (_key, value) => (typeof value === 'number' ? Math.fround(value) : value)),
  );
}

/** By node:http, which sends paths and headers as they are; fetch would mend them. */
function send(
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
