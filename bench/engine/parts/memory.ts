import { setTimeout as sleep } from 'node:timers/promises';
import type { SavedModel } from '../../models/saved.ts';
import { type Known, type Part, rounds, type Step, servers } from '../plan.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';

const MODELS: readonly SavedModel[] = ['mobilenet_v2', 'resnet50'];

/** Resident memory at rest, at the end of a load, and minutes after it. */
export const memory: Part = {
  name: 'memory',
  title: 'memory under load, and minutes later',
  onlyWhenNamed: true,
  models: (chosen) => chosen.filter((model) => MODELS.includes(model)),
  steps(known: Known): Step[] {
    const { settings } = known;
    const { memory_clients: clients, memory_load_s, rest_minutes } = settings;
    return this.models(known.models).flatMap((model) =>
      rounds(settings.repeats, servers(known)).map(({ repeat, item }) => ({
        id: `memory/${model}/${repeat}/${item.target.id}`,
        seconds: 5 + settings.settle_s + memory_load_s + rest_minutes * 60,
        run: (bench) =>
          Server.run(
            bench,
            item,
            { part: 'memory', model, condition: `repeat=${repeat}` },
            async (server) => {
              const note = (state: string, minutes: number, requests_before: number) => {
                const held = server.memory();
                if (held === null) throw new Error('its process is not ours to see');
                server.rows.push(
                  row('memory', {
                    ...{ model, target: item.target.id, clients, repeat, state, minutes, requests_before },
                    ...held,
                  }),
                );
              };
              await server.quiet();
              note('idle', 0, server.examples.length);
              const { requests } = await server.load({
                connections: clients,
                warmup_s: 0,
                duration_s: memory_load_s,
              });
              note('loaded', 0, requests);
              await sleep(rest_minutes * 60_000, undefined, { signal: bench.signal });
              note('rested', rest_minutes, requests);
            },
          ),
      })),
    );
  },
};
