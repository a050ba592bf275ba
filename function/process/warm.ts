import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedWarmUp } from '../apis/tensorflow-serving/warm-up-records.ts';
import type { Runner } from '../engine/runner.ts';
import { PATIENCE, type WarmUp, warmUp } from '../engine/warm-up.ts';
import type { SavedModel } from '../model/saved-model.ts';
import type { Options } from './options.ts';

/** Where TensorFlow Serving's users put requests that a version is to be warmed up by. */
const RECORDS = join('assets.extra', 'tf_serving_warmup_requests');

export type WarmUpSettings = Pick<
  Options,
  'enableModelWarmup' | 'numRequestIterationsForWarmup' | 'bodyLimitBytes'
>;

/** What warming up came to: by recorded requests, where there are any, and by zeros. */
export interface Warm extends WarmUp {
  readonly recorded: RecordedWarmUp | undefined;
}

const NOTHING: Warm = { ran: [], left: new Map(), recorded: undefined };

/**
 * Runs the requests that came with a version, and its other signatures on zeros.
 *
 * @param signal aborted once nobody wants the version any more
 * @throws RequestError where a recorded request fails, FatalError where the model cannot be run; rejects with it
 */
export async function warm(
  model: SavedModel,
  runner: Pick<Runner, 'run'>,
  { enableModelWarmup, numRequestIterationsForWarmup, bodyLimitBytes }: WarmUpSettings,
  signal: AbortSignal,
): Promise<Warm> {
  if (!enableModelWarmup) return NOTHING;
  const file = join(model.folder, RECORDS);
  if (!(await isFile(file))) return { ...(await warmUp(model, runner)), recorded: undefined };
  // Most versions have none, and start without the code for them.
  const { runRecords } = await import('../apis/tensorflow-serving/warm-up-records.ts');
  const recorded = await runRecords(model, runner, file, {
    iterations: numRequestIterationsForWarmup,
    maxBytes: bodyLimitBytes,
    patience_ms: PATIENCE,
    signal,
  });
  return { ...(await warmUp(model, runner, recorded.signatures)), recorded };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
