import { type Known, present, type Question, type Step } from '../plan.ts';
import { row } from '../schema.ts';
import { Session } from '../session.ts';
import { maximumOf } from './open-loop.ts';

const SHARE = 0.75;
const MINUTE_S = 60;

/** Half an hour at 75 % of its own maximum by the same clients: does memory grow, does anything fail? */
export const soak: Question = {
  name: 'soak',
  title: 'half an hour at 75 % of the maximum',
  targets: ['celsiusify-predict'],
  onlyWhenNamed: true,
  needs: ['cross-check'],
  steps(known: Known): Step[] {
    const minutes = known.settings.soak_minutes;
    return present(known, this.targets).map((target) => ({
      id: `soak/${target}`,
      seconds: minutes * (MINUTE_S + 1),
      run: (bench) =>
        Session.run(bench, 'soak', target, async (session) => {
          const maximum = maximumOf(bench, [target]);
          if (maximum === null) return session.void('', 'its maximum is not known');
          const rate_per_s = Math.round(maximum.requests_per_s * SHARE);
          for (let minute = 1; minute <= minutes; minute++) {
            const found = await session.load({
              kind: 'undici',
              connections: bench.settings.open_connections,
              rate_per_s,
              warmup_s: 0,
              duration_s: MINUTE_S,
              keep_open: true,
              tag: `minute=${minute}`,
            });
            if (found === null) return;
            const { requests, errors, wrong_answers, p50_ms, p99_ms, max_ms, rss_bytes, anonymous_bytes } =
              found;
            const latency = { p50_ms, p99_ms, max_ms };
            const held = { rss_bytes, anonymous_bytes };
            session.add(
              row('soak', {
                target,
                rate_per_s,
                minute,
                requests,
                errors,
                wrong_answers,
                ...latency,
                ...held,
              }),
            );
          }
        }),
    }));
  },
};
