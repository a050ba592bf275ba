import { messageOf } from '../../function/errors.ts';
import { MemoryCgroup } from '../memory-cgroup.ts';
import { cannotDropCaches, copyOfNode, dropCaches, limitReadAhead } from '../page-cache.ts';
import {
  type Bench,
  type Known,
  notMeasured,
  present,
  type Question,
  type Step,
  startSeconds,
} from '../plan.ts';
import { row } from '../schema.ts';
import { Session } from '../session.ts';
import { median } from '../statistics.ts';
import type { Measured } from '../store.ts';

const MIB = 2 ** 20;
const ENOUGH = 0.95;
const CONNECTIONS = 32;
/** A server that reads the same pages from disk again and again has not started. */
const READY_WITHIN_S = 20;
/** Where the search for the cliff goes on below. */
export const ROUGHLY = 0.8;
/** Limits from the cliff upwards are measured so often, all others once. */
const AGAIN = 3;
const STEPS_UP = 4;

export interface Probe {
  readonly limit_mib: number | null;
  readonly requests: number;
  readonly errors: number;
  readonly requests_per_s: number;
  readonly p99_ms: number | null;
  readonly outcome: 'ran' | 'killed' | 'not-started';
}

/** The smallest memory limit at which a server keeps 95 % of its speed. */
export const memoryLimit: Question = {
  name: 'memory-limit',
  title: 'smallest memory limit at full speed',
  targets: ['celsiusify-predict', 'tf-serving'],
  steps(known: Known): Step[] {
    const { settings } = known;
    const again = settings.repeats > 1 ? 2 * AGAIN : 0;
    const probes = 1 + Math.ceil(Math.log2(settings.memory_limits_mib.length + 1)) + again;
    return present(known, this.targets).map((target) => ({
      id: `memory-limit/${target}`,
      seconds:
        probes *
        (startSeconds(target) + (settings.drop_caches ? 2 : 0) + settings.warmup_s + settings.load_s),
      run: async (bench) => {
        const may = settings.drop_caches && cannotDropCaches() === null;
        const setBack = may ? limitReadAhead(settings.read_ahead_kib) : () => {};
        try {
          return await measure(bench, target);
        } finally {
          setBack();
        }
      },
    }));
  },
};

async function measure(bench: Bench, target: string): Promise<Measured> {
  const { memory_limits_mib, drop_caches, repeats } = bench.settings;
  const why = drop_caches ? cannotDropCaches() : null;
  const probes =
    why ??
    (await searchLimit({
      limits_mib: memory_limits_mib,
      again: repeats > 1,
      probe: (limit_mib) => probeAt(bench, target, limit_mib),
    }));
  if (typeof probes === 'string')
    return { rows: [notMeasured('memory-limit', target, '', probes)], logs: [] };
  return { rows: cellsOf(probes).map((cells) => row('memory-limit', { target, ...cells })), logs: [] };
}

export interface LimitSearch {
  /** From small to large. */
  readonly limits_mib: readonly number[];
  /** Whether limits from the cliff upwards are measured several times. */
  readonly again: boolean;
  /** One start under a limit, or why there is none. */
  probe(limit_mib: number | null): Promise<Probe | string>;
}

/**
 * Bisects to the limit below which speed falls off (one short load each, so the criterion is rough), then measures from
 * there upwards, each limit next to none at all, until one is enough by the median of its repeats.
 */
export async function searchLimit({ limits_mib, again, probe }: LimitSearch): Promise<Probe[] | string> {
  const probes: Probe[] = [];
  const add = async (limit_mib: number | null) => {
    const found = await probe(limit_mib);
    if (typeof found === 'string') return found;
    probes.push(found);
    return null;
  };
  const why = await add(null);
  if (why !== null) return why;
  let [tooSmall, enough] = [-1, limits_mib.length];
  while (enough - tooSmall > 1) {
    const middle = Math.floor((tooSmall + enough) / 2);
    await add(limits_mib[middle] ?? null);
    if (shareAt(probes, limits_mib[middle] ?? null) >= ROUGHLY) enough = middle;
    else tooSmall = middle;
  }
  for (const limit of again ? limits_mib.slice(enough, enough + STEPS_UP) : []) {
    for (let times = 0; times < AGAIN; times++) for (const one of [null, limit]) await add(one);
    if (shareAt(probes, limit) >= ENOUGH) break;
  }
  return probes;
}

