import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Where Linux mounts its control groups. */
const CGROUPS = '/sys/fs/cgroup';

/**
 * CPUs that this process may use at once, at least 1: those that it may be scheduled on, and no more than its container's
 * quota (cgroup v2 and v1) pays for. With more threads than that, all are stopped for the rest of each period.
 */
export function usableCpus(root = CGROUPS, affinity = availableParallelism()): number {
  return Math.max(1, Math.min(affinity, Math.ceil(quota(root))));
}

/** In CPUs; Infinity for none. A container sees its own group at the root. */
function quota(root: string): number {
  const [limit, period = '100000'] = read(join(root, 'cpu.max')).split(' ');
  if (limit !== undefined && limit !== 'max' && Number(limit) > 0) return Number(limit) / Number(period);
  const v1 = Number(read(join(root, 'cpu', 'cpu.cfs_quota_us')));
  return v1 > 0 ? v1 / Number(read(join(root, 'cpu', 'cpu.cfs_period_us'))) : Number.POSITIVE_INFINITY;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return ''; // no such controller here
  }
}
