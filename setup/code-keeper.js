// Required by the set-up's server before its main program (kept-code.js): as the process ends, V8's code of program.js, with
// all functions that were called by then, is written beside it.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

process.on('exit', () => {
  const main = process.argv[1] ?? '';
  const { script } = createRequire(import.meta.url)(main);
  writeFileSync(join(dirname(main), 'program.code'), script.createCachedData());
});
