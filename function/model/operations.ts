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
