/** How calls of one model share runs. */
export interface Batching {
  /** Right for row-wise models only: those where row i of an answer depends on row i of the inputs alone. */
  readonly enabled: boolean;
  /** Most rows that several calls share in one run; a larger call runs alone. */
  readonly maxRows: number;
  /** How long the first call waits for others while threads are idle; 0: not at all. */
  readonly timeout_ms: number;
  /** The rows that a run of so many is to have: see paddingTo(). */
  readonly padded: (rows: number) => number;
}

/**
 * Rounds a run's rows up to a size that the model wants; what is added is cut off again.
 *
 * @param sizes ascending; none: each size is right. A run of more rows than the largest is left as it is.
 */
export function paddingTo(sizes: readonly number[]): (rows: number) => number {
  return (rows) => sizes.find((size) => size >= rows) ?? rows;
}
