// Has V8 keep the code of the functions that a start and a first request call (function/bundled.ts): starts the server once,
// and stops it when it has answered. That the server starts at all on this machine is seen on the way. What speaks HTTP/2
// and gRPC is read by its first connection, so there is one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SetupError } from './context.js';
import { hashInputs, isDone, markDone } from './stamp.js';

/** @typedef {import('./context.js').Context} Context */

const KEEPER = fileURLToPath(new URL('code-keeper.js', import.meta.url));
const body = '{"fahrenheit":212}';
/** What clients send first: a request, and HTTP/2's preface with settings: none. */
const BEGINNINGS = [
  `POST /celsius HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
];

/** @param {Context} context */
export async function keepCode(context) {
  const start = join(context.root, 'function', 'start.sh');
  const bundled = readdirSync(context.dist).filter((name) => name.endsWith('.js'));
  const inputs = hashInputs({}, [
    start,
    KEEPER,
    ...bundled.map((name) => join(context.dist, name)),
    join(context.modules, '.bin', 'node'),
  ]);
  if (isDone(context, 'kept-code', inputs)) return;
  context.say('starting the server once, so that V8 keeps its code');
  const server = spawn(
    'sh',
    [start, '--host=127.0.0.1', '--port=0', '--grpc-port=0', '--drain-delay-ms=0', '--log-level=info'],
    {
      env: {
        ...context.env,
        PATH: `${join(context.modules, '.bin')}:${context.env.PATH}`,
        NODE_OPTIONS: `--require=${JSON.stringify(KEEPER)}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  server.stderr.on('data', (chunk) => {
    said += chunk;
  });
  createInterface({ input: server.stdout }).on('line', async (line) => {
    if (!line.includes('"msg":"ready"')) return;
    const { port } = JSON.parse(line);
    for (const beginning of BEGINNINGS) await answered(port, beginning);
    server.kill('SIGTERM');
  });
  const [code] = await once(server, 'exit');
  if (code !== 0) throw new SetupError(`the server does not start: ${said.trim().split('\n').at(-1)}`);
  markDone(context, 'kept-code', inputs, [join('dist', 'program.code')]);
}

/**
 * Resolves with the first bytes of an answer, or without any: the code has been called by then.
 *
 * @param {number} port
 * @param {string} beginning
 */
function answered(port, beginning) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .on('error', resolve)
      .on('close', resolve)
      .once('data', () => socket.destroy());
    socket.write(beginning, 'latin1');
  });
}
