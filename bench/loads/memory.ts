import { setTimeout as sleep } from 'node:timers/promises';
import { type Known, present, type Question, rounds, type Step, startSeconds } from '../plan.ts';
import { row } from '../schema.ts';
import { Session } from '../session.ts';

/** The first one and the known answers. */
const ASKED_AT_START = 6;
const THOUSAND = 1000;
const LOADED_CONNECTIONS = 32;

/** Resident memory: at rest, after a thousand requests, after a load. */
export const memory: Question = {
  name: 'memory',
  title: 'memory, idle and loaded',
  targets: ['floor', 'celsiusify-predict', 'tf-serving', 'tf-serving-tuned', 'fastapi', 'fastapi-2-workers'],
  steps(known: Known): Step[] {
    const { settings } = known;
    return rounds(settings.side_repeats, present(known, this.targets)).map(({ repeat, target }) => ({
      id: `memory/${repeat}/${target}`,
      seconds: startSeconds(target) + settings.rest_s + settings.load_s + 2,
      run: (bench) =>
        Session.run(bench, 'memory', target, async (session) => {
          await sleep(settings.rest_s * 1000);
          note(session, 'idle', repeat, ASKED_AT_START);
          // an open loop of a fixed number of requests, slow enough for every server
          const slow = {
            kind: 'undici',
            connections: 8,
            rate_per_s: THOUSAND,
            warmup_s: 0,
            duration_s: 1,
          } as const;
          if ((await session.load({ ...slow, tag: `state=thousand/repeat=${repeat}` })) === null) return;
          note(session, 'thousand', repeat, THOUSAND);
          const loaded = await session.load({
            kind: 'autocannon',
            connections: LOADED_CONNECTIONS,
            duration_s: settings.load_s,
            tag: `state=loaded/repeat=${repeat}`,
          });
          if (loaded !== null) note(session, 'loaded', repeat, THOUSAND + loaded.requests);
        }),
    }));
  },
};

function note(session: Session, state: string, repeat: number, requests_before: number): void {
  const use = session.use();
  if (use === null) {
    session.void(`state=${state} repeat=${repeat}`, 'its process is not ours to see');
    return;
  }
  const { processes, threads, rss_bytes, pss_bytes, anonymous_bytes, file_bytes } = use;
  const held = { processes, threads, rss_bytes, pss_bytes, anonymous_bytes, file_bytes };
  session.add(row('memory', { target: session.target.id, state, repeat, requests_before, ...held }));
}
