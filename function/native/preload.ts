// Starts to load TensorFlow's libraries in a thread while the rest of the program is read and evaluated: import it
// first. Where the addon is missing, nothing happens: the binding's own load says what to do.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const file = join(import.meta.dirname, 'native', 'preload.node');

interface Preload {
  /** Ends the process at once, without destructors, if the libraries are being loaded now. */
  exitWhileLoading(code: number): void;
}

function isPreload(exports: object): exports is Preload {
  return 'exitWhileLoading' in exports && typeof exports.exitWhileLoading === 'function';
}

if (existsSync(file)) {
  const addon: { exports: object } = { exports: {} };
  process.dlopen(addon, file);
  const { exports } = addon;
  if (isPreload(exports)) process.on('exit', (code) => exports.exitWhileLoading(code));
}
