import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '..', 'main.ts');

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server in a process of its own. */
export interface ChildServer {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Its URL once it is ready; rejects with what it said where it ends before. */
  readonly ready: Promise<string>;
  readonly ended: Promise<Ended>;
}

export interface SpawnOptions {
  readonly env?: Record<string, string>;
  readonly args?: readonly string[];
  /** What to run the server with, such as `prlimit --as=…`. */
  readonly prefix?: readonly string[];
  /** The program; another than function/main.ts where the bundle is meant. */
  readonly main?: string;
}

/** Starts a server on a free port of 127.0.0.1, without a drain delay unless `env` says otherwise. */
export function spawnServer({
  env = {},
  args = [],
  prefix = [],
  main = MAIN,
}: SpawnOptions = {}): ChildServer {
  const [program = '', ...rest] = [...prefix, process.execPath, main, ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', GRPC_PORT: '0', DRAIN_DELAY_MS: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(
    ([code, signal]): Ended => ({ code, signal, stdout, stderr: withoutTensorFlow(stderr) }),
  );
  const ready = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      stdout += `${line}\n`;
      const port = /"port":(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
    ended.then((end) => reject(new Error(`ended with ${end.code ?? end.signal}: ${end.stderr}`)));
  });
  ready.catch(() => {}); // those who only wait for the end need not wait for this
  return { child, pid: child.pid ?? 0, ready, ended };
}

/** What TensorFlow's libraries say while they are loaded, before they read how much they are to say. */
function withoutTensorFlow(stderr: string): string {
  return stderr.replace(
    /^(?:WARNING: All log messages before absl|I\d{4} .*\] oneDNN custom operations).*\n/gm,
    '',
  );
}
