import { join } from 'node:path';
import { messageOf } from '../../function/errors.ts';
import { bentomlServer } from '../targets/bentoml.ts';
import { fastapiServer } from '../targets/fastapi.ts';
import { type PythonServer, pythonProgram } from '../targets/python-servers.ts';
import type { ServerTarget } from './target.ts';
import { FLOAT32 } from './tolerance.ts';

function target(id: string, label: string, server: PythonServer): ServerTarget {
  return {
    id,
    label,
    kind: 'python-server',
    onlyWhenNamed: true,
    tolerance: FLOAT32,
    probePaths: () => ['/healthz'], // whatever it says to that: any answer shows that it is not stuck
    async find({ root }) {
      try {
        const say = (line: string) => process.stderr.write(`bench: ${line}\n`);
        const { version, digest, command } = await pythonProgram(root, server, say);
        return {
          version,
          digest,
          command: ({ name, folder }, port) => command({ name, version: join(folder, '1') }, port),
        };
      } catch (error) {
        return messageOf(error);
      }
    },
  };
}

/** Servers that people write or take in Python; they speak REST alone. */
export const pythonServers: readonly ServerTarget[] = [
  target('fastapi', 'FastAPI', fastapiServer(1)),
  target('bentoml', 'BentoML', bentomlServer),
];
