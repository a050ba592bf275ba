/** Who waits for an answer. */
export interface Client {
  /** True once nobody waits any more: what was not run yet need not be. */
  gone(): boolean;
  /** When it stops to wait, in ms on performance.now()'s clock; Infinity where it does not. */
  deadline(): number;
}
