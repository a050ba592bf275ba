import t from 'tap';
import { jobFor, RIGHT, rightStub, stub } from '../testing.ts';
import { checker } from './answer.ts';
import { autocannonLoad } from './autocannon.ts';
import { LoadClient } from './client.ts';
import { Holder } from './hold.ts';
import type { Job, Outcome } from './job.ts';
import { parseJob, parseReply } from './job.ts';
import { KeptLanes, undiciClosedLoad, undiciOpenLoad } from './undici.ts';

const clients: readonly { kind: Job['kind']; rate_per_s: number; load: (job: Job) => Promise<Outcome> }[] = [
  { kind: 'autocannon', rate_per_s: 0, load: autocannonLoad },
  { kind: 'undici', rate_per_s: 0, load: undiciClosedLoad },
  { kind: 'undici', rate_per_s: 300, load: undiciOpenLoad },
];

for (const { kind, rate_per_s, load } of clients) {
  const name = `${kind} at ${rate_per_s} requests/s`;

  t.test(`${name}: counts what the server counts`, async (t) => {
    const server = await rightStub();
    const found = await load(jobFor(server.origin, { kind, rate_per_s }));
    t.match(found, { errors: 0, wrong_answers: 0, unfinished: 0, server_cpu_us: null });
    if (rate_per_s > 0) t.equal(found.requests, server.asked() - 4, 'one request opened each connection');
    else
      t.ok(
        found.requests > 0 && found.requests <= server.asked(),
        'the rest came after the time that counts',
      );
    t.ok((found.p50_ms ?? 0) > 0 && (found.p50_ms ?? 0) <= (found.max_ms ?? 0));
    t.match(found.log_line, /^Tag=test=1,/);
    await server.close();
  });

  t.test(`${name}: wrong answers are not requests`, async (t) => {
    const server = await stub((response, count) =>
      response.end(count % 2 === 0 ? '{"predictions":[99]}' : RIGHT),
    );
    const found = await load(jobFor(server.origin, { kind, rate_per_s }));
    t.ok(found.wrong_answers > 0);
    t.equal(found.wrong_answer, '{"predictions":[99]}');
    t.ok(found.requests > 0);
    await server.close();
  });

  t.test(`${name}: other status codes and closed connections are errors`, async (t) => {
    const server = await stub((response, count) => {
      if (count % 3 === 0) response.writeHead(503).end(RIGHT);
      else if (count % 3 === 1) response.destroy();
      else response.end(RIGHT);
    });
    const found = await load(jobFor(server.origin, { kind, rate_per_s }));
    t.ok((found.error_kinds['status 503'] ?? 0) > 0, JSON.stringify(found.error_kinds));
    t.ok(Object.keys(found.error_kinds).length >= 2);
    t.equal(found.wrong_answers, 0);
    t.equal(
      found.errors,
      Object.values(found.error_kinds).reduce((a, b) => a + b, 0),
    );
    await server.close();
  });

  t.test(`${name}: nobody listens`, async (t) => {
    const server = await rightStub();
    await server.close();
    const found = await load(jobFor(server.origin, { kind, rate_per_s, duration_s: 0.5 }));
    t.match(found, { requests: 0, p50_ms: null });
    t.ok(found.errors > 0);
  });
}

t.test('the same number in another form is not a wrong answer', async (t) => {
  const server = await stub((response) => response.end('{ "predictions": [100.0\n ] }'));
  for (const { kind, rate_per_s, load } of clients)
    t.match(await load(jobFor(server.origin, { kind, rate_per_s })), { wrong_answers: 0, errors: 0 });
  await server.close();
});

t.test('a stall of the server shows in the open loop, and is hidden in the closed one', async (t) => {
  const STALL_MS = 400;
  /** Holds every answer from request `from` on until the stall is over. */
  const stalling = async (from: number) => {
    const held: (() => void)[] = [];
    let stalled = false;
    const server = await stub((response, count) => {
      if (count === from) {
        stalled = true;
        setTimeout(() => {
          stalled = false;
          for (const answer of held.splice(0)) answer();
        }, STALL_MS);
      }
      if (stalled) held.push(() => response.end(RIGHT));
      else response.end(RIGHT);
    });
    return server;
  };
  const open = await stalling(100);
  const fixed = await undiciOpenLoad(
    jobFor(open.origin, { kind: 'undici', rate_per_s: 500, duration_s: 1, connections: 1 }),
  );
  t.equal(fixed.requests, 500);
  // of the arrivals of 1 s, those of 0.4 s had to wait, 0.2 s on average: even the 90th percentile is far above
  t.ok((fixed.p99_ms ?? 0) > STALL_MS / 2, `p99 ${fixed.p99_ms}`);
  t.ok((fixed.p90_ms ?? 0) > STALL_MS / 2, `p90 ${fixed.p90_ms}`);
  await open.close();
  const closed = await stalling(50);
  const hidden = await undiciClosedLoad(
    jobFor(closed.origin, { kind: 'undici', duration_s: 1, connections: 1 }),
  );
  t.ok((hidden.max_ms ?? 0) >= STALL_MS * 0.9, 'one request saw it');
  t.ok((hidden.p99_ms ?? 0) < STALL_MS / 2, `p99 ${hidden.p99_ms} does not know of it`);
  await closed.close();
});

