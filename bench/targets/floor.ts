import { join } from 'node:path';
import { predictAsk } from './ask.ts';
import { digestOf } from './found.ts';
import type { Target } from './target.ts';

/** A bare node:http server that parses JSON and answers with constants: the most that the client and Node's HTTP can do. */
export const floor: Target = {
  id: 'floor',
  label: 'No-op server (floor)',
  server: 'floor',
  workers: 1,
  models: ['celsius'],
  computes: false,
  ask: predictAsk,
  async find(where) {
    const main = join(where.root, 'bench/targets/floor-server.ts');
    return {
      launcher: {
        how: 'command',
        launch: (_, port) => ({ argv: [process.execPath, main], env: { PORT: String(port) } }),
      },
      facts: {
        version: `Node ${process.versions.node}`,
        digest: await digestOf(main),
        linkage: null,
        notes: 'No model: reads and parses the request, answers with constants.',
      },
    };
  },
};
