// npm run test:docs: runs the commands that the documents show, and compares their output. TAP on stdout.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../function/errors.ts';
import { type Block, blocksOf, commandsOf, comparable } from './blocks.ts';

const HELP = `Runs the commands that the documents show and compares their output.

Usage: npm run test:docs -- [--slow] [--list] [FILE…]

  FILE…   documents (default: all)
  --slow  run those that take minutes, too: npm test, the benchmark
  --list  only say how each command is tested
  --help  this text

Commands that need Docker, a cluster (KUBECONFIG), another program, or a Python environment that npm run test:protocols
makes, are run where there is one, and said to be skipped elsewhere.
`;

const ROOT = join(import.meta.dirname, '..');
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/api.md',
  'docs/clients.md',
  'docs/operators.md',
  'docs/architecture.md',
  'docs/performance.md',
  'docs/models.md',
  'docs/tensorflow-serving.md',
  'helm/celsius/README.md',
  'helm/locust/README.md',
];

/** Programs that tests build for themselves are found, too. */
const GO = join(ROOT, '.cache/go');
const OURS = existsSync(GO) ? readdirSync(GO).map((version) => join(GO, version)) : [];
const PATH = [process.env.PATH, ...OURS].join(':');

/** The Python of an environment that npm run test:protocols makes. */
const pythonOf = (environment: string): string => join(ROOT, '.cache/bench', environment, 'bin/python');

/** Does not import it, which takes its time. */
const FIND_TENSORFLOW =
  'import importlib.util; raise SystemExit(importlib.util.find_spec("tensorflow") is None)';

/** Why the commands cannot be run here; undefined where they can. */
function reasonToSkip({ how, language, script, with: tool }: Block, slow: boolean): string | undefined {
  const works = (command: string, ...args: string[]) =>
    spawnSync(command, args, { timeout: 20_000 }).status === 0;
  if (how === 'slow' && !slow) return 'takes minutes: --slow';
  if (how === 'docker' && !works('docker', 'info')) return 'no Docker here';
  if (how === 'cluster' && !(process.env.KUBECONFIG && works('helm', 'version')))
    return 'no KUBECONFIG, or no helm';
  if (/^import tensorflow/m.test(script) && !works('python3', '-c', FIND_TENSORFLOW))
    return 'no TensorFlow in python3';
  if (tool === undefined) return undefined;
  if (language === 'python' && !existsSync(pythonOf(tool)))
    return `no Python environment ${tool}: npm run test:protocols makes it`;
  const isHere = PATH.split(':').some((folder) => existsSync(join(folder, tool)));
  if (language === 'sh' && !isHere) return `no ${tool} here`;
  return undefined;
}

/** The server that the commands of one document ask. */
class Server {
  readonly #children: { kill(signal: NodeJS.Signals): unknown; ended: Promise<unknown> }[] = [];
  url = '';
  grpc = '';

  async start(script: string): Promise<void> {
    await this.stop();
    const port = await freePort();
    this.url = `127.0.0.1:${port}`;
    const grpcPort = await freePort();
    this.grpc = `127.0.0.1:${grpcPort}`;
    const env = {
      ...process.env,
      PORT: String(port),
      GRPC_PORT: String(grpcPort),
      HOST: '127.0.0.1',
      DRAIN_DELAY_MS: '0',
    };
    const child = spawn('bash', ['-euc', `exec env ${script.trim()}`], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const errors = text(child.stderr);
    this.#children.push({ kill: (signal) => child.kill(signal), ended: once(child, 'exit') });
    while (child.exitCode === null) {
      const answer = await fetch(`http://${this.url}/readyz`).catch(() => undefined);
      await answer?.text();
      if (answer?.ok) return;
      await setTimeout(50); // asking again, not waiting for luck: the loop ends with the answer or the process
    }
    throw new Error(`ended with ${child.exitCode}: ${await errors}`);
  }

  async stop(): Promise<void> {
    for (const { kill, ended } of this.#children.splice(0)) {
      kill('SIGTERM');
      await ended;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** @returns what was wrong; undefined where all is as the document says */
async function test(block: Block, server: Server): Promise<string | undefined> {
  const { how, output } = block;
  if (typeof how === 'object') {
    const file = readFileSync(join(ROOT, how.by), 'utf8');
    const missing = commandsOf(block.script).filter((command) => !file.includes(command));
    return missing.length === 0 ? undefined : `not run by ${how.by}: ${missing.join('; ')}`;
  }
  if (how === 'server') return server.start(block.script).then(() => undefined, messageOf);
  const script =
    how === 'run' && server.url
      ? block.script.replaceAll('localhost:8080', server.url).replaceAll('localhost:8500', server.grpc)
      : block.script;
  const [program, ...args] = commandOf(block, script);
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  if (code !== 0) return `ended with ${code}: ${errors.trim()}`;
  if (output === undefined || comparable(said) === comparable(output)) return undefined;
  return `printed ${said.trim()}, not ${output.trim()}`;
}

/** The program that runs a block, and its arguments. */
function commandOf({ language, with: tool }: Block, script: string): [string, ...string[]] {
  if (language === 'python') return [tool === undefined ? 'python3' : pythonOf(tool), '-c', script];
  // Packages are found from the folder where it runs.
  if (language === 'js') return [process.execPath, '--input-type=module', '--eval', script];
  return ['bash', '-euo', 'pipefail', '-c', script];
}

async function run(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const files =
    positionals.length > 0 ? positionals : DOCUMENTS.filter((file) => existsSync(join(ROOT, file)));
  const blocks = files.flatMap((file) => blocksOf(readFileSync(join(ROOT, file), 'utf8'), file));
  const counts = { total: 0, pass: 0, fail: 0, skip: 0 };
  const server = new Server();
  let document = '';
  for (const block of blocks) {
    if (block.file !== document) await server.stop();
    document = block.file;
    const first = commandsOf(block.script)[0] ?? '';
    const name = `${block.file}:${block.line} ${first}`;
    if (values.list) {
      process.stdout.write(`${typeof block.how === 'object' ? `by ${block.how.by}` : block.how}\t${name}\n`);
      continue;
    }
    counts.total++;
    const skip = reasonToSkip(block, values.slow ?? false);
    if (skip) counts.skip++;
    const problem = skip ? undefined : await test(block, server);
    if (problem) counts.fail++;
    else if (!skip) counts.pass++;
    process.stdout.write(
      `${problem ? 'not ok' : 'ok'} ${counts.total} - ${name}${skip ? ` # SKIP ${skip}` : ''}\n`,
    );
    if (problem) process.stdout.write(`  # ${problem.replaceAll('\n', '\n  # ')}\n`);
  }
  await server.stop();
  if (values.list) return 0;
  process.stdout.write(
    `1..${counts.total}\n# { total: ${counts.total}, pass: ${counts.pass}, fail: ${counts.fail}, skip: ${counts.skip} }\n`,
  );
  return counts.fail === 0 ? 0 : 1;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { slow: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean' } },
    });
  } catch (error) {
    throw new FatalError(`${messageOf(error)}; see npm run test:docs -- --help`, 2);
  }
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`test:docs: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