function shareAt(probes: readonly Probe[], limit_mib: number | null): number {
  const rates = (limit: number | null) =>
    probes.filter((probe) => probe.limit_mib === limit).map((probe) => probe.requests_per_s);
  return median(rates(limit_mib)) / median(rates(null));
}

/** By the median of its own repeats; or because a smaller limit, measured several times, is enough. */
function isEnough(probes: readonly Probe[], limit_mib: number | null, share: number): boolean {
  if (limit_mib === null || shareAt(probes, limit_mib) >= share) return true;
  const smaller = new Set(
    probes.flatMap((probe) => probe.limit_mib ?? []).filter((limit) => limit < limit_mib),
  );
  const repeats = (limit: number) => probes.filter((probe) => probe.limit_mib === limit).length;
  return [...smaller].some((limit) => repeats(limit) >= AGAIN && shareAt(probes, limit) >= share);
}

/** What the files say of each probe. @param share of the speed without a limit that is enough */
export function cellsOf(probes: readonly Probe[], share = ENOUGH) {
  const unlimited = median(
    probes.filter(({ limit_mib }) => limit_mib === null).map((probe) => probe.requests_per_s),
  );
  return probes.map((probe, i) => {
    const { limit_mib, requests, errors, requests_per_s, p99_ms } = probe;
    const speed = isEnough(probes, limit_mib, share) ? 'ok' : 'slow';
    return {
      limit_bytes: limit_mib === null ? null : limit_mib * MIB,
      repeat: probes.slice(0, i + 1).filter((other) => other.limit_mib === limit_mib).length,
      outcome: probe.outcome === 'ran' ? speed : probe.outcome,
      requests,
      errors,
      requests_per_s,
      share_of_unlimited: requests_per_s / unlimited,
      p99_ms,
    };
  });
}

/** One start under a limit, from an empty page cache: what is in it already is charged to whoever read it first. */
async function probeAt(bench: Bench, target: string, limit_mib: number | null): Promise<Probe | string> {
  const cgroup = MemoryCgroup.make();
  if (typeof cgroup === 'string') return cgroup;
  try {
    const node = copyOfNode(bench.root);
    if (bench.settings.drop_caches) dropCaches();
    cgroup.limit(limit_mib === null ? null : limit_mib * MIB);
    let probe: Probe | null = null;
    const { rows } = await Session.run(
      bench,
      'memory-limit',
      target,
      async (session) => {
        const tag = `limit=${limit_mib ?? 'none'}`;
        const duration_s = bench.settings.load_s;
        const found = await session.load({ kind: 'autocannon', connections: CONNECTIONS, duration_s, tag });
        if (found === null) return;
        const { requests, errors, p99_ms } = found;
        const requests_per_s = requests / found.duration_s;
        probe = { limit_mib, requests, errors, requests_per_s, p99_ms, outcome: 'ran' };
      },
      { cgroup: cgroup.procs, node, ready_within_s: READY_WITHIN_S },
    );
    if (probe !== null) return probe;
    const reason = String(rows[0]?.cells.reason ?? '');
    if (reason.startsWith('wrong answer')) return reason;
    return notAnswered(limit_mib, cgroup);
  } catch (error) {
    if (bench.signal.aborted) throw error;
    return messageOf(error);
  } finally {
    await cgroup.remove();
  }
}

/** Of a server that was never asked under its limit. */
export function notAnswered(limit_mib: number | null, { killed }: Pick<MemoryCgroup, 'killed'>): Probe {
  const nothing = { limit_mib, requests: 0, errors: 0, requests_per_s: 0, p99_ms: null };
  return { ...nothing, outcome: killed ? 'killed' : 'not-started' };
}
