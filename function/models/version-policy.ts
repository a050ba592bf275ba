import { newestFirst } from './status.ts';

/** Which of the versions found in a folder are served. */
export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly string[] };

export interface Choice {
  /** To be served, newest first. */
  readonly wanted: readonly string[];
  /** Would be served if they had not failed. */
  readonly missed: readonly string[];
}

/**
 * Chooses among the versions found. A version that failed does not count among the latest N: the next older one stands
 * in for it, so a broken newest version leaves an old one serving, also at the start.
 */
export function choose(
  policy: VersionPolicy,
  found: Iterable<string>,
  failed: (version: string) => boolean,
): Choice {
  const wanted: string[] = [];
  const missed: string[] = [];
  for (const version of [...found].sort(newestFirst)) {
    if (policy.kind === 'specific' && !policy.versions.includes(version)) continue;
    if (policy.kind === 'latest' && wanted.length === policy.count) break;
    (failed(version) ? missed : wanted).push(version);
  }
  return { wanted, missed };
}
