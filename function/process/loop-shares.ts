import { FatalError } from '../errors.ts';
import { usableCpus } from './cpus.ts';
import type { Options } from './options.ts';

/**
 * What of the process' limits each of its event loops has: they are not known to each other, so that none may take more
 * than its part. Of threads each has at least one.
 */
export function shareOf(options: Options): Options {
  const { eventLoops, threads, maxConnections, bodiesLimitBytes, maxQueueRows, maxQueueBytes } = options;
  return {
    ...options,
    threads: Math.max(1, Math.floor((threads || usableCpus()) / eventLoops)),
    maxConnections: Math.ceil(maxConnections / eventLoops),
    bodiesLimitBytes: Math.ceil(bodiesLimitBytes / eventLoops),
    maxQueueRows: Math.ceil(maxQueueRows / eventLoops),
    maxQueueBytes: Math.ceil(maxQueueBytes / eventLoops),
  };
}

/** @throws FatalError with exit code 2 that names what several event loops cannot do */
export function checkLoops(options: Options): void {
  const refuse = (why: string): never => {
    throw new FatalError(`EVENT_LOOPS: ${options.eventLoops} ${why}`, 2);
  };
  if (options.allowModelControl)
    refuse('cannot load and unload models for callers, who reach one of them: set ALLOW_MODEL_CONTROL=false');
  if (options.allowReloadConfig)
    refuse('cannot take a configuration from callers, who reach one of them: set ALLOW_RELOAD_CONFIG=false');
  const { bodiesLimitBytes, bodyLimitBytes } = options;
  if (bodiesLimitBytes >= bodyLimitBytes && shareOf(options).bodiesLimitBytes < bodyLimitBytes)
    refuse(
      `have no room for a body of BODY_LIMIT_BYTES each: set BODIES_LIMIT_BYTES to as many times that, or more`,
    );
}
