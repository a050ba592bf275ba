import { invalidArgument, RequestError } from '../../errors.ts';
import type { ModelControl } from '../../models/catalogue.ts';
import { isUnloaded, type State, type VersionStatus } from '../../models/status.ts';
import type { Deps } from '../deps.ts';

/** A line of the index: a version of a model, or a model that has none. */
export interface ModelIndex {
  readonly name: string;
  /** '' where the model has none. */
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

const STATES: Readonly<Record<State, string>> = {
  START: 'LOADING',
  LOADING: 'LOADING',
  AVAILABLE: 'READY',
  UNLOADING: 'UNLOADING',
  END: 'UNAVAILABLE',
};

/** Parameters that change nothing here: no model depends on another. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['unload_dependents']);

/** Triton's model repository extension of the protocol, by REST and by gRPC alike. */
export class Repository {
  readonly #models: Deps['models'];
  readonly #control: ModelControl | undefined;

  /** @param control undefined where callers may not load and unload models */
  constructor(models: Deps['models'], control: ModelControl | undefined) {
    this.#models = models;
    this.#control = control;
  }

  /** @param readyOnly whether versions that do not answer are left out */
  index(readyOnly: boolean): ModelIndex[] {
    const all = this.#models.repository().flatMap(({ name, versions, reason }) => {
      if (versions.length === 0) return [{ name, version: '', state: 'UNAVAILABLE', reason }];
      return versions.map((version) => lineOf(name, version));
    });
    return readyOnly ? all.filter(({ state }) => state === 'READY') : all;
  }

  /**
   * Loads a model that was unloaded, or looks for a new version of one that is there. Resolves once it can be asked.
   *
   * @param parameters names of those that were sent
   * @throws RequestError (as a rejection) PERMISSION_DENIED where that is not allowed, NOT_FOUND for a model that is not
   * configured, FAILED_PRECONDITION where it cannot be loaded, INVALID_ARGUMENT for parameters
   */
  async load(name: string, parameters: Iterable<string>): Promise<void> {
    const control = this.#allowed();
    checkParameters(parameters);
    await control.load(name);
  }

  /**
   * Unloads a model, which stays so until it is loaded. It answers no new request from then on; those that it has end.
   *
   * @throws RequestError as load() does
   */
  unload(name: string, parameters: Iterable<string>): void {
    const control = this.#allowed();
    checkParameters(parameters);
    control.unload(name);
  }

  #allowed(): ModelControl {
    if (this.#control !== undefined) return this.#control;
    throw new RequestError(
      'PERMISSION_DENIED',
      'models are not loaded and unloaded by callers here; ALLOW_MODEL_CONTROL=true lets them',
    );
  }
}

function lineOf(name: string, status: VersionStatus): ModelIndex {
  const { version, state, message } = status;
  return { name, version, state: STATES[state], reason: isUnloaded(status) ? 'unloaded' : message };
}

function checkParameters(names: Iterable<string>): void {
  for (const name of names) {
    if (WITHOUT_EFFECT.has(name)) continue;
    throw invalidArgument(
      `parameter ${JSON.stringify(name.slice(0, 100))} is not taken: a model's configuration and files are read from its folder alone`,
    );
  }
}
