/**
 * "The loop is free": nothing holds the event loop for more than 5 ms while 32 clients of ResNet-50 have all cores. What the
 * machine's other work adds is none of it, so the best of a few repeats counts, and the benchmark goes before that work where it may.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseCsv } from '../csv.ts';
import { runBench } from './run-bench.ts';

const main = fileURLToPath(new URL('../engine/main.ts', import.meta.url));
const LIMIT_MS = 5;
/** As the server samples its own. */
const SAMPLE_MS = 50;
const REPEATS = 3;

/** How late the event loop of a process is that does nothing, 99th percentile in ms. */
async function idleDelay(): Promise<number> {
  const idle = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  idle.enable();
  await sleep(5000);
  return idle.percentile(99) / 1e6 - SAMPLE_MS;
}

t.test('the longest delay of the event loop under 32 clients of ResNet-50', async (t) => {
  const out = join(t.testdir(), 'results');
  const idle_ms = await idleDelay();
  const { code, stderr } = await runBench(main, [
    ...['--quick', '--only', 'load', '--models', 'resnet50', '--targets', 'celsiusify', '--clients', '32'],
    ...['--repeat', String(REPEATS), '--duration', '4', '--out', out],
    ...(process.getuid?.() === 0 ? ['--first'] : []),
  ]);
  t.equal(code, 0, stderr);
  const rows = parseCsv(readFileSync(join(out, 'load.csv'), 'utf8'));
  const delays = rows.map(({ loop_delay_max_ms }) => Number(loop_delay_max_ms));
  const found = `${delays.map((ms) => ms.toFixed(1)).join(', ')} ms; a process that did nothing just before: ${idle_ms.toFixed(1)} ms (p99)`;
  t.equal(delays.length, REPEATS);
  const skip = idle_ms > LIMIT_MS && 'the machine is so busy that a process that does nothing is late, too';
  t.ok(Math.min(...delays) <= LIMIT_MS, found, { skip });
});
