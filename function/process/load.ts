import { setTimeout as sleep } from 'node:timers/promises';
import type { Served } from '../apis/deps.ts';
import { freezeInPlace } from '../engine/freeze.ts';
import type { Runner } from '../engine/runner.ts';
import { type WarmUp, warmUp } from '../engine/warm-up.ts';
import { messageOf, RequestError } from '../errors.ts';
import { loadVersion, type SavedModel } from '../model/saved-model.ts';
import { memoryLimit } from '../models/memory-limit.ts';
import type { Load, LoadRequest } from '../models/servable.ts';
import { Slots } from '../models/slots.ts';
import type { NativeEngine } from '../native/engine.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface Loader {
  readonly native: NativeEngine;
  readonly logger: Logger;
  readonly bfloat16: boolean;
  readonly freeze: boolean;
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
  const { native, logger, bfloat16, freeze, runnerOf, onPhase, onUnloaded } = loader;
  const freezing = new Slots(1); // each takes the memory of another model meanwhile
  let loads = 0;
  const noLoads = async () => {
    const giveUp = performance.now() + FREEZE_AFTER_MS;
    while (loads > 0 && performance.now() < giveUp) await sleep(DRAIN_EVERY, undefined, { ref: false });
  };
  const load = async (wanted: LoadRequest) => {
    const model = await loadVersion(native, wanted, { bfloat16 });
    await native.makeReady(model.id);
    onPhase('model');
    const runner = runnerOf(model);
    try {
      sayWhatIsNotServed(logger, model, await warmUp(model, runner));
    } catch (error) {
      await model.unload();
      onUnloaded(runner);
      throw new RequestError('FAILED_PRECONDITION', messageOf(error));
    }
    onPhase('warmup');
    let isWanted = true;
    let frozen: Promise<void> | undefined;
    const freezeInTurn = async () => {
      await noLoads();
      if (isWanted) frozen = freezeOne(loader, model);
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

/** Never rejects: a model that is not frozen is served as it is. */
async function freezeOne({ native, logger, twinRunnerOf }: Loader, model: SavedModel): Promise<void> {
  const about = { model: model.name, modelVersion: model.version };
  const start = performance.now();
  try {
    const free = (await memoryLimit())?.freeBytes ?? Number.POSITIVE_INFINITY;
    const whyNot = await freezeInPlace(native, model, twinRunnerOf, free);
    const milliseconds = Math.round(performance.now() - start);
    if (whyNot === undefined) logger.info({ ...about, milliseconds }, 'variables have become constants');
    else logger.info({ ...about, reason: whyNot }, 'variables stay variables');
  } catch (error) {
    logger.error({ ...about, err: error }, 'freezing failed');
  }
}

function sayWhatIsNotServed(logger: Logger, model: SavedModel, { left }: WarmUp): void {
  for (const { name, unsupported } of model.signatures.values()) {
    if (unsupported !== undefined) logger.warn({ model: model.name, signature: name }, unsupported);
  }
  for (const [signature, reason] of left) {
    logger.info({ model: model.name, signature, reason }, 'not warmed up; the first request is slower');
  }
}
