import { type Known, type Part, rounds, type Step, servers } from '../plan.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';

/** Two pictures with all their digits: bodies of 3 MB, each sent at once by a client that never pauses. */
export const uploads: Part = {
  name: 'uploads',
  title: '408s for bodies of 3 MB that were sent at once',
  onlyWhenNamed: true,
  models: () => ['resnet50'],
  steps(known: Known): Step[] {
    const { settings } = known;
    const clients = settings.upload_clients;
    return servers(known).length === 0
      ? []
      : rounds(1, servers(known)).map(({ repeat, item }) => ({
          id: `uploads/${repeat}/${item.target.id}`,
          seconds: 10 + settings.upload_minutes * 60,
          run: (bench) =>
            Server.run(
              bench,
              item,
              { part: 'uploads', model: 'resnet50', condition: `repeat=${repeat}` },
              async (server) => {
                const examples = server.examples.filter(({ rows }) => rows === 2);
                const [example] = examples;
                if (example === undefined) throw new Error('no example of two rows');
                const found = await server.load({
                  connections: clients,
                  warmup_s: 0,
                  duration_s: settings.upload_minutes * 60,
                  examples,
                });
                server.rows.push(
                  row('uploads', {
                    ...{ model: 'resnet50', target: item.target.id, clients, repeat },
                    duration_s: found.duration_s,
                    body_bytes: example.body.length,
                    requests: found.requests,
                    status_408: found.error_kinds['status 408'] ?? 0,
                    errors: found.errors,
                    error_kinds: JSON.stringify(found.error_kinds),
                    requests_per_s: found.requests / found.duration_s,
                    ...{ p50_ms: found.p50_ms, p99_ms: found.p99_ms, max_ms: found.max_ms },
                  }),
                );
              },
            ),
        }));
  },
};
