import { type Known, present, type Question, type Step } from '../plan.ts';
import { row } from '../schema.ts';
import { Session } from '../session.ts';

const SHARE = 0.75;
const MINUTE_S = 60;

/** Half an hour at 75 % of its own maximum by the same clients: does memory grow, does anything fail? */
export const soak: Question = {
  name: 'soak',
  title: 'half an hour at 75 % of the maximum',
  targets: ['celsiusify-predict'],
  onlyWhenNamed: true,
  steps(known: Known): Step[] {
    const minutes = known.settings.soak_minutes;
    return present(known, this.targets).map((target) => ({
      id: `soak/${target}`,
      seconds: (1 + minutes) * (MINUTE_S + 1),
      run: (bench) =>
        Session.run(bench, 'soak', target, async (session) => {
          const { open_connections: connections } = bench.settings;
          // Over as long a time as each of the minutes: in a second a machine may be faster than it can be for half an hour.
          const most = await session.load({
            kind: 'undici',
            connections,
            duration_s: MINUTE_S,
            tag: 'maximum',
          });
          if (most === null) return;
          const rate_per_s = Math.round((most.requests / most.duration_s) * SHARE);
          for (let minute = 1; minute <= minutes; minute++) {
            const found = await session.load({
              kind: 'undici',
              connections,
              rate_per_s,
              warmup_s: 0,
              duration_s: MINUTE_S,
              keep_open: true,
              tag: `minute=${minute}`,
            });
            if (found === null) return;
            const { requests, errors, wrong_answers, unfinished } = found;
            const { p50_ms, p99_ms, max_ms, rss_bytes, anonymous_bytes } = found;
            const answers = { requests, errors, wrong_answers, unfinished };
            const latency = { p50_ms, p99_ms, max_ms };
            const held = { rss_bytes, anonymous_bytes };
            session.add(row('soak', { target, rate_per_s, minute, ...answers, ...latency, ...held }));
          }
        }),
    }));
  },
};
