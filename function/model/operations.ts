import { PbfReader } from 'pbf';
import { fields } from './protobuf.ts';

/**
 * The types of all operations in a saved_model.pb, those of its functions too, e.g. `MatMul`. Field numbers are those of
 * tensorflow/core/framework/graph.proto, function.proto and node_def.proto.
 *
 * @throws Error where the bytes are no protocol buffer
 */
export function readOperations(savedModel: Uint8Array): Set<string> {
  const operations = new Set<string>();
  const node = (definition: PbfReader) =>
    fields(definition, { 2: (pbf) => operations.add(pbf.readString()) });
  const library = (pbf: PbfReader) => fields(pbf, { 1: (definition) => fields(definition, { 3: node }) });
  const graph = (pbf: PbfReader) => fields(pbf, { 1: node, 2: library });
  fields(new PbfReader(savedModel), { 2: (metaGraph) => fields(metaGraph, { 2: graph }) });
  return operations;
}

/** Operations that one thread cannot run one after the other, each once. */
const NOT_IN_ORDER = [
  // TensorFlow 1's control flow, whose nodes run never or many times; that of TensorFlow 2 calls functions.
  /^_?(?:Ref)?(?:SwitchN?|Enter)$/,
  // TensorFlow 1's variables and containers, whose handles are references.
  /^(?:Temporary)?Variable(?:V2)?$|^(?:HashTable|Mutable(?:Dense)?HashTable(?:OfTensors)?|Stack|TensorArray(?:Grad)?)$|Reader$/,
  // What waits for another operation of the same graph would wait for ever.
  /Queue(?:V2)?$|Barrier$|[Ss]tage|Accumulator$|Mutex|Collective|Recv/,
];

/** Whether TensorFlow's executor for one thread can run a graph (its single_threaded_executor.cc). */
export function canRunInOrder(operations: ReadonlySet<string>): boolean {
  return ![...operations].some((operation) => NOT_IN_ORDER.some((pattern) => pattern.test(operation)));
}
