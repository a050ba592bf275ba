import { runWrk } from '../../loads/wrk.ts';
import { type Known, type Part, rounds, type Step, servers } from '../plan.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';

/** The smallest model, where nothing but the server counts, by wrk: this checkout and the other one. */
export const celsius: Part = {
  name: 'celsius',
  title: 'celsius by wrk, against the other checkout',
  models: () => [],
  steps(known: Known): Step[] {
    const { settings } = known;
    const each = settings.celsius_warmup_s + settings.celsius_s;
    return rounds(settings.repeats, servers(known, 'celsiusify')).map(({ repeat, item }) => ({
      id: `celsius/${repeat}/${item.target.id}`,
      seconds: 1 + settings.settle_s + each * settings.celsius_connections.length,
      run: (bench) => {
        const about = { part: 'celsius', model: 'celsius', condition: `repeat=${repeat}` } as const;
        return Server.run(bench, item, about, async (server) => {
          if (bench.wrk === null) throw new Error('no wrk on PATH');
          await server.quiet();
          for (const connections of settings.celsius_connections) {
            const found = await runWrk({
              ...{ origin: server.running.origin, path: server.path, body: '{"instances":[212]}' },
              ...{ connections, load_s: settings.celsius_s, warmup_s: settings.celsius_warmup_s },
              ...{ program: bench.wrk, cpus: null, signal: bench.signal, cpu_us: () => server.cpu_us() },
            });
            const { duration_s, requests, errors, requests_per_s, p50_ms, p99_ms, max_ms } = found;
            const { cpu_us_per_request, client_cpu_us_per_request } = found;
            server.rows.push(
              row('celsius', {
                ...{ target: item.target.id, connections, repeat, duration_s, requests, errors },
                ...{ requests_per_s, p50_ms, p99_ms, max_ms, cpu_us_per_request, client_cpu_us_per_request },
              }),
            );
          }
        });
      },
    }));
  },
};
