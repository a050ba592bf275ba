import { openFigures, slowestOf } from '../../loads/open-loop.ts';
import {
  type Bench,
  type Known,
  type Measured,
  notMeasured,
  PAIR,
  type Part,
  type ReadyServer,
  rounds,
  type Step,
  serversOf,
} from '../plan.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';
import type { OpenLoad } from '../settings.ts';

/** The maximum is that of so many clients: more of them only wait longer. */
const BASIS_CLIENTS = 8;

/** Latency at fixed arrival rates, from the moment a request was meant to start. */
export const openLoop: Part = {
  name: 'open-loop',
  title: 'latency at fixed arrival rates',
  onlyWhenNamed: true,
  needs: ['load'],
  models: (chosen) => chosen,
  steps(known: Known): Step[] {
    const { settings, models } = known;
    const some = serversOf(known, PAIR);
    return settings.open_loads
      .filter(({ model }) => models.includes(model))
      .flatMap((load) =>
        rounds(settings.repeats, some).map(({ repeat, item }) => ({
          id: `open-loop/${load.model}/${repeat}/${item.target.id}`,
          seconds:
            2.5 + settings.settle_s + (settings.open_warmup_s + load.load_s + 0.5) * load.shares.length,
          run: (bench) => measure(bench, item, load, repeat),
        })),
      );
  },
};

async function measure(
  bench: Bench,
  item: ReadyServer,
  { model, shares, load_s }: OpenLoad,
  repeat: number,
): Promise<Measured> {
  const { settings } = bench;
  const about = { part: 'open-loop', model, condition: `repeat=${repeat}` } as const;
  const closed = bench
    .rows('load')
    .filter((cells) => cells.model === model && cells.clients === BASIS_CLIENTS);
  const basis = slowestOf(closed, PAIR);
  if (basis === null) {
    const reason = `no closed loop of ${BASIS_CLIENTS} clients to take rates from`;
    return { rows: [notMeasured({ ...about, target: item.target.id, reason })], logs: [] };
  }
  return Server.run(bench, item, about, async (server) => {
    await server.quiet();
    for (const share of shares) {
      const rate_per_s = basis.requests_per_s * share;
      const found = await server.load({
        connections: settings.open_connections,
        warmup_s: settings.open_warmup_s,
        duration_s: load_s,
        rate_per_s,
      });
      server.rows.push(
        row('open-loop', {
          ...{ model, target: item.target.id, basis_target: basis.target },
          ...{ basis_requests_per_s: basis.requests_per_s, share_of_basis: share, rate_per_s, repeat },
          ...openFigures(found),
        }),
      );
    }
  });
}
