// Lets V8 keep the code that it made of the bundle: starts the server once, and stops it when it is ready. That the
// server starts at all on this machine is seen on the way. What speaks HTTP/2 and gRPC is loaded by its first connection,
// so there is one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { SetupError } from './context.js';
import { hashInputs, isDone, markDone } from './stamp.js';

/** @typedef {import('./context.js').Context} Context */

/** What a client of HTTP/2 begins with, and its settings: none. */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');

/** @param {Context} context */
export async function fillCompileCache(context) {
  const start = join(context.root, 'function', 'start.sh');
  const inputs = hashInputs({}, [
    start,
    join(context.dist, 'main.js'),
    join(context.modules, '.bin', 'node'),
  ]);
  if (isDone(context, 'compile-cache', inputs)) return;
  context.say('starting the server once, so that V8 keeps its code');
  const cache = join(context.dist, 'compile-cache');
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache);
  const server = spawn(
    'sh',
    [start, '--host=127.0.0.1', '--port=0', '--grpc-port=0', '--drain-delay-ms=0', '--log-level=info'],
    {
      env: { ...context.env, PATH: `${join(context.modules, '.bin')}:${context.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  server.stderr.on('data', (chunk) => {
    said += chunk;
  });
  createInterface({ input: server.stdout }).on('line', (line) => {
    if (!line.includes('"msg":"ready"')) return;
    const stop = () => server.kill('SIGTERM');
    const { port } = JSON.parse(line);
    connect(port, '127.0.0.1')
      .on('error', stop) // answered or not: the code has been read
      .once('data', stop)
      .end(HTTP2_PREFACE);
  });
  const [code] = await once(server, 'exit');
  if (code !== 0) throw new SetupError(`the server does not start: ${said.trim().split('\n').at(-1)}`);
  const results = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  markDone(
    context,
    'compile-cache',
    inputs,
    results.map(({ parentPath, name }) => relative(context.root, join(parentPath, name))),
  );
}
