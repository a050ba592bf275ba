/** Rows that several parts make. */
import type { PathResult } from './probes.ts';
import { row, type StoredRow } from './schema.ts';
import type { Server } from './server.ts';

/** One row for each path that was probed. */
export function probeRows(
  probes: readonly PathResult[],
  at: {
    readonly model: string;
    readonly target: string;
    readonly clients: number | null;
    readonly repeat: number;
    readonly during: 'load' | 'loading';
  },
): StoredRow[] {
  return probes.map((probe) => row('probes', { ...at, ...probe }));
}

/** What a server's start took and left in memory. */
export function startRow(server: Server, model: string, repeat: number, requests_before: number) {
  const unknown = { rss_bytes: null, anonymous_bytes: null, peak_rss_bytes: null };
  return row('start', {
    ...{ model, target: server.target.id, repeat, requests_before },
    first_answer_ms: server.firstAnswer_ms,
    ...(server.memory() ?? unknown),
  });
}
