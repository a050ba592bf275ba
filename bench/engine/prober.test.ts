import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePort } from '../targets/start.ts';
import { stub } from '../testing.ts';
import { loopDelayIn } from './loop-delay.ts';
import { Prober, parseOrders } from './probes.ts';

const EVERY_MS = 20;

t.test('answers of any status count, and each path stands for itself', async (t) => {
  const server = await stub((response, count) => response.writeHead(count % 2 === 0 ? 503 : 200).end('ok'));
  const prober = await Prober.start({
    origin: server.origin,
    paths: ['/healthz', '/readyz'],
    every_ms: EVERY_MS,
    drain_s: 10,
  });
  while (server.asked() < 6) await sleep(5);
  const results = await prober.stop();
  t.same(
    results.map(({ path }) => path),
    ['/healthz', '/readyz'],
  );
  for (const result of results) {
    t.match(result, { refused: 0, errors: 0 });
    t.ok(result.answered >= 2 && (result.p50_ms ?? 0) > 0 && (result.p99_ms ?? 0) <= (result.max_ms ?? 0));
  }
  await server.close();
});

t.test('a stall weighs as much as it lasts, by one probe at a time', async (t) => {
  const STALL_MS = 400;
  let most = 0;
  let waiting = 0;
  const server = await stub((response, count) => {
    most = Math.max(most, ++waiting);
    const answer = () => {
      waiting--;
      response.end('ok');
    };
    if (count === 3) setTimeout(answer, STALL_MS);
    else answer();
  });
  const prober = await Prober.start({
    origin: server.origin,
    paths: ['/healthz'],
    every_ms: EVERY_MS,
    drain_s: 10,
  });
  while (server.asked() < 5) await sleep(5);
  const [result] = await prober.stop();
  t.equal(most, 1);
  t.ok((result?.max_ms ?? 0) >= STALL_MS, `max ${result?.max_ms} ms`);
  // some twenty probes were due within the stall, and a handful outside of it
  t.ok((result?.p50_ms ?? 0) > STALL_MS / 8, `median ${result?.p50_ms} ms`);
  await server.close();
});

t.test('nobody listens, or nobody answers', async (t) => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const orders = { paths: ['/healthz'], every_ms: EVERY_MS, drain_s: 0 };
  const refused = await Prober.start({ origin: nobody, ...orders, drain_s: 10 }); // the last may be under way
  await sleep(EVERY_MS * 3);
  const [none] = await refused.stop();
  t.match(none, { answered: 0, errors: 0, p50_ms: null });
  t.ok((none?.refused ?? 0) > 0);
  const silent = await stub(() => {});
  const prober = await Prober.start({ origin: silent.origin, ...orders });
  while (silent.asked() === 0) await sleep(5);
  t.match(await prober.stop(), [{ answered: 0, errors: 1, p99_ms: null }]);
  await silent.close();
});

t.test('messages of another version', async (t) => {
  t.throws(() => parseOrders({ origin: 1 }), /not an order/);
});

t.test('what the server says of its event loop', async (t) => {
  const name = 'celsiusify_event_loop_delay_seconds';
  const page = `# HELP ${name} x\n${name}{statistic="mean"} 0.001\n${name}{statistic="p99"} 0.002\n${name}{statistic="max"} 0.5\n`;
  t.same(loopDelayIn(page), { loop_delay_p99_ms: 2, loop_delay_max_ms: 500 });
  t.same(loopDelayIn('other 1\n'), { loop_delay_p99_ms: null, loop_delay_max_ms: null });
});
