// npm run test:api: Schemathesis (Python) tries what /openapi.json says against a real server.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeVenv } from '../../bench/venv.ts';
import { FatalError, messageOf } from '../../function/errors.ts';
import { spawnServer } from '../../function/testing/child-process.ts';
import { fixture } from '../../function/testing/whole-server.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Below /v1/ two things are as TensorFlow Serving has them: a wrong method is a 400 where Schemathesis wants a 405, and
 * a tensor of another rank than the signature's is let pass where the graph takes it. So bodies that the document does
 * not allow are left to the fuzzer there. Below /v2/ JSON Schema cannot say that data have as many elements as their
 * shape, nor what bytes a binary body has.
 */
const PARTS: readonly [readonly string[], readonly string[]][] = [
  [['--exclude-path-regex', '^/v[12]/'], []],
  [['--include-path-regex', '^/v1/', '--mode', 'positive'], ['unsupported_method']],
  [['--include-path-regex', '^/v2/', '--mode', 'positive'], ['positive_data_acceptance']],
];

/** That all inputs must have equally many rows is nothing that JSON Schema can say. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = { types: ['positive_data_acceptance'] };

const help = `usage: npm run test:api -- [--seed N] [--examples N]

Runs all checks of Schemathesis against servers of two models; installs it into .cache/ with pip first.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      examples: { type: 'string', default: '100' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const requirements = join(import.meta.dirname, 'requirements.txt');
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const program = join(await makeVenv(ROOT, 'schemathesis', requirements, say), 'schemathesis');
  let failed = 0;
  for (const model of ['celsius', 'types']) {
    const env = { MODEL_NAME: model, ...(model === 'celsius' ? {} : { MODEL_BASE_PATH: fixture(model) }) };
    const server = spawnServer({ env });
    const url = await server.ready;
    const options = [
      '--checks',
      'all',
      '--max-examples',
      values.examples,
      '--seed',
      values.seed,
      '--no-color',
    ];
    for (const [paths, exceptions] of PARTS) {
      const without = [...exceptions, ...(EXCEPTIONS[model] ?? [])];
      const excluded = without.length === 0 ? [] : ['--exclude-checks', without.join(',')];
      if (!run(program, 'run', `${url}/openapi.json`, ...options, ...paths, ...excluded)) failed++;
    }
    server.child.kill('SIGTERM');
    const end = await server.ended;
    if (end.code !== 0) failed++;
  }
  return failed === 0 ? 0 : 1;
}

/** @returns whether the program ended well; what it says goes to this terminal */
function run(program: string, ...args: string[]): boolean {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', cwd: join(ROOT, '.cache') });
  if (error !== undefined) process.stderr.write(`test:api: cannot run ${program}: ${error.message}\n`);
  return status === 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`test:api: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
