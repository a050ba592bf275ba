import { LoadClient } from '../clients/client.ts';
import type { Job } from '../clients/job.ts';
import { ask } from '../http.ts';
import { type Known, present, type Question, rounds, type Step, startSeconds } from '../plan.ts';
import { row } from '../schema.ts';
import { Session } from '../session.ts';

const LOAD_CONNECTIONS = 8;

/** What thousands of idle keep-alive connections cost in memory, and whether the others' answers become slower. */
export const idleConnections: Question = {
  name: 'idle-connections',
  title: 'idle keep-alive connections',
  targets: ['celsiusify-predict', 'tf-serving', 'fastapi'],
  steps(known: Known): Step[] {
    const { settings } = known;
    return rounds(settings.idle_repeats, present(known, this.targets)).map(({ repeat, target }) => ({
      id: `idle-connections/${repeat}/${target}`,
      seconds:
        startSeconds(target) + 2 * (settings.load_s + settings.warmup_s) + settings.idle_connections / 3000,
      run: (bench) =>
        Session.run(bench, 'idle-connections', target, (session) => measure(session, repeat), {
          condition: `repeat=${repeat}`,
        }),
    }));
  },
};

async function measure(session: Session, repeat: number): Promise<void> {
  const { bench, running, target } = session;
  const { idle_connections, load_s } = bench.settings;
  const load = (when: string) =>
    session.load({
      kind: 'autocannon',
      connections: LOAD_CONNECTIONS,
      duration_s: load_s,
      tag: `when=${when}/repeat=${repeat}`,
    });
  const without = await load('without');
  const before = session.use();
  if (without === null || before === null) {
    if (before === null) session.void(`repeat=${repeat}`, 'its process is not ours to see');
    return;
  }
  const body = target.ask.body([212]);
  const job: Job = {
    kind: 'hold',
    origin: running.origin,
    path: target.ask.path,
    body,
    answer: (await ask(running.origin + target.ask.path, body)).body,
    connections: idle_connections,
    rate_per_s: 0,
    warmup_s: 0,
    duration_s: 0,
    timeout_s: 20,
    drain_s: 0,
    keep_open: false,
    pid: null,
    tag: 'hold',
  };
  const holder = await LoadClient.start(bench.pinning.client);
  const stop = () => holder.stop();
  bench.signal.addEventListener('abort', stop);
  try {
    const held = await holder.run(job);
    const after = session.use();
    const loaded = await load('with');
    if (after === null || loaded === null) return;
    const grown = after.rss_bytes - before.rss_bytes;
    session.add(
      row('idle-connections', {
        target: target.id,
        connections: held.requests,
        repeat,
        errors: held.errors + without.errors + loaded.errors,
        rss_before_bytes: before.rss_bytes,
        rss_after_bytes: after.rss_bytes,
        anonymous_before_bytes: before.anonymous_bytes,
        anonymous_after_bytes: after.anonymous_bytes,
        bytes_per_connection: held.requests === 0 ? null : Math.round(grown / held.requests),
        p50_without_ms: without.p50_ms,
        p99_without_ms: without.p99_ms,
        p50_with_ms: loaded.p50_ms,
        p99_with_ms: loaded.p99_ms,
      }),
    );
  } finally {
    bench.signal.removeEventListener('abort', stop);
    stop();
  }
}
