import { messageOf } from '../../../function/errors.ts';
import { cellsOf, notAnswered, type Probe, ROUGHLY, searchLimit } from '../../loads/memory-limit.ts';
import { MemoryCgroup } from '../../memory-cgroup.ts';
import type { SavedModel } from '../../models/saved.ts';
import { cannotDropCaches, copyOfNode, dropCaches, limitReadAhead } from '../../page-cache.ts';
import {
  type Bench,
  type Known,
  type Measured,
  notMeasured,
  PAIR,
  type Part,
  type ReadyServer,
  type Step,
  serversOf,
} from '../plan.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';

/** A server that reads the same pages from disk again and again has not started. */
const READY_WITHIN_S = 25;

/** The smallest memory limit at which a server keeps its speed, roughly: one load for each limit. */
export const memoryLimit: Part = {
  name: 'memory-limit',
  title: 'smallest memory limit, in coarse steps',
  onlyWhenNamed: true,
  models: (chosen) => chosen,
  steps(known: Known): Step[] {
    const { settings, models } = known;
    const some = serversOf(known, PAIR);
    const probes = 1 + Math.ceil(Math.log2(settings.memory_limits_mib.length + 1));
    return settings.limit_models
      .filter((model) => models.includes(model))
      .flatMap((model) =>
        some.map((item) => ({
          id: `memory-limit/${model}/${item.target.id}`,
          seconds: probes * (5 + settings.warmup_s + settings.limit_s),
          run: (bench) => measure(bench, item, model),
        })),
      );
  },
};

async function measure(bench: Bench, item: ReadyServer, model: SavedModel): Promise<Measured> {
  const target = item.target.id;
  const why = cannotDropCaches();
  const setBack = why === null ? limitReadAhead(bench.settings.read_ahead_kib) : () => {};
  try {
    const probe = (limit_mib: number | null) => probeAt(bench, item, model, limit_mib);
    const limits_mib = bench.settings.memory_limits_mib;
    const probes = why ?? (await searchLimit({ limits_mib, again: false, probe }));
    if (typeof probes === 'string') {
      const about = { part: 'memory-limit', model, target, condition: '' };
      return { rows: [notMeasured({ ...about, reason: probes })], logs: [] };
    }
    const rows = cellsOf(probes, ROUGHLY).map((cells) => row('memory-limit', { model, target, ...cells }));
    return { rows, logs: [] };
  } finally {
    setBack();
  }
}

/** One start under a limit, from an empty page cache: what is in it already is charged to whoever read it first. */
async function probeAt(
  bench: Bench,
  item: ReadyServer,
  model: SavedModel,
  limit_mib: number | null,
): Promise<Probe | string> {
  const cgroup = MemoryCgroup.make();
  if (typeof cgroup === 'string') return cgroup;
  const { settings } = bench;
  try {
    const node = copyOfNode(bench.root);
    dropCaches();
    cgroup.limit(limit_mib === null ? null : limit_mib * 2 ** 20);
    const about = { part: 'memory-limit', model, condition: `limit=${limit_mib ?? 'none'}` } as const;
    let probe: Probe | null = null;
    const use = async (server: Server) => {
      const { requests, errors, p99_ms, duration_s } = await server.load({
        connections: settings.limit_clients,
        warmup_s: settings.warmup_s,
        duration_s: settings.limit_s * (settings.longer[model] ?? 1),
      });
      const requests_per_s = requests / duration_s;
      probe = { limit_mib, requests, errors, requests_per_s, p99_ms, outcome: 'ran' };
    };
    const born = { cgroup: cgroup.procs, node };
    const options = { process: born, ready_within_s: READY_WITHIN_S };
    const { rows } = await Server.run(bench, item, about, use, options);
    const reason = String(rows[0]?.cells.reason ?? '');
    if (/wrong answer/.test(reason)) return reason;
    if (probe !== null) return probe;
    return notAnswered(limit_mib, cgroup);
  } catch (error) {
    if (bench.signal.aborted) throw error;
    return messageOf(error);
  } finally {
    await cgroup.remove();
  }
}
