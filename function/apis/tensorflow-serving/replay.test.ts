// Replays what a real TensorFlow Serving 2.17.1 answered. The same answer means: the same status; for 200 the same
// JSON, see sameJson(); for 4xx an object {"error": text}, whose words are ours.
import { join } from 'node:path';
import t from 'tap';
import { type Recorded, recordedIn, recordedModels, sameJson, sendRecorded } from '../../testing/recorded.ts';
import { startServer } from '../../testing/whole-server.ts';
import { DIFFERENCES } from './differences.ts';

const MODEL_CONFIG_FILE = join(t.testdir({ 'models.config': recordedModels() }), 'models.config');

const FILES = [
  { file: 'tf-serving-2.17.1.jsonl', count: 95, env: {} },
  { file: 'tf-serving-2.17.1-dtypes.jsonl', count: 183, env: { MODEL_CONFIG_FILE } },
  { file: 'tf-serving-2.17.1-examples.jsonl', count: 80, env: { MODEL_CONFIG_FILE } },
];

const seen = new Set<string>();

for (const { file, count, env } of FILES) {
  t.test(file, async (t) => {
    const recorded = recordedIn(file);
    t.equal(recorded.length, count);
    const { url } = await startServer(t, env);
    for (const one of recorded) {
      const { id, method, path, response } = one;
      const { status, body } = await sendRecorded(url, one);
      const same = status === response.status && (status !== 200 || sameJson(body, textOf(one)));
      const difference = DIFFERENCES.find(({ answers }) => id in answers);
      if (difference !== undefined) {
        seen.add(id);
        t.equal(status, difference.answers[id], `${id} differs: ${difference.here}`);
        t.notOk(same, `${id} is a difference indeed`);
      } else {
        t.ok(same, `${id} ${method} ${path}: ${status}`, { body: body.slice(0, 500) });
      }
      if (status >= 400) t.match(JSON.parse(body), { error: String }, `${id}: says what was wrong`);
    }
  });
}

t.test('each difference was recorded', async (t) => {
  t.same([...seen].sort(), DIFFERENCES.flatMap(({ answers }) => Object.keys(answers)).sort());
});

const textOf = ({ response }: Recorded) => Buffer.from(response.body_base64 ?? '', 'base64').toString();
