import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import type { Job, Outcome } from './job.ts';
import { Tally } from './tally.ts';

/**
 * A closed loop by autocannon. Its own percentiles are whole milliseconds, so latencies are taken as floats from its
 * `response` events; it warms up and measures on the same connections.
 */
export async function autocannonLoad(job: Job): Promise<Outcome> {
  const tally = new Tally(job);
  // autocannon calls verifyBody right after it emitted `response`: that tells which answer the body belongs to
  let answer = { status: 0, ms: 0, counts: false };
  const verifyBody = (body: unknown) => {
    const right = tally.isRight(String(body));
    if (!answer.counts || answer.status !== 200) return right;
    if (right) tally.counted(answer.ms, answer.ms);
    else tally.mismatched(String(body));
    return right;
  };
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const instance = autocannon(
    {
      url: job.origin + job.path,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: job.body,
      connections: job.connections,
      duration: job.warmup_s + job.duration_s + 60, // it is stopped below, when the time is over
      timeout: job.timeout_s,
      sampleInt: 50,
      verifyBody,
    },
    (error, result) => (error ? reject(error) : resolve(result)),
  );
  instance.on('response', (_client, status, _bytes, ms) => {
    answer = { status, ms, counts: tally.counting };
    if (tally.counting && status !== 200) tally.failed(`status ${status}`);
  });
  instance.on('reqError', (error) => {
    if (tally.counting) tally.failed(kindOf(error));
  });
  await sleep(job.warmup_s * 1000);
  tally.open();
  await sleep(job.duration_s * 1000);
  tally.close();
  instance.stop();
  const outcome = tally.outcome();
  const result = await promise;
  // it connects again without a word when the server closes a connection: requests that were on it are errors, too
  const lost = result.requests.sent - result.requests.total - result.errors - job.connections;
  if (lost <= 0) return outcome;
  const error_kinds = { ...outcome.error_kinds, 'connection closed': lost };
  return { ...outcome, errors: outcome.errors + lost, error_kinds };
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
