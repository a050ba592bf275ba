import { FatalError } from '../errors.ts';
import { Catalogue, type CatalogueOptions } from '../models/catalogue.ts';
import type { ListFolder } from '../models/folders.ts';
import type { LoadingRoom } from '../models/loading-room.ts';
import type { Load, Servable } from '../models/servable.ts';
import type { Notice, VersionChange } from '../models/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Options } from './options.ts';

/**
 * The catalogue as the options want it, with its changes in the log.
 *
 * @param onChange for who else wants to know
 */
export function createCatalogue<S extends Servable>(
  options: Options,
  logger: Logger,
  load: Load<S>,
  list: ListFolder,
  room: LoadingRoom,
  onChange: (change: VersionChange) => void = () => {},
): Catalogue<S> {
  const settings: CatalogueOptions<S> = {
    load,
    list,
    room,
    onChange: (change) => {
      logChange(logger, change);
      onChange(change);
    },
    onNotice: (notice) => logNotice(logger, notice),
    pollMs: options.fileSystemPollWaitSeconds * 1000,
    retries: options.maxNumLoadRetries,
    retryMs: options.loadRetryIntervalMs,
    unloadFirst: options.unloadFirst,
    loadsAtOnce: options.numLoadThreads,
    readyWhen: options.readyWhen,
  };
  return new Catalogue(settings);
}

export function logNotice(logger: Logger, { level, message }: Notice): void {
  logger[level](message);
}

/** One line for each change of a version's state, and for each try that failed. */
export function logChange(logger: Logger, change: VersionChange): void {
  const { model, version, state, code, message, seconds, retry } = change;
  const about = { model, modelVersion: version, state };
  if (retry !== undefined) {
    const { inSeconds } = retry;
    logger.warn(
      { ...about, code: retry.code, reason: retry.message, inSeconds },
      'a version was not loaded; it is tried again',
    );
  } else if (code !== 'OK') {
    logger.error({ ...about, code, reason: message }, 'a version was not loaded');
  } else if (state === 'AVAILABLE') {
    logger.info({ ...about, seconds: Number((seconds ?? 0).toFixed(3)) }, 'a version is available');
  } else {
    logger[state === 'START' ? 'debug' : 'info'](about, CHANGES[state]);
  }
}

const CHANGES = {
  START: 'a version was found',
  LOADING: 'a version is being loaded',
  UNLOADING: 'a version is being unloaded, once its calls have ended',
  END: 'a version has ended',
} as const;

/**
 * A start that cannot become one is given up: the one model of MODEL_NAME is not there, or cannot be loaded. Of several
 * models the rest is served, and the states say what is wrong with the others.
 *
 * @throws FatalError with the reason
 */
export function checkStart(options: Options, catalogue: Catalogue<Servable>): void {
  if (options.modelsDir !== '' || options.modelConfigFile !== '') return;
  if (catalogue.isReady) return;
  const [model] = catalogue.list();
  const hint = model?.versions.length === 0 ? '; set MODEL_BASE_PATH' : '';
  throw new FatalError(`${model?.reason ?? 'no model is served'}${hint}`);
}
