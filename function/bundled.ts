// The bundle's main program: runs program.js, with the code that V8 made of it when the server was set up. Node's own
// compile cache keeps the code of what a file does when it is loaded, and none of the functions that a start calls then.
import './native/preload.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { constants, Script } from 'node:vm';

const file = join(import.meta.dirname, 'program.js');
const kept = join(import.meta.dirname, 'program.code');
/** As Node has it around a module of CommonJS. */
const HEAD = '(function (exports, require, module, __filename, __dirname) { ';

function codeOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined; // nothing is kept yet
  }
}

const script = new Script(`${HEAD}${readFileSync(file, 'utf8')}\n})`, {
  filename: file,
  columnOffset: -HEAD.length,
  cachedData: codeOf(kept), // of another version of V8: it is not used
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
// The set-up's start: with all functions that were called by now.
if (process.env.CELSIUSIFY_KEEP_CODE === '1')
  process.on('exit', () => writeFileSync(kept, script.createCachedData()));
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(file), module, file, import.meta.dirname);
