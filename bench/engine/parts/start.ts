import type { SavedModel } from '../../models/saved.ts';
import { type Bench, type Known, type Part, type ReadyServer, rounds, type Step, servers } from '../plan.ts';
import { probeRows, startRow } from '../rows-of.ts';
import { Server } from '../server.ts';

const THOUSAND = 1000;
const CONNECTIONS = 8;

/** Process start to the first right answer of celsius, and memory after a thousand requests. */
export const start: Part = {
  name: 'start',
  title: 'cold start of celsius, and memory after 1,000 requests',
  models: () => [],
  steps(known: Known): Step[] {
    return rounds(known.settings.starts, servers(known, 'celsiusify')).map(({ repeat, item }) => ({
      id: `start/celsius/${repeat}/${item.target.id}`,
      seconds: 3,
      run: (bench) => {
        const about = { part: 'start', model: 'celsius', condition: `repeat=${repeat}` } as const;
        return Server.run(bench, item, about, async (server) => {
          const found = await bench.client.run({
            ...{ kind: 'undici', origin: server.running.origin, path: server.path },
            ...{ body: '{"instances":[212]}', answer: '{"predictions":[100]}' },
            // an open loop of a fixed number of requests
            ...{ connections: CONNECTIONS, rate_per_s: THOUSAND, warmup_s: 0, duration_s: 1 },
            ...{ timeout_s: 10, drain_s: 10, keep_open: false, pid: null, tag: about.condition },
          });
          if (found.requests !== THOUSAND) throw new Error(`${found.requests} of ${THOUSAND} were answered`);
          server.rows.push(startRow(server, 'celsius', repeat, THOUSAND));
        });
      },
    }));
  },
};

/** What probes see from a server's start to its first answer, with a gigabyte of variables to load. */
export const loading: Part = {
  name: 'loading',
  title: 'probes while a model of 1 GB loads',
  models: (): SavedModel[] => ['big'],
  steps(known: Known): Step[] {
    const some = servers(known).filter(({ target }) => !target.id.startsWith('tf-serving-'));
    return rounds(known.settings.repeats, some).map(({ repeat, item }) => ({
      id: `loading/${repeat}/${item.target.id}`,
      seconds: 8,
      run: (bench) => load(bench, item, repeat),
    }));
  },
};

function load(bench: Bench, item: ReadyServer, repeat: number) {
  const about = { part: 'loading', model: 'big', condition: `repeat=${repeat}` } as const;
  return Server.run(
    bench,
    item,
    about,
    async (server) => {
      const at = { model: 'big', target: item.target.id, clients: null, repeat };
      server.rows.push(startRow(server, 'big', repeat, 1));
      server.rows.push(...probeRows(server.probesOfStart, { ...at, during: 'loading' }));
    },
    { probed: true },
  );
}
