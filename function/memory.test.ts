import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { keepBusy } from './testing-load.ts';
import { spawnServer } from './testing-process.ts';
import { exchange, post } from './testing-socket.ts';

const MIB = 2 ** 20;

/** Memory of a process that no file holds, MiB. */
function anonymousMib(pid: number): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kib) * 1024) / MIB;
}

t.test('memory that a burst of large requests took is given back', async (t) => {
  const server = spawnServer();
  t.teardown(() => server.child.kill('SIGKILL'));
  const url = await server.ready;
  const body = `{"fahrenheit":[${Array.from({ length: 100_000 }, (_, i) => i % 1000)}]}`;
  const burst = (requests: number) =>
    Promise.all(Array.from({ length: requests }, () => exchange(url, post('/celsius', body))));
  await burst(1); // V8's own growth is not what is asked
  const before = anonymousMib(server.pid);
  let most = before;
  for (let again = 0; again < 3; again++) {
    await burst(64);
    most = Math.max(most, anonymousMib(server.pid));
  }
  const half = (before + most) / 2;
  let after = most;
  for (let tries = 300; tries > 0 && after > half; tries--) {
    // V8 frees what the large requests had when it next collects, so that small ones have to follow.
    const load = await keepBusy(url, 8);
    await load.answers(2000);
    load.stop();
    await load.ended;
    await sleep(100);
    after = anonymousMib(server.pid);
  }
  t.ok(after < half, `${after} MiB after ${most}, ${before} before`);
});
