import { firstAnswer, freePort, type OwnProcess, startCommand } from '../targets/start.ts';
import type { Command } from '../targets/target.ts';

/** Starts this checkout's server as `npm start` does. @param env what it serves, and more */
export async function startServer(root: string, env: Readonly<Record<string, string>>): Promise<OwnProcess> {
  const port = await freePort();
  const command: Command = {
    argv: ['sh', `${root}/function/start.sh`],
    env: {
      LOG_LEVEL: 'warn',
      HOST: '127.0.0.1',
      PORT: String(port),
      GRPC_PORT: '0',
      BODY_LIMIT_BYTES: String(16 << 20),
      BODIES_LIMIT_BYTES: String(512 << 20),
      ...env,
    },
  };
  return startCommand(command, `http://127.0.0.1:${port}`, { cpus: null });
}

/** Waits until a model answers. @returns time since the process was started, ms @throws {FatalError} where it ends */
export function untilAnswered(running: OwnProcess, path: string, body: string): Promise<number> {
  const isRight = ({ status }: { status: number }) => status === 200;
  return firstAnswer(running, { path, body }, isRight, new AbortController().signal);
}
