import { setTimeout as sleep } from 'node:timers/promises';
import type { SavedModel } from '../../models/saved.ts';
import { median } from '../../statistics.ts';
import { FreshClients } from '../fresh-clients.ts';
import { type Example, type Known, type Part, rounds, type Step, servers } from '../plan.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';

/** Runs that tell how long one takes on this machine now. */
const TIMED = 3;
/** A drain that takes longer is given up; what has no answer then is lost. */
const ENDED_WITHIN_S = 120;
/** As a chart sets it for a model as slow as this one: sixteen runs, one after another, fit. */
const ENV = { DRAIN_TIMEOUT_MS: '60000' };

/**
 * SIGTERM under load: clients make a new connection for each request until the listener is closed. Counted are requests
 * that were under way at SIGTERM or sent after it.
 */
export const drain: Part = {
  name: 'drain',
  title: 'requests lost on SIGTERM',
  models: (): SavedModel[] => ['slow'],
  steps(known: Known): Step[] {
    const { settings } = known;
    const clients = settings.drain_clients;
    const some = servers(known).filter(({ target }) => !target.id.startsWith('tf-serving-'));
    return rounds(settings.drains, some).map(({ repeat, item }) => ({
      id: `drain/${repeat}/${item.target.id}`,
      seconds: 4 + settings.drain_load_s + 5 + (clients * settings.drain_run_ms) / 1000,
      run: (bench) => {
        const about = { part: 'drain', model: 'slow', condition: `repeat=${repeat}` } as const;
        return Server.run(
          bench,
          item,
          about,
          async (server) => {
            const { example, run_ms } = await runsOf(server, settings.drain_run_ms);
            const asking = new FreshClients(
              server.running.origin + server.path,
              example,
              clients,
              item.target.tolerance,
            );
            await sleep(settings.drain_load_s * 1000);
            const began = performance.now();
            let exit_code: number | null = null;
            const counts = await asking.drain(async () => {
              exit_code = await server.running.terminate(ENDED_WITHIN_S * 1000);
            });
            const ended_ms = performance.now() - began;
            server.rows.push(
              row('drain', {
                ...{ target: item.target.id, clients, turns: turnsOf(example), run_ms, repeat },
                ...counts,
                ...{ ended_ms, exit_code },
              }),
            );
          },
          { env: ENV },
        );
      },
    }));
  },
};

/** The example whose run takes about so long now, and how long that was, ms. */
async function runsOf(server: Server, wanted_ms: number): Promise<{ example: Example; run_ms: number }> {
  const timed = async (example: Example) => {
    const times: number[] = [];
    for (let i = 0; i < TIMED; i++) times.push(await server.time(example));
    return median(times);
  };
  const sample = server.examples.find((example) => turnsOf(example) === 30);
  if (sample === undefined) throw new Error('no example of 30 turns');
  const turn_ms = (await timed(sample)) / 30;
  const off = (example: Example) => Math.abs(turnsOf(example) * turn_ms - wanted_ms);
  const example = server.examples.reduce((best, other) => (off(other) < off(best) ? other : best));
  return { example, run_ms: await timed(example) };
}

function turnsOf({ body }: Example): number {
  return Number(/\d+/.exec(body)?.[0]);
}
