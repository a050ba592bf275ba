// Starts to load TensorFlow's libraries in a thread while the rest of the program is read and evaluated: import it
// first. Where the addon is missing, nothing happens: the binding's own load says what to do.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const file = join(import.meta.dirname, 'native', 'preload.node');

interface Preload {
  /** Ends the process at once, without destructors, if the libraries are being loaded now. */
  exitWhileLoading(code: number): void;
  /** Ends the process at once, whatever its threads do. */
  exitAtOnce(code: number): void;
  /** Calls back when the libraries are loaded, or cannot be; to be called once. */
  onLoaded(callback: () => void): void;
  /** Blocks until then. */
  wait(): void;
}

function isPreload(exports: object): exports is Preload {
  return ['exitAtOnce', 'exitWhileLoading', 'onLoaded', 'wait'].every(
    (name) => typeof Reflect.get(exports, name) === 'function',
  );
}

function startToLoad(): Preload | undefined {
  if (!existsSync(file)) return undefined;
  const addon: { exports: object } = { exports: {} };
  process.dlopen(addon, file);
  const { exports } = addon;
  if (!isPreload(exports)) return undefined;
  process.on('exit', (code) => exports.exitWhileLoading(code));
  return exports;
}

// The libraries read these while they are loaded. What they would say goes to stderr; a failed run's words are in the
// error that it throws. And of an operation's parts the thread that waits for the others does one.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD ??= '1';
const preload = startToLoad();

/** Resolves when the libraries are loaded, or cannot be; the event loop is free meanwhile. To be called once. */
export function librariesLoaded(): Promise<void> {
  return new Promise((resolve) => {
    if (preload === undefined) resolve();
    else preload.onLoaded(resolve);
  });
}

/** Ends the process without waiting for other event loops of it, or for what they run. */
export function exitAtOnce(code: number): never {
  preload?.exitAtOnce(code);
  process.exit(code); // where there is no addon there are no event loops that run something
}

/** Until it returns, no environment variable may be set: the libraries read theirs in another thread. */
export function waitForLibraries(): void {
  preload?.wait();
}