t.test('requests without an answer are unfinished, and no percentile pretends to know them', async (t) => {
  const server = await stub((response, count) => {
    if (count <= 190) response.end(RIGHT); // the first 100 open the connections
  });
  const found = await undiciOpenLoad(
    jobFor(server.origin, { kind: 'undici', rate_per_s: 500, duration_s: 0.2, connections: 100, drain_s: 3 }),
  );
  t.match(found, { intended: 100, requests: 90, unfinished: 10, p99_ms: null, max_ms: null });
  t.ok(found.p50_ms !== null);
  await server.close();
});

t.test('an open loop goes on over the connections that the last one kept', async (t) => {
  const server = await rightStub();
  const kept = new KeptLanes();
  const connections = 4;
  for (const { what, keep_open, opened, job } of [
    { what: 'the first', keep_open: true, opened: connections, job: {} },
    { what: 'the same again', keep_open: true, opened: 0, job: {} },
    { what: 'another path', keep_open: false, opened: connections, job: { path: '/other' } },
    { what: 'one after it, which kept none', keep_open: false, opened: connections, job: {} },
  ]) {
    const before = server.asked();
    const { requests } = await undiciOpenLoad(
      jobFor(server.origin, { kind: 'undici', rate_per_s: 300, connections, keep_open, ...job }),
      kept,
    );
    t.equal(server.asked() - before - requests, opened, `${what}: one request opens each connection`);
  }
  await server.close();
});

t.test('idle connections are held until they are released', async (t) => {
  const server = await rightStub();
  const holder = new Holder();
  const found = await holder.hold(jobFor(server.origin, { kind: 'hold', connections: 250 }));
  t.match(found, { requests: 250, errors: 0 });
  t.equal(server.asked(), 250);
  holder.release();
  await server.close();
  t.match(await holder.hold(jobFor(server.origin, { kind: 'hold', connections: 3 })), {
    requests: 0,
    errors: 3,
  });
});

t.test('which answers are the same', async (t) => {
  const right = checker('{"predictions":[[1,2.5]],"runId":"a"}');
  t.ok(right('{"predictions":[[1.0,2.5]], "runId":"a"}'));
  t.ok(right('{"runId":"a","predictions":[[1.00000001,2.5]]}'), 'equal as float32');
  for (const wrong of [
    '',
    '{"predictions":[[1,2]],"runId":"a"}',
    '{"predictions":[1,2.5],"runId":"a"}',
    '[]',
    'null',
  ])
    t.notOk(right(wrong), wrong);
});

t.test('messages of another version are refused', async (t) => {
  t.throws(() => parseJob({ kind: 'autocannon' }), TypeError);
  t.throws(() => parseReply({ outcome: 1 }), TypeError);
  t.same(parseReply({ failure: 'x' }), { failure: 'x' });
});

t.test('a load process: a job that fails, and the next one', async (t) => {
  const server = await rightStub();
  const client = await LoadClient.start();
  const job = jobFor(server.origin, { kind: 'undici', pid: process.pid });
  const found = await client.run(job);
  t.match(found, { errors: 0, rss_bytes: Number });
  await t.rejects(client.run({ ...job, connections: -1 }));
  t.match(await client.run(job), { errors: 0 });
  client.stop();
  await t.rejects(client.run(job), /stopped/);
  await server.close();
});

t.test('numbers within a tolerance are the same', async (t) => {
  const right = checker('{"predictions":[[100,-1e-9]]}', 1e-4);
  for (const body of [
    '{"predictions":[[100.009,0.0099]]}',
    '{"predictions":[[99.991,-0.0099]]}',
    '{"predictions":[[99.991,-0.0099]]}', // known by now
  ])
    t.ok(right(body), body);
  for (const body of [
    '{"predictions":[[100.011,0]]}',
    '{"predictions":[[100]]}',
    '{"predictions":[[100,null]]}',
  ])
    t.notOk(right(body), body);
});

t.test('connections take turns at the questions, and each wants its own answer', async (t) => {
  const questions = ['a', 'b'].map((body) => ({ body, answer: `{"${body}":1}` }));
  const [first = { body: '', answer: '' }, ...others] = questions;
  const asked = new Set<string>();
  const server = await stub((response, _, body) => {
    asked.add(body);
    response.end(`{"${body}":1}`);
  });
  const job = jobFor(server.origin, { kind: 'undici', connections: 2, ...first, others });
  t.match(await undiciClosedLoad(job), { errors: 0, wrong_answers: 0 });
  t.same([...asked].sort(), ['a', 'b']);
  const swapped = await stub((response, _, body) => response.end(`{"${body === 'a' ? 'b' : 'a'}":1}`));
  const found = await undiciClosedLoad({ ...job, origin: swapped.origin });
  t.ok(found.wrong_answers > 0 && found.requests === 0);
  await Promise.all([server.close(), swapped.close()]);
});

t.test(
  'a closed loop waits for the slowest answers: they are none of the rate, but of the latency',
  async (t) => {
    const SLOW_MS = 400;
    const server = await stub((response, count) => {
      if (count === 2) setTimeout(() => response.end(RIGHT), SLOW_MS);
      else if (count !== 1) response.end(RIGHT);
    });
    const job = jobFor(server.origin, { kind: 'undici', connections: 3, drain_s: 2 });
    const found = await undiciClosedLoad(job);
    t.match(found, { errors: 0, unfinished: 1, max_ms: null }, 'one never had an answer');
    t.ok((found.p999_ms ?? SLOW_MS) >= SLOW_MS);
    t.ok(found.requests < server.asked());
    await server.close();
  },
);
