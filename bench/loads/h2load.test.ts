import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type H2loadJob, parseH2load, runH2load } from './h2load.ts';

/** As h2load 1.52 prints it: of three answers one was an error of gRPC's, which has no body. */
const SAID = `
finished in 2.50s, 1.20 req/s, 1.23KB/s
requests: 3 total, 4 started, 3 done, 3 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 3 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 1.23KB (1260) total, 345B (345) headers (space savings 12.00%), 128B (128) data
                     min         max         mean         sd        +/- sd
time for request:       48us      1.20s      2.50ms       20us    75.00%
time for connect:      101us       101us       101us         0us   100.00%
`;

t.test('what h2load says', async (t) => {
  t.match(parseH2load(SAID), {
    ...{ duration_s: 2.5, answers: 3, errors: 0, data_bytes: 128 },
    ...{ mean_ms: 2.5, max_ms: 1200 },
  });
  t.throws(() => parseH2load('Could not connect'), /h2load printed Could not connect/);
});

t.test('answers without a body are errors, others than the right one are none at all', async (t) => {
  const folder = t.testdir();
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'h2load');
  writeFileSync(program, `#!/bin/sh\ncat << 'END'${SAID}END\n`);
  chmodSync(program, 0o755);
  let cpu_us = 0;
  const job: H2loadJob = {
    ...{ url: 'http://127.0.0.1:1/', headers: ['te: trailers'], body: Buffer.from('x'), answerBytes: 64 },
    ...{ http1: false, connections: 1, streams: 1, load_s: 1, warmup_s: 1, program },
    signal: new AbortController().signal,
    cpu_us: () => {
      cpu_us += 100;
      return cpu_us;
    },
  };
  t.match(await runH2load(job), { requests: 2, errors: 1, requests_per_s: 0.8, cpu_us_per_request: 50 });
  await t.rejects(runH2load({ ...job, answerBytes: 16 }), /not 16 each/);
  const steady = { ...job, steady: true, warmup_s: 0.5, answerBytes: 400 };
  t.match(await runH2load(steady), { duration_s: 2, requests: 3, errors: 0, requests_per_s: 400 });
  t.match(await runH2load({ ...steady, answerBytes: 500 }), { requests: 2, errors: 1, requests_per_s: 1 });
});
