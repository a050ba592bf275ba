import { type Known, present, type Question, rounds, type Step, startSeconds } from '../plan.ts';
import { row } from '../schema.ts';
import { countsOf, perRequest, Session } from '../session.ts';
import { targets } from '../targets/table.ts';
import { wrkLoad } from './wrk.ts';

/** Only asked at the few connections: the same server in another way, or with another number of workers. */
const FEW = ['celsiusify-celsius', 'fastapi-2-workers'];

/** Throughput and latency over connections, by autocannon and, at a few of them, by wrk. */
export const closedLoop: Question = {
  name: 'closed-loop',
  title: 'throughput and latency over connections',
  targets: targets.map(({ id }) => id),
  steps(known: Known): Step[] {
    const { settings, tools } = known;
    const load_s = settings.warmup_s + settings.load_s;
    return rounds(settings.repeats, present(known, this.targets)).map(({ repeat, target }) => {
      const connections = FEW.includes(target) ? settings.few_connections : settings.connections;
      const byWrk = tools.wrk === null ? [] : settings.few_connections;
      return {
        id: `closed-loop/${repeat}/${target}`,
        seconds:
          startSeconds(target) +
          (load_s + 0.1) * connections.length +
          (settings.wrk_warmup_s + Math.max(1, settings.load_s)) * byWrk.length,
        run: (bench) =>
          Session.run(bench, 'closed-loop', target, async (session) => {
            for (const count of connections) {
              await byAutocannon(session, count, repeat);
              if (byWrk.includes(count)) await byWrkAt(session, count, repeat);
            }
          }),
      };
    });
  },
};

async function byAutocannon(session: Session, connections: number, repeat: number): Promise<void> {
  const duration_s = session.bench.settings.load_s;
  const tag = `connections=${connections}/repeat=${repeat}`;
  const found = await session.load({ kind: 'autocannon', connections, duration_s, tag });
  if (found === null) return;
  session.add(
    row('closed-loop', {
      target: session.target.id,
      connections,
      repeat,
      ...countsOf(found),
      p50_ms: found.p50_ms,
      p90_ms: found.p90_ms,
      p99_ms: found.p99_ms,
      p999_ms: found.p999_ms,
      max_ms: found.max_ms,
      cpu_us_per_request: perRequest(found.server_cpu_us, found.requests),
      client_cpu_us_per_request: perRequest(found.client_cpu_us, found.requests),
      rss_bytes: found.rss_bytes,
      anonymous_bytes: found.anonymous_bytes,
      client: 'autocannon',
    }),
  );
}

async function byWrkAt(session: Session, connections: number, repeat: number): Promise<void> {
  const found = await wrkLoad(session, connections);
  const wrong = await session.knownAfter();
  if (wrong !== null) {
    session.void(
      `client=wrk connections=${connections} repeat=${repeat}`,
      `wrong answer after the load: ${wrong}`,
    );
    return;
  }
  const use = session.use();
  session.add(
    row('closed-loop', {
      target: session.target.id,
      connections,
      repeat,
      ...found,
      wrong_answers: 0,
      rss_bytes: use?.rss_bytes ?? null,
      anonymous_bytes: use?.anonymous_bytes ?? null,
      client: 'wrk',
    }),
  );
}
