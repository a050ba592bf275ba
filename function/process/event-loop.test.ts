// One event loop of two, with the test in the place of the other one and of the main thread.
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { ColdStart } from '../telemetry/cold-start.ts';
import { createLogger } from '../telemetry/logger.ts';
import { exchange } from '../testing/socket.ts';
import { parseCommand } from './command-line.ts';
import { EventLoop, type FromLoop } from './event-loop.ts';
import { ServerProcess } from './server-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`;

t.test('it is ready when the others are, too, and tells what all of them count', async (t) => {
  const command = parseCommand([], {
    HOST: '127.0.0.1',
    PORT: '0',
    GRPC_PORT: '0',
    EVENT_LOOPS: '2',
    DRAIN_DELAY_MS: '0',
  });
  if (command.run !== 'serve') return t.fail('not a server');
  const { options } = command;
  const ready = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const { port1, port2 } = new MessageChannel();
  const { port1: otherPort } = new MessageChannel();
  const loop = new EventLoop(port2, { index: 0, runId: 'run', options, ready });
  const other = new EventLoop(otherPort, { index: 1, runId: 'run', options, ready });
  const heard: FromLoop[] = [];
  let text: string | undefined;
  port1.on('message', (message: FromLoop) => {
    heard.push(message);
    if (message.is === 'scrape') message.reply.postMessage(text && { contentType: 'text/plain', text });
  });
  const server = new ServerProcess({
    options,
    root: ROOT,
    nativeFolder: join(ROOT, 'dist', 'native'),
    runId: loop.runId,
    logger: createLogger('info', 'run', '', { write: () => {} }),
    coldStart: new ColdStart(0, 0),
    loop,
  });
  port1.postMessage({ is: 'libraries' });
  const url = `http://127.0.0.1:${await server.start()}`;
  t.teardown(async () => {
    await server.stop();
    port1.close();
    otherPort.close();
  });
  t.match(await exchange(url, get('/readyz')), { status: 503, body: /"starting"/ });
  let isReady = false;
  other.started({}, () => isReady);
  t.match(
    await exchange(url, get('/readyz')),
    { status: 503 },
    'the other one has started, but is not ready',
  );
  isReady = true;
  while ((await exchange(url, get('/readyz')))?.status === 503);
  t.match(await exchange(url, get('/readyz')), { status: 200, body: /"ready"/ });
  t.match(await exchange(url, get('/metrics')), { status: 503, body: /an event loop does not answer/ });
  text = 'all 1\n';
  t.match(await exchange(url, get('/metrics')), { status: 200, body: text });
  t.match(heard, [{ is: 'started', facts: { models: ['celsius'] } }, { is: 'scrape' }, { is: 'scrape' }]);
});
