// tap's own class is generated from the list of plugins in .taprc.
import { join } from 'node:path';
import { run } from './context.js';
import { hashInputs, isDone, markDone } from './stamp.js';

/** @typedef {import('./context.js').Context} Context */

/**
 * Without this, tap 21 would use @tapjs/typescript, which cannot work with TypeScript 7. What is generated lies in
 * node_modules, so that it is gone with it.
 *
 * @param {Context} context
 */
export async function buildTap(context) {
  const generated = join('node_modules', '@tapjs', 'test', 'test-built', 'dist', 'esm', 'index.js');
  const files = ['.taprc', join('node_modules', '@tapjs', 'test', 'package.json'), generated];
  const inputs = () =>
    hashInputs(
      {},
      files.map((name) => join(context.root, name)),
    );
  if (isDone(context, 'tap', inputs())) return;
  context.say('preparing the test runner');
  await run(context, join(context.modules, '.bin', 'tap'), ['build']);
  markDone(context, 'tap', inputs(), [generated]);
}
