import { type Known, present, type Question, rounds, type Step, startSeconds } from '../plan.ts';
import { row } from '../schema.ts';
import { Session } from '../session.ts';
import { wrkLoad } from './wrk.ts';

/**
 * The same closed loop by clients that have nothing in common. Where they differ, the client is a part of the figure. The
 * maximum by undici is also what the open loop's rates are shares of.
 */
export const crossCheck: Question = {
  name: 'cross-check',
  title: 'one load by several clients',
  targets: ['floor', 'celsiusify-predict', 'tf-serving', 'fastapi'],
  steps(known: Known): Step[] {
    const { settings, tools } = known;
    const connections = settings.cross_check_connections;
    const wrk_s = tools.wrk === null ? 0 : settings.wrk_warmup_s + Math.max(1, settings.load_s);
    const loads_s = (settings.load_s + settings.warmup_s + 0.1) * 2 + wrk_s;
    return rounds(settings.side_repeats, present(known, this.targets)).map(({ repeat, target }) => ({
      id: `cross-check/${repeat}/${target}`,
      seconds: startSeconds(target) + loads_s,
      run: (bench) =>
        Session.run(bench, 'cross-check', target, async (session) => {
          for (const kind of ['autocannon', 'undici'] as const) {
            const tag = `client=${kind}/repeat=${repeat}`;
            const found = await session.load({ kind, connections, duration_s: settings.load_s, tag });
            if (found === null) continue;
            session.add(
              row('cross-check', {
                target,
                client: kind,
                connections,
                repeat,
                duration_s: found.duration_s,
                requests: found.requests,
                errors: found.errors,
                requests_per_s: found.requests / found.duration_s,
                p50_ms: found.p50_ms,
                p99_ms: found.p99_ms,
              }),
            );
          }
          if (bench.tools.wrk === null) return;
          const { duration_s, requests, errors, requests_per_s, p50_ms, p99_ms } = await wrkLoad(
            session,
            connections,
          );
          const figures = { duration_s, requests, errors, requests_per_s, p50_ms, p99_ms };
          session.add(row('cross-check', { target, client: 'wrk', connections, repeat, ...figures }));
        }),
    }));
  },
};
