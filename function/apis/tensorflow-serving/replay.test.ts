// Replays what a real TensorFlow Serving 2.17.1 answered. The same answer means: the same status; for 200 the same
// JSON with numbers equal as float32; for 4xx an object {"error": text}, whose words are ours.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Recorded, sendRecorded } from '../../testing/recorded.ts';
import { fixture, startServer } from '../../testing/whole-server.ts';

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
    const { status, body } = await sendRecorded(url, one);
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
  const theirs = Buffer.from(response.body_base64 ?? '', 'base64').toString();
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
