// Makes a bare clone ready to run: npm's packages, TensorFlow's libraries, the binding, the bundle. A step whose work
// is done says nothing and takes no time; one that was interrupted begins anew. Nothing that is not there yet may be
// imported here, and Node 20 must be able to run it.
import { bundleServer } from './bundle.js';
import { bindingIsDone, buildBinding } from './compile.js';
import { createContext, SetupError } from './context.js';
import { checkMachine } from './machine.js';
import { chooseNode, installPackages, packagesMatch } from './packages.js';
import { buildTap } from './test-runner.js';
import { fetchTensorFlow } from './wheel.js';

const usage = `usage: node function/native/setup.js [--test]

Installs npm's packages, fetches TensorFlow's libraries, compiles the binding and bundles the server.

  --test  prepare the test runner too

SYSTEM_NODE=1  run the server on this machine's Node (22.19 or newer), not on the one from npm
`;

/**
 * @param {import('./context.js').Context} context
 * @param {{ test: boolean }} options
 */
async function setUp(context, { test }) {
  if (!packagesMatch(context) || !bindingIsDone(context)) checkMachine(context);
  await installPackages(context);
  chooseNode(context);
  if (!bindingIsDone(context)) await fetchTensorFlow(context);
  await buildBinding(context);
  await bundleServer(context);
  if (test) await buildTap(context);
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(usage);
} else if (args.some((arg) => arg !== '--test')) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const context = createContext();
  await setUp(context, { test: args.includes('--test') }).catch((error) => {
    context.say(error instanceof SetupError ? error.message : `failed: ${error.message}`);
    process.exitCode = 1;
  });
}
