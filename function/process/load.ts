import { setTimeout as sleep } from 'node:timers/promises';
import type { Served } from '../apis/deps.ts';
import { freezeInPlace } from '../engine/freeze.ts';
import type { Runner } from '../engine/runner.ts';
import { messageOf, RequestError } from '../errors.ts';
import { bytesToFreeze, bytesToLoad, type ModelSize } from '../model/model-size.ts';
import { loadVersion, type SavedModel } from '../model/saved-model.ts';
import type { LoadingRoom } from '../models/loading-room.ts';
import { memoryLimit } from '../models/memory-limit.ts';
import type { Load, LoadRequest } from '../models/servable.ts';
import { Slots } from '../models/slots.ts';
import type { NativeEngine } from '../native/engine.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Warm, type WarmUpSettings, warm } from './warm.ts';

export interface Loader {
  readonly native: NativeEngine;
  readonly logger: Logger;
  readonly bfloat16: boolean;
  readonly winograd: boolean;
  readonly freeze: boolean;
  readonly room: LoadingRoom;
  readonly warmUp: WarmUpSettings;
  readonly runnerOf: (model: SavedModel) => Runner;
  /** A runner that counts nothing, for a model's twin while it is frozen. */
  readonly twinRunnerOf: (twin: SavedModel) => Runner;
  readonly onPhase: (phase: 'model' | 'warmup') => void;
  readonly onUnloaded: (runner: Runner) => void;
}

/** Models are frozen once none is being loaded, lest the start of many takes longer; or after so long, in ms. */
const FREEZE_AFTER_MS = 60_000;

/** How often it is looked whether the last call, or load, has ended, in ms. */
const DRAIN_EVERY = 5;

/** Loads versions with the engine: into a session of TensorFlow, warm, and, once they answer, with constants. */
export function loadWith(loader: Loader): Load<Served> {
  const { native, logger, bfloat16, winograd, freeze, runnerOf, onPhase, onUnloaded } = loader;
  const freezing = new Slots(1); // each takes the memory of another model meanwhile
  let loads = 0;
  const noLoads = async () => {
    const giveUp = performance.now() + FREEZE_AFTER_MS;
    while (loads > 0 && performance.now() < giveUp) await sleep(DRAIN_EVERY, undefined, { ref: false });
  };
  const load = async (wanted: LoadRequest) => {
    const admit = (size: ModelSize) => wanted.reserve(bytesToLoad(size));
    const model = await loadVersion(native, wanted, { bfloat16, winograd, admit });
    // Before the first run, which would make the copies that settling does without.
    if (model.size.holdsWeights) await settle(loader, model);
    else await native.makeReady(model.id);
    onPhase('model');
    const runner = runnerOf(model);
    try {
      sayWhatIsNotServed(logger, model, await warm(model, runner, loader.warmUp, wanted.signal));
    } catch (error) {
      await model.unload();
      onUnloaded(runner);
      throw error instanceof RequestError ? error : new RequestError('FAILED_PRECONDITION', messageOf(error));
    }
    onPhase('warmup');
    let isWanted = true;
    let frozen: Promise<void> | undefined;
    const freezeInTurn = async () => {
      await noLoads();
      if (isWanted) frozen = freezeOne(loader, model, wanted.signal);
      await frozen;
    };
    if (freeze && model.hasVariables) freezing.run(freezeInTurn).catch(() => {}); // freezeOne() never rejects
    return {
      name: model.name,
      version: model.version,
      signatures: model.signatures,
      model,
      runner,
      drained: async () => {
        while (runner.callsUnderWay > 0 || runner.rowsWaiting > 0) await sleep(DRAIN_EVERY);
      },
      unload: async () => {
        isWanted = false;
        await frozen;
        await model.unload();
        onUnloaded(runner);
      },
    };
  };
  return async (wanted) => {
    loads++;
    try {
      return await load(wanted);
    } finally {
      loads--;
    }
  };
}

/** Before the first run, which makes the copies that this does without. Never rejects: the model can be run all the same. */
async function settle({ native, logger }: Loader, { name, version, id }: SavedModel): Promise<void> {
  try {
    await native.settle(id);
  } catch (error) {
    const about = { model: name, modelVersion: version, reason: messageOf(error) };
    logger.info(about, 'more memory than needed is kept: its graph could not be prepared');
  }
}

/** Never rejects: a model that is not frozen is served as it is. */
async function freezeOne(loader: Loader, model: SavedModel, signal: AbortSignal): Promise<void> {
  const { native, logger, room, twinRunnerOf } = loader;
  const about = { model: model.name, modelVersion: model.version };
  const start = performance.now();
  try {
    const warmTwin = (twin: SavedModel) => warm(twin, twinRunnerOf(twin), loader.warmUp, signal);
    const outcome = await room.claim(bytesToFreeze(model.size), async (others) => {
      const free = (await memoryLimit())?.freeBytes ?? Number.POSITIVE_INFINITY;
      return freezeInPlace(native, model, warmTwin, Math.max(free - others, 0));
    });
    const milliseconds = Math.round(performance.now() - start);
    if ('whyNot' in outcome) logger.info({ ...about, reason: outcome.whyNot }, 'variables stay variables');
    else logger.info({ ...about, ...outcome, milliseconds }, 'variables have become constants');
  } catch (error) {
    logger.error({ ...about, err: error }, 'freezing failed');
  }
}

function sayWhatIsNotServed(logger: Logger, model: SavedModel, { left, recorded }: Warm): void {
  for (const { name, unsupported } of model.signatures.values()) {
    if (unsupported !== undefined) logger.warn({ model: model.name, signature: name }, unsupported);
  }
  for (const [signature, reason] of left) {
    logger.info({ model: model.name, signature, reason }, 'not warmed up; the first request is slower');
  }
  if (recorded === undefined) return;
  const about = { model: model.name, modelVersion: model.version, records: recorded.records };
  logger.info({ ...about, signatures: [...recorded.signatures] }, 'warmed up by recorded requests');
  if (recorded.left !== undefined)
    logger.warn({ ...about, reason: recorded.left }, 'not all recorded requests were run');
}
