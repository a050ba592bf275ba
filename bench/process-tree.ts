import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a process and all its descendants hold and have used, from Linux's /proc. */
export interface TreeUse {
  /** User and system time so far, µs, in steps of the kernel's clock tick (10 ms). */
  readonly cpu_us: number;
  readonly processes: number;
  readonly threads: number;
  readonly rss_bytes: number;
  /** The most that was resident at any time of a process's life, summed over the processes. */
  readonly peak_rss_bytes: number;
  /** Private memory without a file behind it (RssAnon). */
  readonly anonymous_bytes: number;
  readonly file_bytes: number;
  /** null where the kernel does not tell it to us. */
  readonly pss_bytes: number | null;
}

/** USER_HZ, which is 100 on every architecture that Node runs on. */
const MICROSECONDS_PER_TICK = 10_000;

/** The ids of a process and its living descendants. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)];
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // ended meanwhile, or a kernel without CONFIG_PROC_CHILDREN
  }
}

/**
 * CPU time alone, which is cheap to read at the edges of a load. Time of descendants that have ended is counted
 * once their parent has waited for them.
 */
export function cpuOf(pid: number): number {
  return treeOf(pid).reduce((sum, id) => sum + cpuOfProcess(id), 0);
}

/** Of a core: what a server that rests may use. */
const QUIET = 0.02;
/** A clock that ticks each 10 ms says nothing of less. */
const LOOK_S = 0.2;
const LONGEST_S = 30;

/** Waits until a tree does next to nothing for so long; or half a minute. */
export async function untilQuiet(pid: number, still_s: number): Promise<void> {
  const look_s = Math.max(still_s, LOOK_S);
  let used = cpuOf(pid);
  for (let waited_s = 0; waited_s < LONGEST_S; waited_s += look_s) {
    await sleep(look_s * 1000);
    const now = cpuOf(pid);
    if (now - used < look_s * 1e6 * QUIET) return;
    used = now;
  }
}

/** CPU time of a process's first thread, µs: Node's event loop. */
export function mainThreadCpu(pid: number): number {
  const [nanoseconds = ''] = readProc(pid, `task/${pid}/schedstat`).split(' ');
  return Number(nanoseconds) / 1000;
}

/** CPU time that anything on this machine has used since its start, time stolen from it by its host included, µs. */
export function machineCpu(): number {
  const [cpu = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = cpu
    .trim()
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * MICROSECONDS_PER_TICK;
}

/** User and system time of this process's children that have ended, µs. */
export function endedChildrenCpu(): number {
  return ticksOf(process.pid, [13, 14]) * MICROSECONDS_PER_TICK;
}

function cpuOfProcess(pid: number): number {
  return ticksOf(pid, [11, 12, 13, 14]) * MICROSECONDS_PER_TICK;
}

/** The sum of some fields of /proc/PID/stat, counted from 0 at the one after the program's name. */
function ticksOf(pid: number, fields: readonly number[]): number {
  const stat = readProc(pid, 'stat');
  // the name is in brackets, and may hold spaces and brackets itself
  const values = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.reduce((sum, i) => sum + Number(values[i] ?? 0), 0);
}

/** All figures of a tree. Reading PSS walks its page tables: not for use within a load. */
export function treeUse(pid: number): TreeUse {
  const uses = treeOf(pid).map((id) => {
    const status = readProc(id, 'status');
    const pss = /^Pss:\s+(\d+) kB/m.exec(readProc(id, 'smaps_rollup'))?.[1];
    const kilobytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
    return {
      cpu_us: cpuOfProcess(id),
      processes: 1,
      threads: kilobytes('Threads') / 1024,
      rss_bytes: kilobytes('VmRSS'),
      peak_rss_bytes: kilobytes('VmHWM'),
      anonymous_bytes: kilobytes('RssAnon'),
      file_bytes: kilobytes('RssFile') + kilobytes('RssShmem'),
      pss_bytes: pss === undefined ? null : Number(pss) * 1024,
    };
  });
  return uses.reduce((a, b) => ({
    cpu_us: a.cpu_us + b.cpu_us,
    processes: a.processes + b.processes,
    threads: a.threads + b.threads,
    rss_bytes: a.rss_bytes + b.rss_bytes,
    peak_rss_bytes: a.peak_rss_bytes + b.peak_rss_bytes,
    anonymous_bytes: a.anonymous_bytes + b.anonymous_bytes,
    file_bytes: a.file_bytes + b.file_bytes,
    pss_bytes: a.pss_bytes === null || b.pss_bytes === null ? null : a.pss_bytes + b.pss_bytes,
  }));
}

/** A file of /proc, empty when the process has ended or does not belong to us. */
function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
