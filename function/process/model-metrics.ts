import type { Models } from '../models/catalogue.ts';
import type { VersionChange } from '../models/status.ts';
import type { VersionState } from '../telemetry/metrics.ts';
import type { VersionMeters } from '../telemetry/version-meters.ts';

/** Counts what a version's change of state says of its loads; what has ended is not to be seen for long. */
export function countChange(meters: VersionMeters, change: VersionChange): void {
  const { model, version, state, seconds, retry } = change;
  if (state === 'AVAILABLE') meters.of(model, version).loadSeconds = seconds;
  const failure = retry?.code ?? (change.code === 'OK' ? undefined : change.code);
  if (failure !== undefined) {
    const { loadFailures } = meters.of(model, version);
    loadFailures.set(failure, (loadFailures.get(failure) ?? 0) + 1);
  }
  if (state === 'END') meters.ended(model, version);
}

/** Where versions stand; those that were unloaded, of which there are ever more, are left out. */
export function* statesOf(models: Pick<Models<unknown>, 'list'>): Iterable<VersionState> {
  for (const { name, versions } of models.list()) {
    for (const { version, state, code } of versions) {
      if (state !== 'END' || code !== 'OK') yield { model: name, version, state, code };
    }
  }
}
