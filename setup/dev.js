// npm run dev: serves from the sources, and starts anew on each change. Native code is compiled before, where it changed.
import { join } from 'node:path';
import { createContext, SetupError } from './context.js';
import { serveSources } from './serve-sources.js';
import { setUp } from './steps.js';

const usage = `usage: npm run dev -- [OPTION…]

Serves from function/ as it is, and starts anew within a second of a change; options are the server's own (--help shows them).
Environment variables are, too. Unless they say otherwise, nothing is drained.
`;

const args = process.argv.slice(2);
const context = createContext();
const prepare = () => setUp(context, { bundle: false });

if (args.includes('--help')) {
  process.stdout.write(usage);
} else {
  try {
    await prepare();
    const env = {
      DRAIN_DELAY_MS: '0',
      DRAIN_TIMEOUT_MS: '200',
      // as in function/start.sh, but for sources
      NODE_COMPILE_CACHE: join(context.cache, 'dev-compile-cache'),
      MALLOC_ARENA_MAX: '2',
      ...context.env,
      PATH: `${join(context.modules, '.bin')}:${context.env.PATH}`,
    };
    const serving = serveSources({
      folder: join(context.root, 'function'),
      args,
      env,
      prepare,
      say: (line) => process.stderr.write(`dev: ${line}\n`),
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => serving.stop());
    await serving.ended;
  } catch (error) {
    context.say(error instanceof SetupError ? error.message : `failed: ${error}`);
    process.exitCode = 1;
  }
}
