import type { Outcome } from '../clients/job.ts';
import {
  type Bench,
  type Known,
  notMeasured,
  present,
  type Question,
  rounds,
  type Step,
  startSeconds,
} from '../plan.ts';
import { row } from '../schema.ts';
import { countsOf, perRequest, Session } from '../session.ts';
import { median } from '../statistics.ts';

/** Beyond these the client's own clock is part of the figure. */
const LATE_MS = 5;
const LATE_SHARE = 0.5;

/** Rates are shares of the maximum of the slowest of `basis`; `asked` are measured at them. */
interface Group {
  readonly basis: readonly string[];
  readonly asked: readonly string[];
  readonly shares: readonly number[];
}

/** Latency at fixed arrival rates. */
export const openLoop: Question = {
  name: 'open-loop',
  title: 'latency at fixed arrival rates',
  targets: ['celsiusify-predict', 'tf-serving', 'tf-serving-tuned', 'fastapi'],
  needs: ['cross-check'],
  steps(known: Known): Step[] {
    const { settings } = known;
    const load_s = settings.open_warmup_s + settings.open_load_s + 0.4;
    const groups: Group[] = [
      {
        basis: ['celsiusify-predict', 'tf-serving'],
        asked: ['celsiusify-predict', 'tf-serving', 'tf-serving-tuned'],
        shares: settings.shares,
      },
      { basis: ['fastapi'], asked: ['celsiusify-predict', 'fastapi'], shares: settings.fastapi_shares },
    ];
    return groups
      .filter(({ basis }) => present(known, basis).length > 0)
      .flatMap((group) =>
        rounds(settings.side_repeats, present(known, group.asked)).map(({ repeat, target }) => ({
          id: `open-loop/${group.basis.at(-1)}/${repeat}/${target}`,
          seconds: startSeconds(target) + load_s * group.shares.length,
          run: (bench) => measure(bench, group, repeat, target),
        })),
      );
  },
};

async function measure(bench: Bench, group: Group, repeat: number, target: string) {
  const byUndici = bench.store.rows('cross-check').filter(({ client }) => client === 'undici');
  const basis = slowestOf(byUndici, group.basis);
  if (basis === null) {
    const reason = `the maximum of ${group.basis.join(' and ')} is not known`;
    return { rows: [notMeasured('open-loop', target, `repeat=${repeat}`, reason)], logs: [] };
  }
  return Session.run(bench, 'open-loop', target, async (session) => {
    for (const share of group.shares) await atRate(session, basis, share, repeat);
  });
}

async function atRate(
  session: Session,
  basis: { target: string; requests_per_s: number },
  share: number,
  repeat: number,
): Promise<void> {
  const { settings } = session.bench;
  const rate_per_s = Math.round(basis.requests_per_s * share);
  const found = await session.load({
    kind: 'undici',
    connections: settings.open_connections,
    rate_per_s,
    warmup_s: settings.open_warmup_s,
    duration_s: settings.open_load_s,
    tag: `share=${share}/basis=${basis.target}/repeat=${repeat}`,
  });
  if (found === null) return;
  session.add(
    row('open-loop', {
      target: session.target.id,
      basis_target: basis.target,
      basis_requests_per_s: basis.requests_per_s,
      share_of_basis: share,
      rate_per_s,
      repeat,
      ...openFigures(found),
    }),
  );
}

/** What an open loop says of itself. */
export function openFigures(found: Outcome) {
  const { late_p99_ms, p99_ms } = found;
  const late = late_p99_ms ?? 0;
  return {
    ...countsOf(found),
    intended: found.intended,
    unfinished: found.unfinished,
    p50_ms: found.p50_ms,
    p90_ms: found.p90_ms,
    p99_ms,
    p999_ms: found.p999_ms,
    max_ms: found.max_ms,
    service_p50_ms: found.service_p50_ms,
    service_p99_ms: found.service_p99_ms,
    late_p50_ms: found.late_p50_ms,
    late_p99_ms,
    client_limited: late > LATE_MS || (p99_ms !== null && late > p99_ms * LATE_SHARE),
    cpu_us_per_request: perRequest(found.server_cpu_us, found.requests),
  };
}

/** The slowest of some targets by the median of its rates, which rates of an open loop are shares of; null for none. */
export function slowestOf(
  rows: readonly Readonly<Record<string, unknown>>[],
  ids: readonly string[],
): { target: string; requests_per_s: number } | null {
  const maxima = ids.map((target) => {
    const own = rows.filter((cells) => cells.target === target);
    return { target, requests_per_s: median(own.map((cells) => Number(cells.requests_per_s))) };
  });
  const known = maxima.filter(({ requests_per_s }) => requests_per_s > 0);
  return known.toSorted((a, b) => a.requests_per_s - b.requests_per_s)[0] ?? null;
}
