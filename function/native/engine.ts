import type { Binding } from './binding.ts';
import { entriesOf, type FolderEntry, systemError } from './folder.ts';
import type {
  Frozen,
  Lists,
  NativeSignature,
  RawEngine,
  Result,
  SavedModelInfo,
  SessionKind,
  TensorBytes,
} from './raw-engine.ts';

/** Told what came of a task: a value, or an Error where there was none; and the time that it took on its thread. */
export type Done = (value: unknown, nanoseconds: number) => void;

/**
 * Calls are read from and written as `:predict`, `:classify` or `:regress` in JSON. Other formats are numbers that
 * addField() gives.
 */
export const PREDICT = 0;
export const CLASSIFY = 1;
export const REGRESS = 2;

/** Facts about a call, which decode(), decodeLater(), decodeAndRunLater() and create() leave behind until the next. */
export interface CallFacts {
  /** Index of the signature in the model's list. */
  readonly signature: number;
  /** First dimension that all inputs share; 0 where they share none: such a call runs alone. */
  readonly rows: number;
  /** Calls of one model and one key can share a run. */
  readonly key: number;
  /** Of the inputs. */
  readonly bytes: number;
}

/**
 * Models and calls that live in native memory, and the threads that work on them: those of the pool run them, others load them. A call is a number: its request is read
 * into tensors, run, and its answer written, without a JavaScript object for what is between. Each call ends with exactly
 * one of answer(), take() and drop().
 */
export class NativeEngine implements CallFacts {
  readonly #binding: Binding;
  readonly #raw: RawEngine;
  readonly #facts = new Float64Array(7);
  readonly #waiting: (Done | undefined)[] = [];
  readonly #freeTickets: number[] = [];

  /**
   * @param threads of the pool; each is made when it first has something to do
   * @param shares models with other engines of the process that do: each has a model's weights, and its state, once for all
   */
  constructor(binding: Binding, threads: number, shares = false) {
    this.#binding = binding;
    this.#raw = binding.createEngine(threads, this.#done, this.#facts, shares);
  }

  get signature(): number {
    return this.#facts[0] ?? 0;
  }

  get rows(): number {
    return this.#facts[1] ?? 0;
  }

  get key(): number {
    return this.#facts[2] ?? 0;
  }

  get bytes(): number {
    return this.#facts[3] ?? 0;
  }

  /** What the last answer() or run() took, or the run of decodeAndRunLater() that has just ended; in ns, its answers written. */
  get nanoseconds(): number {
    return this.#facts[4] ?? 0;
  }

  /** What writing the answers took of the run that a thread has just ended, in ns. */
  get printing(): number {
    return this.#facts[5] ?? 0;
  }

  /** What the longest part took of the run that threads have just ended, in ns; 0 where it was not in parts. */
  get longestPart(): number {
    return this.#facts[6] ?? 0;
  }

  /** Calls that have not ended: the same before and after any request, or something leaks. */
  get calls(): number {
    return this.#raw.calls();
  }

  /**
   * Has TensorFlow know the operations of a shared library, from then on, for all models.
   *
   * @throws NativeFailure; rejects with it
   */
  async loadOpLibrary(file: string): Promise<void> {
    await this.#promise((ticket) => this.#raw.loadOpLibrary(ticket, file));
  }

  /**
   * Has TensorFlow make ready the operations that its libraries brought, on a thread. The first model would wait for that:
   * some 7 ms, for which a start has time before it knows which model that is.
   */
  async registerOperations(): Promise<void> {
    await this.#promise((ticket) => this.#raw.registerOperations(ticket));
  }

  /** @throws NativeFailure; rejects with it */
  readModel(folder: string): Promise<SavedModelInfo> {
    return this.#promise((ticket) => this.#raw.readModel(ticket, folder)) as Promise<SavedModelInfo>;
  }

