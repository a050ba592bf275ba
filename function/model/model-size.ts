/** What a SavedModel has on disk, by what becomes of it in memory. */
export interface ModelSize {
  /** Of the graph, its constants among them. */
  readonly graphBytes: number;
  /** Of large constants in the graph: weights, where the model was frozen beforehand. */
  readonly constantBytes: number;
  /** Of variables/. */
  readonly variableBytes: number;
  /** There are no variables, and weights are constants of the graph, as where the model was frozen beforehand. */
  readonly holdsWeights: boolean;
}

/*
 * Measured with TensorFlow 2.21 as the most that loading and the first runs took beyond what the process had before; see
 * "What a load takes" in docs/performance.md. A graph is parsed, copied for each function that it calls, and optimised,
 * which takes 43 to 70 times its bytes; a constant is in each of those copies of the graph.
 */
const PER_GRAPH_BYTE = 80;
/**
 * In a model that is settled before its first run: 7.3 to 8.2 were measured in 16 loads of ResNet-50 frozen beforehand, and 0.8 more
 * since its graph is handed to an optimiser of ours (native/winograd/plugin.h).
 */
const PER_SETTLED_BYTE = 10;
/** In one that is not, since it has variables, too: the same model left as it was took 8.9 to 12.4. */
const PER_CONSTANT_BYTE = 14;
const PER_VARIABLE_BYTE = 1.125;
/** Of a model that has next to nothing. */
const LEAST = 8 << 20;

/** As native/freeze/freeze.cc has them. */
const FREEZE_LEAST = 16e6;
const PER_FROZEN_BYTE = 8;

/**
 * About how many bytes of memory a model takes at most while it is loaded and warmed up, 7 to 80 % more than was measured.
 * What its runs need for values in between is part of the margin: nobody knows it before they have run.
 */
export function bytesToLoad({ graphBytes, constantBytes, variableBytes, holdsWeights }: ModelSize): number {
  const structure = (graphBytes - constantBytes) * PER_GRAPH_BYTE;
  const constants = constantBytes * (holdsWeights ? PER_SETTLED_BYTE : PER_CONSTANT_BYTE);
  return LEAST + structure + constants + variableBytes * PER_VARIABLE_BYTE;
}

/** At most so many bytes are taken for a while where a loaded model's variables become constants; see native/freeze/freeze.cc. */
export function bytesToFreeze({ graphBytes, constantBytes, variableBytes }: ModelSize): number {
  const structure = (graphBytes - constantBytes) * PER_GRAPH_BYTE;
  return FREEZE_LEAST + structure + (constantBytes + variableBytes) * PER_FROZEN_BYTE;
}
