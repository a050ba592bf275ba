// Replays what a real TensorFlow Serving 2.17.1 answered over gRPC. The same answer means: the same code; for OK the same
// message, field by field. Words of errors are ours.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import t from 'tap';
import { recordedModels } from '../../function/testing/recorded.ts';
import { freePort } from '../../function/testing/socket.ts';
import { fixture, startServer } from '../../function/testing/whole-server.ts';
import { differenceOf, type Recording, sendRecording } from './recordings.ts';

/** Where we differ, by recorded call: the code that we give, and why. */
const DIFFERENCES: Readonly<Record<string, { code: string; why: string }>> = {
  'grpc-reflection': { code: 'OK', why: 'theirs has no reflection' },
};

/** Their runs go on for minutes after nobody waits, which would hold up all others: deadlines are runner.test.ts's. */
const LEFT_OUT: ReadonlySet<string> = new Set(['grpc-predict-deadline-slow', 'grpc-predict-cancelled-slow']);

const recordings = readFileSync(fixture('tf-serving-2.17.1-grpc.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line): Recording => JSON.parse(line))
  .filter(({ id }) => !LEFT_OUT.has(id));

t.test(`${recordings.length} recorded calls of TensorFlow Serving`, async (t) => {
  const GRPC_PORT = await freePort();
  const config = join(t.testdir({ 'models.config': recordedModels() }), 'models.config');
  await startServer(t, { GRPC_PORT, MODEL_CONFIG_FILE: config });
  const client = new Client(`127.0.0.1:${GRPC_PORT}`, credentials.createInsecure());
  t.teardown(() => client.close());
  t.equal(recordings.length, 165);
  for (const recording of recordings) {
    const { id } = recording;
    const answered = await sendRecording(client, recording);
    const difference = DIFFERENCES[id];
    if (difference !== undefined) t.equal(answered.code, difference.code, `${id} differs: ${difference.why}`);
    else t.equal(differenceOf(recording, answered), undefined, id);
  }
});
