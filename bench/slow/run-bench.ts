import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the bench as a user does; once `stopWhen` is true, Ctrl-C is sent. */
export async function runBench(
  main: string,
  args: readonly string[],
  stopWhen?: () => boolean,
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const watch = setInterval(() => {
    if (!stopWhen?.()) return;
    clearInterval(watch);
    child.kill('SIGINT');
  }, 50);
  const [code] = await once(child, 'close');
  clearInterval(watch);
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

/** The lines of a file; none while it is not there. */
export const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
