import type { Signature } from '../model/signatures.ts';

/** One loaded version of a model, ready to be asked. */
export interface Servable {
  readonly name: string;
  /** A decimal int64 without leading zeros. */
  readonly version: string;
  readonly signatures: ReadonlyMap<string, Signature>;
  /** Resolves when no call is under way. Asked for after the last caller was given this servable. */
  drained(): Promise<void>;
  /** Gives all memory back; nothing is asked of it any more. */
  unload(): Promise<void>;
}

export interface LoadRequest {
  readonly name: string;
  readonly version: string;
  /** Holds saved_model.pb. */
  readonly folder: string;
  /** Aborted once nobody wants the version any more: what is loaded after that is unloaded at once. */
  readonly signal: AbortSignal;
  /**
   * To be called once it is known how much memory the load takes, in bytes, and before it is taken. Waits where other
   * loads have to end first.
   *
   * @throws RequestError (as a rejection) RESOURCE_EXHAUSTED where there is not that much
   */
  readonly reserve: (bytes: number) => Promise<void>;
}

/**
 * Loads one version and makes it ready to be asked: freezes it, warms it up.
 *
 * @throws RequestError (as a rejection) whose code and words are told to who asks for the version's state
 */
export type Load<S extends Servable> = (wanted: LoadRequest) => Promise<S>;
