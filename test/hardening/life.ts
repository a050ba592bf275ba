import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnServer } from '../../function/testing/child-process.ts';
import { keepBusy } from '../../function/testing/load.ts';
import { exchange, post } from '../../function/testing/socket.ts';
import { expect, expectRight, type HardeningTest, tally, withServer } from './case.ts';
import { peakMemory } from './measure.ts';
import { fullDisk } from './models.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'function', 'main.ts');
const MEMORY_CGROUP = '/sys/fs/cgroup/memory';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Asks until there is a right answer. */
async function untilRight(url: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (
      await expectRight(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('no right answer within 30 s');
}

export const lifeTests: HardeningTest[] = [
  {
    name: 'SIGTERM under 16 busy keep-alive connections',
    run: async () => {
      let requests = 0;
      for (let round = 0; round < 20; round++) {
        const server = spawnServer({ env: { DRAIN_DELAY_MS: String((round % 4) * 100) } });
        const load = await keepBusy(await server.ready, 16);
        await load.answers(200 + round * 37);
        server.child.kill('SIGTERM');
        const end = await server.ended;
        const { answered, lost } = await load.ended;
        requests += answered;
        expect(end.code === 0 && lost.length === 0, `round ${round}: exit ${end.code}, lost ${lost}`);
      }
      return { sent: `20 times, ${requests} requests in all`, came: 'none lost, exit 0 each time' };
    },
  },
  {
    name: 'SIGKILL under load and restart',
    run: async () => {
      const port = await freePort();
      const first = spawnServer({ env: { PORT: String(port) } });
      const url = await first.ready;
      const load = await keepBusy(url, 16);
      await load.answers(500);
      first.child.kill('SIGKILL');
      await first.ended;
      const { lost } = await load.ended;
      const second = spawnServer({ env: { PORT: String(port) } });
      await second.ready;
      await expectRight(url);
      const peak = peakMemory(second.pid);
      second.child.kill('SIGTERM');
      expect((await second.ended).code === 0, 'the second did not end well');
      expect(lost.length <= 16, `lost ${lost.length}`);
      return {
        sent: '16 busy connections, SIGKILL, a new process on the same port',
        came: `${lost.length} requests lost (one a connection), the port free at once`,
        peak,
      };
    },
  },
  {
    name: 'disk full for logs',
    run: async () => {
      const disk = fullDisk();
      if (disk === undefined) return { sent: '–', came: 'not done: no /dev/full' };
      const port = await freePort();
      const env = {
        ...process.env,
        HOST: '127.0.0.1',
        PORT: String(port),
        LOG_REQUESTS: 'true',
        DRAIN_DELAY_MS: '0',
      };
      const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', disk, 'ignore'] });
      const ended = once(child, 'exit');
      const url = `http://127.0.0.1:${port}`;
      await untilRight(url);
      for (let i = 0; i < 500; i++) await expectRight(url);
      const peak = peakMemory(child.pid ?? 0);
      child.kill('SIGTERM');
      const [code] = await ended;
      expect(code === 0, `exit code ${code}`);
      return { sent: '500 logged requests, stdout on a full disk', came: '500 right answers, exit 0', peak };
    },
  },
  {
    name: 'reader of the logs goes away',
    run: () =>
      withServer({ env: { LOG_REQUESTS: 'true' } }, async (url, server) => {
        server.child.stdout?.destroy();
        for (let i = 0; i < 500; i++) await expectRight(url);
        return { sent: '500 logged requests into a closed pipe', came: '500 right answers' };
      }),
  },
  {
    name: 'clock jump',
    run: async () => {
      const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
      if (!existsSync(library)) return { sent: '–', came: 'not done: libfaketime is not installed' };
      const folder = mkdtempSync(join(tmpdir(), 'celsiusify-'));
      const file = join(folder, 'now');
      writeFileSync(file, '+0\n');
      const env = {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        DONT_FAKE_MONOTONIC: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        LOG_REQUESTS: 'true',
      };
      try {
        return await withServer({ env }, async (url, server) => {
          const years = new Set<number>();
          let lines = '';
          server.child.stdout?.on('data', (chunk: Buffer) => {
            lines += chunk;
          });
          for (const offset of ['+0', '+3650d', '-3650d', '+0']) {
            writeFileSync(file, `${offset}\n`);
            const load = await keepBusy(url, 4);
            await load.answers(200);
            load.stop();
            expect((await load.ended).lost.length === 0, 'requests were lost');
          }
          for (const [, year] of lines.matchAll(/"time":"(\d{4})/g)) years.add(Number(year));
          expect(years.size === 3, `the logs know the years ${[...years]}`);
          return {
            sent: 'the clock ten years on, twenty back, and right again, under load',
            came: 'none lost; the logs follow the clock, time-outs do not',
          };
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
  {
    name: 'memory limit at the start',
    run: () =>
      inMemoryCgroup(64 << 20, async (prefix) => {
        const server = spawnServer({ prefix });
        const { code, signal } = await server.ended;
        expect(signal === 'SIGKILL' || (code !== null && code !== 0), `exit ${code ?? signal}`);
        return {
          sent: 'a limit of 64 MiB',
          came: `killed by the kernel (${signal ?? code}), nothing half-started`,
        };
      }),
  },
  {
    name: 'memory limit under load',
    run: () =>
      inMemoryCgroup(256 << 20, (prefix, usage) =>
        withServer({ prefix }, async (url) => {
          const body = `{"fahrenheit":[${new Array(150_000).fill('98.6').join(',')}]}`;
          const statuses = [];
          for (let round = 0; round < 5; round++) {
            const answers = await Promise.all(
              Array.from({ length: 16 }, () => exchange(url, post('/celsius', body))),
            );
            statuses.push(...answers.map((answer) => answer?.status));
          }
          const came = tally(statuses);
          expect(/^200: \d+(, 503: \d+)?$/.test(came), came);
          return {
            sent: 'a limit of 256 MiB, 5 × 16 bodies of 750 kB at once',
            came: `${came}; ${usage() >> 20} MiB charged at most`,
          };
        }),
      ),
  },
  {
    name: 'metrics token',
    run: () =>
      withServer({ env: { METRICS_TOKEN: 'correct-horse' } }, async (url) => {
        const statuses = [];
        for (const token of [
          '',
          'correct-hors',
          'correct-horsf',
          'CORRECT-HORSE',
          'x'.repeat(8000),
          'correct-horse',
        ]) {
          const reply = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
          statuses.push(reply.status);
          await reply.text();
        }
        const page = await (await fetch(`${url}/`)).text();
        expect(!page.includes('correct-horse'), 'the page shows the token');
        const came = tally(statuses);
        expect(came === '200: 1, 401: 5', came);
        return { sent: 'five wrong tokens and the right one', came };
      }),
  },
];

/** Runs with a prefix that puts a process under a memory limit, where this machine lets us set one. */
export async function inMemoryCgroup<T extends { sent: string; came: string }>(
  bytes: number,
  act: (prefix: string[], usage: () => number) => Promise<T>,
): Promise<T | { sent: string; came: string }> {
  const folder = join(MEMORY_CGROUP, `celsiusify-${process.pid}`);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'memory.limit_in_bytes'), String(bytes));
  } catch {
    return { sent: '–', came: 'not done: no memory cgroup can be made here' };
  }
  try {
    const usage = () => Number(readFileSync(join(folder, 'memory.max_usage_in_bytes'), 'utf8'));
    return await act(['sh', '-c', `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$@"`, 'sh'], usage);
  } finally {
    execFileSync('sleep', ['0.2']); // the kernel takes a moment to see that the process has gone
    rmdirSync(folder);
  }
}
