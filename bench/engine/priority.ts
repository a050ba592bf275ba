import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { FatalError, messageOf } from '../../function/errors.ts';

const FIRST = -20;

/**
 * Lets a process and those that it starts go before all others on this machine. Where Linux groups processes by session
 * (autogroup), a process' own priority counts within its session alone, so the session gets the same.
 * @returns what takes the session back
 * @throws {FatalError} where that is not ours to do
 */
export function goFirst(pid: number): () => void {
  const file = `/proc/${pid}/autogroup`;
  try {
    setPriority(pid, FIRST);
    const nice = groupNice(file);
    if (nice === null) return () => {};
    writeFileSync(file, String(FIRST));
    return () => writeFileSync(file, nice);
  } catch (error) {
    throw new FatalError(`--first needs root: ${messageOf(error)}`);
  }
}

/** The session's own priority, as the kernel takes it; null where it does not group. */
function groupNice(file: string): string | null {
  try {
    return / nice (-?\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
