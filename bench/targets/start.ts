import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError } from '../../function/errors.ts';
import { type Answer, ask } from '../http.ts';
import { treeOf } from '../process-tree.ts';
import { outputOf } from './found.ts';
import type { ModelName } from './models.ts';
import type { Command, Image, Launcher } from './target.ts';

/** A server that was started, or is just there (a URL). */
export interface Running {
  readonly origin: string;
  /** Root of its process tree on this machine; null when that is not ours to see. */
  readonly pid: number | null;
  /** performance.now() just before its process was made. */
  readonly started_ms: number;
  /** Why it is not running any more, or null while it is. */
  ended(): string | null;
  stop(): Promise<void>;
}

/** A process that was started here. */
export interface OwnProcess extends Running {
  /**
   * Asks it to end (SIGTERM).
   * @returns its exit code; null when it did not end within the time (it is killed then), or by a signal
   */
  terminate(within_ms: number): Promise<number | null>;
}

export interface StartOptions {
  /** CPUs, as taskset takes them. */
  readonly cpus: string | null;
  /** A cgroup.procs file to be born in. */
  readonly cgroup?: string;
  /** A copy of this Node's program, for servers that shall not share its pages in memory with the bench. */
  readonly node?: string;
}

/** Time between two tries to get the first answer. */
const POLL_MS = 2;
const READY_WITHIN_S = 120;

export async function start(launcher: Launcher, model: ModelName, options: StartOptions): Promise<Running> {
  if (launcher.how === 'url') {
    const running = { origin: launcher.origin, pid: null, started_ms: performance.now() };
    return { ...running, ended: () => null, stop: async () => {} };
  }
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  if (launcher.how === 'image') return startImage(launcher.launch(model), port, origin, options);
  return startCommand(launcher.launch(model, port, await freePort()), origin, options);
}

/** Starts a program that will serve at `origin`. */
export function startCommand(
  command: Command,
  origin: string,
  { cpus, cgroup, node }: StartOptions,
): OwnProcess {
  const pin = cpus === null ? [] : ['taskset', '-c', cpus];
  const join = cgroup === undefined ? [] : ['sh', '-c', 'echo $$ > "$0" && exec "$@"', cgroup];
  const argv = command.argv.map((arg, i) => (i === 0 && arg === process.execPath ? (node ?? arg) : arg));
  const [program = '', ...args] = [...join, ...pin, ...argv];
  const started_ms = performance.now();
  // a process group of its own: Ctrl-C is for the bench alone, and workers can be ended with their parent
  const child = spawn(program, args, {
    // what a script calls `node` is this Node, too
    env: { ...process.env, PATH: `${dirname(node ?? process.execPath)}:${process.env.PATH}`, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
  let failure: string | null = null;
  child.on('error', (error) => {
    failure = error.message;
  });
  const stop = async () => {
    if (child.pid === undefined || hasEnded(child)) return;
    const exit = once(child, 'exit');
    const workers = treeOf(child.pid); // some are leaders of groups of their own
    process.kill(-child.pid, 'SIGKILL'); // what a drain does is measured elsewhere
    for (const pid of workers) killIfThere(pid);
    await exit;
  };
  return {
    origin,
    pid: child.pid ?? null,
    started_ms,
    ended: () => failure ?? (hasEnded(child) ? `it ended: ${lastLine(said)}` : null),
    stop,
    terminate: async (within_ms) => {
      if (hasEnded(child)) return child.exitCode;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const given = new AbortController();
      await Promise.race([exit, sleep(within_ms, undefined, given).catch(() => {})]); // aborted: it has ended
      given.abort();
      await stop();
      return child.exitCode;
    },
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended already
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The last line, cut short: TensorFlow says a lot before it gives up. */
function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 200);
}

async function startImage(
  image: Image,
  port: number,
  origin: string,
  options: StartOptions,
): Promise<Running> {
  const args = ['run', '--detach', '--publish', `127.0.0.1:${port}:${image.port}`];
  if (options.cpus !== null) args.push('--cpuset-cpus', options.cpus);
  for (const [name, value] of Object.entries(image.env)) args.push('--env', `${name}=${value}`);
  for (const volume of image.volumes) args.push('--volume', volume);
  const started_ms = performance.now();
  const id = (await outputOf('docker', [...args, image.image, ...image.args]))?.trim();
  if (!id) throw new FatalError(`docker run ${image.image} fails: try it by hand to see why`);
  const pid = Number(await outputOf('docker', ['inspect', '-f', '{{.State.Pid}}', id]));
  return {
    origin,
    pid: pid > 0 ? pid : null,
    started_ms,
    ended: () => null,
    stop: async () => {
      await outputOf('docker', ['rm', '--force', id]);
    },
  };
}

/**
 * Asks again and again until there is an answer that `isRight`, and gives the time since the process was started, ms.
 * @throws {FatalError} when the server ends, or `within_s` has passed; when `signal` aborts, with its reason
 */
export async function firstAnswer(
  running: Running,
  question: { path: string; body: string },
  isRight: (answer: Answer) => boolean,
  signal: AbortSignal,
  within_s = READY_WITHIN_S,
): Promise<number> {
  let last = 'no answer';
  while (performance.now() - running.started_ms < within_s * 1000) {
    signal.throwIfAborted();
    const ended = running.ended();
    if (ended !== null) throw new FatalError(ended);
    try {
      const answer = await ask(running.origin + question.path, question.body, 5000);
      const now = performance.now();
      if (isRight(answer)) return now - running.started_ms;
      last = `status ${answer.status}: ${answer.body.slice(0, 200)}`;
    } catch {
      // not listening yet
    }
    await sleep(POLL_MS);
  }
  throw new FatalError(`not ready within ${within_s} s: ${last}`);
}

/** A port of the loopback interface that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