  /**
   * Loads a SavedModel's meta graph `serve` with the binding of \@tensorflow/tfjs-node, whose session a thread of the pool
   * has made by then, and opens it.
   *
   * @returns its number, and for each signature why the graph cannot serve it
   * @throws NativeFailure; rejects with it
   */
  load(
    folder: string,
    { inOrder, bfloat16, spread, winograd }: SessionKind,
    signatures: readonly NativeSignature[],
  ): Promise<{ id: number; unsupported: string[] }> {
    return new Promise((resolve, reject) => {
      const ticket = this.#ticket((value) => {
        if (value instanceof Error) return reject(value);
        try {
          // At once, while the addon offers what it has loaded.
          const loaded = this.#binding.loadSavedModel(folder, 'serve');
          const opened = this.#raw.open(signatures);
          // The session lives on in what was opened, and can end on another thread.
          this.#binding.deleteSavedModel(loaded);
          resolve(opened);
        } catch (error) {
          reject(error);
        }
      });
      this.#raw.prepare(ticket, folder, inOrder, bfloat16, spread, winograd);
    });
  }

  /** Whether another engine has a folder's model, or is loading it: to load it once more takes no memory. */
  shares(folder: string): boolean {
    return this.#raw.shares(folder);
  }

  /** Gives all of a model's memory back, when its last call has ended. */
  async unload(model: number): Promise<void> {
    await this.#promise((ticket) => this.#raw.close(ticket, model));
  }

  /**
   * Makes another model of one, whose variables are constants.
   *
   * @param folder its saved_model.pb
   * @param availableBytes of memory; Infinity for no limit
   * @throws NativeFailure that says why it cannot be; rejects with it
   */
  async freeze(
    model: number,
    folder: string,
    { inOrder, bfloat16, winograd }: SessionKind,
    availableBytes: number,
  ): Promise<Frozen> {
    const available = Math.min(availableBytes, Number.MAX_SAFE_INTEGER);
    const frozen = await this.#promise((ticket) =>
      this.#raw.freeze(ticket, model, folder, inOrder, bfloat16, winograd, available),
    );
    return frozen as Frozen; // as the addon says
  }

  /**
   * Writes a saved_model.pb of a model whose variables are constants in it.
   *
   * @param folder the model's saved_model.pb
   * @param file to write
   * @throws NativeFailure that says why it cannot be; rejects with it
   */
  async saveFrozen(model: number, folder: string, file: string): Promise<void> {
    await this.#promise((ticket) => this.#raw.saveFrozen(ticket, model, folder, file));
  }

  /**
   * Gives back the memory that is needed for no more runs than those of the model's signatures: copies of its graph, and of
   * constants in it. freeze() does so itself; it is for a model that was frozen beforehand.
   *
   * @throws NativeFailure that says why it cannot be; rejects with it. The model can be run all the same
   */
  async settle(model: number): Promise<void> {
    await this.#promise((ticket) => this.#raw.settle(ticket, model));
  }

  /**
   * Optimises a model's graph for its signatures without running them, where that can be: it is most of what a first run takes,
   * and this is not done on the threads of runs.
   */
  async makeReady(model: number): Promise<void> {
    await this.#promise((ticket) => this.#raw.makeReady(ticket, model));
  }

  /**
   * What lies in a folder, asked on a thread of its own: a file system that does not answer holds up nothing else.
   *
   * @param deep folders within folders, too
   * @throws Error with the system's code and words; rejects with it
   */
  async listFolder(folder: string, deep: boolean): Promise<FolderEntry[]> {
    const listing = await this.#promise((ticket) => this.#raw.listFolder(ticket, folder, deep));
    if (typeof listing === 'string') return entriesOf(listing);
    throw systemError(Number(listing), folder);
  }

  /** Runs of a model are runs of `other` from now on, which ends. Runs under way end as they began. */
  async replace(model: number, other: number): Promise<void> {
    await this.#promise((ticket) => this.#raw.replace(ticket, model, other));
  }

  /**
   * Another format: a JSON object with the one key `key`, whose number or list of numbers goes to a signature's only input;
   * the answer is its only output, with `prefix` and `suffix` around it.
   */
  addField(model: number, signature: number, key: string, prefix: string, suffix: string): number {
    return this.#raw.addField(model, signature, key, prefix, suffix);
  }

  /** Reads a body. @returns the call @throws NativeFailure that names the place in the body */
  decode(model: number, format: number, body: Buffer): number {
    return this.#raw.decode(model, format, body);
  }

  /** The same on the pool; `done` is told the call's number. The facts are those of this call while `done` runs. */
  decodeLater(model: number, format: number, body: Buffer, done: Done): void {
    this.#raw.decodeLater(this.#ticket(done), model, format, body);
  }

  /**
   * Reads a body, runs the call and writes its answer, all on the pool and with one hand-over. `done` is told the call's
   * number, for take(), or a NativeFailure where it could not be read; and what both took together. The facts are those of this
   * call while `done` runs.
   */
  decodeAndRunLater(model: number, format: number, body: Buffer, done: Done): void {
    this.#raw.decodeAndRunLater(this.#ticket(done), model, format, body);
  }

  /**
   * A call of tensors, in the order of the signature's inputs; its answer is the outputs' tensors, in their order.
   *
   * @param printed indexes of the outputs that are wanted as text
   */
  create(
    model: number,
    signature: number,
    tensors: readonly TensorBytes[],
    printed: readonly number[] = [],
  ): number {
    return this.#raw.create(model, signature, tensors, printed);
  }

  /** Reads the lists in a request of Open Inference V2. @returns undefined where they are to be read in another way */
  readLists(json: Buffer): Lists | undefined {
    return this.#raw.readLists(json);
  }

  /** The same on the pool; `done` is told the lists, or a NativeFailure where it is no JSON. */
  readListsLater(json: Buffer, done: Done): void {
    this.#raw.readListsLater(this.#ticket(done), json);
  }

  /** Runs a call in this thread, and ends it. @returns its answer @throws NativeFailure */
  answer(call: number): Result {
    return this.#raw.answer(call);
  }

  /** Runs calls of one key in one run in this thread. @returns false where that went wrong: each is to be run alone */
  run(calls: readonly number[]): boolean {
    return this.#raw.run(calls);
  }

  /**
   * Runs calls on the pool: those of one key together, and each alone where that goes wrong.
   *
   * @param rows of the run, more than the calls have where a model wants certain sizes; 0: theirs
   * @param parts that a single call's rows are to be run in, at once where threads are idle: right for row-wise signatures only
   */
  runLater(calls: readonly number[], rows: number, parts: number, done: Done): void {
    this.#raw.runLater(this.#ticket(done), calls, rows, parts);
  }

  /** The answer of a call that was run, which ends. @throws NativeFailure */
  take(call: number): Result {
    return this.#raw.take(call);
  }

  drop(call: number): void {
    this.#raw.drop(call);
  }

  /**
   * Gives back the memory of Node's and TensorFlow's code and constants that loading touched, some 200 MB. What is needed
   * again comes from the page cache, so that this is for after the warm-up.
   */
  async releasePages(): Promise<void> {
    await this.#promise((ticket) => this.#raw.releasePages(ticket));
  }

  /** Gives back what glibc keeps of freed memory (malloc_trim): 0.2 ms on a small heap, 0.1 s on one of gigabytes. */
  async trimHeap(): Promise<void> {
    await this.#promise((ticket) => this.#raw.trimHeap(ticket));
  }

  /** Gives back what TensorFlow keeps of freed tensors of 256 KiB and more: once a model was unloaded, or frozen. */
  async trimTensors(): Promise<void> {
    await this.#promise((ticket) => this.#raw.trimTensors(ticket));
  }

  /**
   * To be called when the process exits. Ends it at once where a run, or a question to a file system, is still under way,
   * which exit() would wait for; and two seconds later where exit() waits for a thread of Node's own.
   */
  leave(code: number): void {
    this.#raw.leave(code);
  }

  #promise(start: (ticket: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      start(this.#ticket((value) => (value instanceof Error ? reject(value) : resolve(value))));
    });
  }

  #ticket(done: Done): number {
    const ticket = this.#freeTickets.pop() ?? this.#waiting.length;
    this.#waiting[ticket] = done;
    return ticket;
  }

  readonly #done = (ticket: number, value: unknown, nanoseconds: number): void => {
    const done = this.#waiting[ticket];
    this.#waiting[ticket] = undefined;
    this.#freeTickets.push(ticket);
    done?.(value, nanoseconds);
  };
}
