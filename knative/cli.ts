import { FatalError, messageOf } from '../function/errors.ts';
import { deploy } from './deploy.ts';
import { flagHelp, usageError, type Verb } from './flags.ts';
import { invoke } from './invoke.ts';
import type { Io } from './io.ts';
import { measure } from './measure.ts';
import { remove } from './remove.ts';
import { status } from './status.ts';
import { traffic } from './traffic.ts';

const verbs: ReadonlyMap<string, Verb> = new Map(
  Object.entries({ deploy, status, invoke, measure, traffic, remove }),
);

const USAGE = 'npm run knative -- COMMAND [OPTION…]';

/**
 * Runs one command line of the Knative client. Errors become one line on `io.err`.
 * @returns the exit code: 0 ok, 1 failed, 2 bad usage
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  try {
    if (name === '--help' || name === 'help') {
      const list = [...verbs].map(([verb, { summary }]) => `  ${verb.padEnd(9)}${summary}`).join('\n');
      io.out(`${USAGE}\n\n${list}\n\nCOMMAND --help shows its options.`);
      return 0;
    }
    const verb = name === undefined ? undefined : verbs.get(name);
    if (!verb) {
      throw usageError(
        `${name === undefined ? 'no command' : `no command ${name}`}: want ${[...verbs.keys()].join(', ')}`,
      );
    }
    if (rest.includes('--help')) {
      io.out(
        `npm run knative -- ${name}${verb.args ? ` ${verb.args}` : ''} [OPTION…]\n${verb.summary}\n\n${flagHelp(verb.flags)}`,
      );
      return 0;
    }
    await verb.run(rest, io);
    return 0;
  } catch (error) {
    const code = error instanceof FatalError ? error.exitCode : 1;
    const hint =
      code === 2 ? ` (\`npm run knative -- ${verbs.has(name ?? '') ? `${name} ` : ''}--help\`)` : '';
    io.err(`knative: ${messageOf(error)}${hint}\n`);
    return code;
  }
}
