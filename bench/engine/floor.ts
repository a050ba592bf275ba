import { join } from 'node:path';
import { digestOf } from '../targets/found.ts';
import type { ServerTarget } from './target.ts';
import { FLOAT32 } from './tolerance.ts';

/** No model: constants over node:http and node:http2. It knows 212 °F alone, so it stands beside celsius only. */
export const floor: ServerTarget = {
  id: 'floor',
  label: 'No-op server (floor)',
  kind: 'floor',
  onlyWhenNamed: true,
  tolerance: FLOAT32,
  probePaths: () => ['/healthz'],
  async find({ root }) {
    const main = join(root, 'bench/targets/floor-server.ts');
    return {
      version: `Node ${process.versions.node}`,
      digest: await digestOf(main),
      command: (_, port, spare) => ({
        argv: [process.execPath, main],
        env: { PORT: String(port), GRPC_PORT: String(spare) },
      }),
    };
  },
};
