import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Codec } from './codec/codec.ts';
import { waitForLibraries } from './preload.ts';
import type { RawEngine } from './raw-engine.ts';
import type { RawReceiver } from './raw-receiver.ts';
import type { Convolver } from './winograd/convolver.ts';

/** What createTensor takes: a typed array of the dtype, or one Uint8Array per string. */
export type TensorInput = Float32Array | Int32Array | Uint8Array | Uint8Array[];

/** What tensorDataSync gives, always a copy. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint8Array[];

/** A tensor that a run made. It lives until deleteTensor(id). */
export interface TensorInfo {
  id: number;
  shape: number[];
  /** A number of tensorflow.DataType (types.proto), see DTYPES in ../model/tensor.ts. */
  dtype: number;
}

/**
 * The part of \@tensorflow/tfjs-node's binding that serving needs (its binding/tfjs_binding.cc), as overrides.h mends
 * it. All calls are synchronous, and throw an Error with TensorFlow's own message (its first 499 bytes).
 */
export interface Binding extends Codec, Convolver {
  /** For ./engine.ts. @param facts where facts about a call are left @param shares models with other engines of the process */
  createEngine(
    threads: number,
    done: (ticket: number, value: unknown, nanoseconds: number) => void,
    facts: Float64Array,
    shares: boolean,
  ): RawEngine;
  /** For ./receiver.ts. */
  createReceiver(done: (ticket: number, bytes: number) => void): RawReceiver;
  /** Copies `data`. int64 is given as an Int32Array of low and high halves. @returns the tensor's ID */
  createTensor(shape: readonly number[], dtype: number, data: TensorInput): number;
  deleteTensor(id: number): void;
  /** Throws for dtypes other than those of DTYPES (uint8 can go in, but not come out). */
  tensorDataSync(id: number): TensorData;
  /** @param tags comma-separated, such as "serve". @returns the model's ID */
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** @param inputNames comma-separated names of tensors in the graph, each with `:index`, one per ID */
  runSavedModel(
    id: number,
    tensorIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorInfo[];
  /** Tensors alive: the same before and after a request, or something leaks. */
  getNumOfTensors(): number;
  getNumOfSavedModels(): number;
  /**
   * Has a listening socket drop what asks for a new connection; those that wait to be accepted are not touched.
   *
   * @returns false where the system cannot
   */
  refuseNewConnections(socket: number): boolean;
  /** TensorFlow's version. */
  TF_Version: string;
}

/** Threads that TensorFlow uses; 0 lets TensorFlow choose. */
export interface Threads {
  /** Inside one operation, such as a large matrix product. Shared by all models of the process. */
  intraOp: number;
  /** For operations that do not depend on each other; -1 runs them all in the caller's thread. */
  interOp: number;
}

/**
 * Loads the compiled binding, and with it TensorFlow's libraries.
 *
 * @param folder holds tfjs_binding.node and TensorFlow's libraries
 * @throws Error in one line that says why and what to do
 */
export function loadBinding(folder: string, threads: Threads = { intraOp: 1, interOp: -1 }): Binding {
  const file = join(folder, 'tfjs_binding.node');
  if (!existsSync(file)) throw new Error(`${file} is missing: run "npm run setup"`);
  setEnvironment(threads);
  const addon: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(addon, file, constants.dlopen.RTLD_LAZY);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(explainLoadFailure(message, glibcVersion()), { cause: error });
  }
  if (!isBinding(addon.exports)) throw new Error(`${file} is not the binding: run "npm run setup"`);
  return addon.exports;
}

/**
 * What overrides.cc reads, since the binding's own functions take no options. Blocks until TensorFlow's libraries are loaded. Where
 * event loops share the environment it is set once: to set a variable is not safe while another thread reads one.
 */
export function setEnvironment({ intraOp, interOp }: Threads): void {
  waitForLibraries();
  for (const [name, threads] of [
    ['CELSIUSIFY_INTRA_OP', intraOp],
    ['CELSIUSIFY_INTER_OP', interOp],
  ] as const)
    if (process.env[name] !== String(threads)) process.env[name] = String(threads);
}

/** Version of the C library that Node runs on, such as "2.36"; undefined on musl. */
function glibcVersion(): string | undefined {
  // Reverse look-ups of open sockets would take time. (Node's types do not know this option yet.)
  Object.assign(process.report, { excludeNetwork: true });
  const report: unknown = process.report.getReport();
  const header: unknown = typeof report === 'object' && report !== null && Reflect.get(report, 'header');
  const version: unknown =
    typeof header === 'object' && header !== null && Reflect.get(header, 'glibcVersionRuntime');
  return typeof version === 'string' ? version : undefined;
}

/** Names that the binding must have. */
const functions = [
  'createEngine',
  'createReceiver',
  'createTensor',
  'deleteTensor',
  'tensorDataSync',
  'loadSavedModel',
  'deleteSavedModel',
  'runSavedModel',
  'getNumOfTensors',
  'getNumOfSavedModels',
  'refuseNewConnections',
] as const satisfies (keyof Binding)[];

function isBinding(exports: unknown): exports is Binding {
  if (typeof exports !== 'object' || exports === null) return false;
  return functions.every((name) => typeof Reflect.get(exports, name) === 'function');
}

/**
 * @param message of the dynamic loader
 * @param glibc its version; undefined where Node runs on another C library
 */
export function explainLoadFailure(message: string, glibc: string | undefined): string {
  if (glibc === undefined) {
    return 'TensorFlow needs glibc, and this system has another C library (Alpine Linux has musl): use a glibc system, such as Debian';
  }
  const wanted = /version [`']GLIBC_([\d.]+|ABI_DT_RELR)' not found/.exec(message)?.[1];
  if (wanted === 'ABI_DT_RELR') {
    return `TensorFlow's libraries were made for glibc 2.36 or newer, and this system has ${glibc}: run "npm run setup" on this system`;
  }
  if (wanted) {
    return `TensorFlow needs glibc ${wanted} or newer, and this system has ${glibc}: use a newer system, such as Debian 12`;
  }
  const missing = /^(\S+): cannot open shared object file/.exec(message)?.[1];
  if (missing?.startsWith('libtensorflow')) return `${missing} is missing: run "npm run setup"`;
  if (missing) return `TensorFlow needs ${missing}, which is missing here: install it (Debian: libstdc++6)`;
  return `TensorFlow cannot be loaded: ${message}`;
}
