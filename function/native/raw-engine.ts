/** One tensor's elements as bytes, row-major and in this machine's order; strings one by one. Nothing: all zero. */
export interface TensorBytes {
  readonly shape: readonly number[];
  readonly data?: Uint8Array | Float32Array | readonly Uint8Array[];
}

/** A tensor that a run gave. */
export interface OutputTensor {
  /** A number of tensorflow.DataType (types.proto). */
  readonly dtype: number;
  readonly shape: number[];
  readonly data: Uint8Array | Uint8Array[];
  /** Its elements as one flat JSON list, where that was asked for and can be; `data` then is empty. */
  readonly text?: string | Buffer;
}

/** A request of Open Inference V2, its lists of elements apart from the JSON around them (codec/lists.h). */
export interface Lists {
  readonly around: Buffer;
  readonly lists: readonly Buffer[];
}

/** What a call gives: a body where it was read of one, tensors where it was made of tensors. */
export type Result = string | Buffer | OutputTensor[];

/** What is to be known of a SavedModel before it is loaded (saved-model.h). */
export interface SavedModelInfo {
  /** The name of the file that was read: saved_model.pb or saved_model.pbtxt. */
  readonly file: string;
  /** Serialised, with the meta graph tagged `serve` alone, and without its graph. */
  readonly savedModel: Buffer;
  /** Types of all operations, comma-separated. */
  readonly operations: string;
  /** For each signature, in the order of savedModel: types of the operations that a call of it runs. */
  readonly reachable: readonly string[];
  /** For each signature the index of the first that computes the same, by other nodes of the graph; its own where none does. */
  readonly equal: readonly number[];
  /** Of saved_model.pb, its constants among them. */
  readonly graphBytes: number;
  /** Of large constants in it. */
  readonly constantBytes: number;
  /** Of variables/. */
  readonly variableBytes: number;
}

/** A signature's inputs or outputs, in one order. */
export interface NativeFields {
  readonly keys: readonly string[];
  /** The graph's names, each with `:index`. */
  readonly tensors: readonly string[];
  /** Numbers of tensorflow.DataType. */
  readonly dtypes: readonly number[];
}

export interface NativeInputs extends NativeFields {
  /** What each is where a request leaves it out; undefined where it must not. */
  readonly defaults: readonly (TensorBytes | undefined)[];
}

export interface NativeSignature {
  readonly name: string;
  /** Why it is not served; empty where it is. */
  readonly unsupported: string;
  /** Why examples cannot be classified, or given a number each, by it; empty where they can. */
  readonly noClassify: string;
  readonly noRegress: string;
  readonly inputs: NativeInputs;
  readonly outputs: NativeFields;
}

/** How a session runs its graph. */
export interface SessionKind {
  /** One operation after the other, where canRunInOrder() in ../model/operations.ts says that the graph allows it. */
  readonly inOrder: boolean;
  /** oneDNN may compute in bfloat16. */
  readonly bfloat16: boolean;
  /** Operations are in parts, for threads of the pool that have nothing else to do. */
  readonly spread: boolean;
  /** Convolutions of 3×3 in float32 may take fewer multiplications, where their filters are constants; see winograd/plugin.h. */
  readonly winograd: boolean;
}

/** A model whose variables became constants. */
export interface Frozen {
  /** Its number in the native engine. */
  readonly id: number;
  /** Convolutions that take fewer multiplications than they have, of all runs; see winograd/plugin.h. */
  readonly convolutions: number;
}

/** A refusal by native code; `code` is a number of TensorFlow's and gRPC's. */
export interface NativeFailure extends Error {
  readonly code: number;
  /** Of readModel(): what is wrong with the file, and the file's name. */
  readonly kind?: 'missing' | 'unreadable' | 'damaged' | 'untagged';
  readonly file?: string;
}

/** What the addon gives (engine.h). Methods with a ticket work on other threads, and tell `done` when they are through. */
export interface RawEngine {
  loadOpLibrary(ticket: number, file: string): void;
  readModel(ticket: number, folder: string): void;
  prepare(
    ticket: number,
    folder: string,
    inOrder: boolean,
    bfloat16: boolean,
    spread: boolean,
    winograd: boolean,
  ): void;
  open(signatures: readonly NativeSignature[]): { id: number; unsupported: string[] };
  addField(model: number, signature: number, key: string, prefix: string, suffix: string): number;
  freeze(
    ticket: number,
    model: number,
    folder: string,
    inOrder: boolean,
    bfloat16: boolean,
    winograd: boolean,
    availableBytes: number,
  ): void;
  saveFrozen(ticket: number, model: number, folder: string, file: string): void;
  settle(ticket: number, model: number): void;
  makeReady(ticket: number, model: number): void;
  shares(folder: string): boolean;
  listFolder(ticket: number, folder: string, deep: boolean): void;
  replace(ticket: number, model: number, other: number): void;
  close(ticket: number, model: number): void;
  decode(model: number, format: number, body: Buffer): number;
  decodeLater(ticket: number, model: number, format: number, body: Buffer): void;
  decodeAndRunLater(ticket: number, model: number, format: number, body: Buffer): void;
  create(
    model: number,
    signature: number,
    tensors: readonly TensorBytes[],
    printed: readonly number[],
  ): number;
  readLists(json: Buffer): Lists | undefined;
  readListsLater(ticket: number, json: Buffer): void;
  answer(call: number): Result;
  run(calls: readonly number[]): boolean;
  runLater(ticket: number, calls: readonly number[], rows: number, parts: number): void;
  take(call: number): Result;
  drop(call: number): void;
  releasePages(ticket: number): void;
  trimHeap(ticket: number): void;
  trimTensors(ticket: number): void;
  registerOperations(ticket: number): void;
  calls(): number;
  leave(code: number): void;
}
