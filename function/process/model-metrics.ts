import type { Models } from '../models/catalogue.ts';
import { isUnloaded, type VersionChange } from '../models/status.ts';
import type { VersionState } from '../telemetry/metrics.ts';
import type { VersionMeters } from '../telemetry/version-meters.ts';

/** Counts what a version's change of state says of its loads; what has ended is not to be seen for long. */
export function countChange(meters: VersionMeters, change: VersionChange): void {
  const { model, version, state, seconds, retry } = change;
  const failure = retry?.code ?? (change.code === 'OK' ? undefined : change.code);
  if (state === 'AVAILABLE' || failure !== undefined) {
    const meter = meters.of(model, version);
    const code = failure ?? 'OK';
    meter.loads.set(code, (meter.loads.get(code) ?? 0) + 1);
    if (state === 'AVAILABLE') meter.loadSeconds = seconds;
  }
  if (state === 'END') meters.ended(model, version);
}

/** Where versions stand; those that were unloaded, of which there are ever more, are left out. */
export function* statesOf(models: Pick<Models<unknown>, 'list'>): Iterable<VersionState> {
  for (const { name, versions } of models.list()) {
    for (const status of versions) {
      const { version, state, code } = status;
      if (!isUnloaded(status)) yield { model: name, version, state, code };
    }
  }
}
