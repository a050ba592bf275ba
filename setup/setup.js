// Makes a bare clone ready to run: npm's packages, TensorFlow's libraries, the binding, the bundle. Nothing that is not
// there yet may be imported here, and Node 20 must be able to run it.
import { createContext, SetupError } from './context.js';
import { setUp } from './steps.js';

const usage = `usage: node setup/setup.js [--test]

Installs npm's packages, fetches TensorFlow's libraries, compiles the binding and bundles the server.

  --test  prepare the test runner too

SYSTEM_NODE=1  run the server on this machine's Node (22.19 or newer), not on the one from npm
`;

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
