import { bundleServer } from './bundle.js';
import { bindingIsDone, buildBinding } from './compile.js';
import { keepCode } from './kept-code.js';
import { relinkLibraries } from './libraries.js';
import { alone } from './lock.js';
import { checkMachine } from './machine.js';
import { chooseNode, installPackages, packagesMatch } from './packages.js';
import { buildTap } from './test-runner.js';
import { fetchTensorFlow } from './wheel.js';

/**
 * @typedef {object} SetUpOptions
 * @property {boolean} [test] prepare the test runner too
 * @property {boolean} [bundle] false: leave the server as it is in its sources
 */

/**
 * The steps in their order. One whose work is done says nothing and takes no time; one that was interrupted is done
 * from its own beginning.
 *
 * @param {import('./context.js').Context} context
 * @param {SetUpOptions} options
 */
export function setUp(context, options) {
  return alone(context, () => takeSteps(context, options));
}

/**
 * @param {import('./context.js').Context} context
 * @param {SetUpOptions} options
 */
async function takeSteps(context, { test = false, bundle = true }) {
  if (!packagesMatch(context) || !bindingIsDone(context)) checkMachine(context);
  await installPackages(context);
  await chooseNode(context);
  if (!bindingIsDone(context)) {
    await fetchTensorFlow(context);
    await relinkLibraries(context);
    await buildBinding(context);
  }
  if (bundle) {
    await bundleServer(context);
    await keepCode(context);
  }
  if (test) await buildTap(context);
}
