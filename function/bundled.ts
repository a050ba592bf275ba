// The bundle's main program: runs program.js, with the code that V8 made of it when the server was set up. Node's own
// compile cache keeps the code of what a file does when it is loaded, and none of the functions that a start calls then.
import './native/preload.ts';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

const file = join(import.meta.dirname, 'program.js');
/** As Node has it around a module of CommonJS. */
const HEAD = '(function (exports, require, module, __filename, __dirname) { ';

function keptCode(): Buffer | undefined {
  try {
    return readFileSync(join(import.meta.dirname, 'program.code'));
  } catch {
    return undefined; // the set-up makes it just now
  }
}

/** For the set-up, which keeps V8's code of it when the server has answered. */
export const script = new Script(`${HEAD}${readFileSync(file, 'utf8')}\n})`, {
  filename: file,
  columnOffset: -HEAD.length,
  cachedData: keptCode(), // of another version of V8: it is not used
});
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(file), module, file, import.meta.dirname);
