import { setTimeout as sleep } from 'node:timers/promises';
import { numbersOf } from '../messages.ts';
import { type Known, type Part, rounds, type Step, servers } from '../plan.ts';
import { type Protocol, protocolLoad, type Question } from '../protocol.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';

const TEMPERATURE: Question = {
  input: 'fahrenheit',
  numbers: numbersOf([212]),
  json: '{"instances":[212]}',
  answer: '{"predictions":[100]}',
};

/** The smallest model by gRPC, and by REST beside it. */
export const grpc: Part = {
  name: 'grpc',
  title: 'celsius by gRPC and by REST',
  onlyWhenNamed: true,
  models: () => [],
  steps(known: Known): Step[] {
    const { settings } = known;
    const loads = loadsOf(settings.grpc_loads);
    return rounds(settings.repeats, servers(known)).map(({ repeat, item }) => ({
      id: `grpc/${repeat}/${item.target.id}`,
      seconds: 2 + settings.settle_s + loads.length * (settings.grpc_warmup_s + settings.grpc_s),
      run: (bench) => {
        const about = { part: 'grpc', model: 'celsius', condition: `repeat=${repeat}` } as const;
        const use = async (server: Server) => {
          await sleep(settings.settle_s * 1000);
          for (const { protocol, connections, streams } of loads) {
            const { body_bytes: _, ...found } = await protocolLoad(server, TEMPERATURE, {
              ...{ protocol, connections, streams },
              ...{ warmup_s: settings.grpc_warmup_s, load_s: settings.grpc_s },
            });
            server.rows.push(
              row('grpc', { target: item.target.id, protocol, connections, streams, repeat, ...found }),
            );
          }
        };
        return Server.run(bench, item, about, use, { grpc: true });
      },
    }));
  },
};

type Shape = readonly [connections: number, streams: number];

function loadsOf(shapes: readonly Shape[]) {
  const of = (protocol: Protocol) => (shape: Shape) => ({
    protocol,
    connections: shape[0],
    streams: shape[1],
  });
  return [...shapes.map(of('grpc')), ...shapes.filter(([, streams]) => streams === 1).map(of('rest'))];
}
