import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { FreshClients } from './fresh-clients.ts';

const EXAMPLE = { body: '{"inputs":1}', answer: '{"outputs":[1,2]}', rows: null };

/** A server of sockets: `onRequest` is told of each request, and answers or does not. */
async function listen(onRequest: (socket: Socket, count: number) => void) {
  let count = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => onRequest(socket, ++count));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}/v1/models/slow:predict`, asked: () => count };
}

const answer = (socket: Socket, body = EXAMPLE.answer) =>
  socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);

t.test('a server that answers all it has accepted loses nothing', async (t) => {
  let isHolding = false;
  const held: Socket[] = [];
  const { server, url, asked } = await listen((socket) => {
    if (isHolding) held.push(socket);
    else setTimeout(() => answer(socket), 20);
  });
  const clients = new FreshClients(url, EXAMPLE, 4, 0);
  while (asked() < 8) await sleep(5);
  const counts = await clients.drain(async () => {
    isHolding = true; // with all waiting, none connects at the moment of the close, which would be lost
    while (held.length < 4) await sleep(5);
    server.close();
    for (const socket of held) answer(socket);
    await once(server, 'close');
  });
  t.ok(counts.sent >= 4, `${counts.sent} sent`);
  t.match(counts, { answered: counts.sent, lost: 0 });
  t.ok((counts.last_answer_ms ?? 0) > 0 && (counts.listener_closed_ms ?? 0) > 0);
});

t.test('what is reset, or answered otherwise, is lost', async (t) => {
  for (const refuse of [
    (socket: Socket) => socket.resetAndDestroy(),
    (socket: Socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n'),
  ]) {
    const held: Socket[] = [];
    const { server, url } = await listen((socket) => held.push(socket));
    const clients = new FreshClients(url, EXAMPLE, 3, 0);
    while (held.length < 3) await sleep(5);
    const [first, ...others] = held;
    const counts = await clients.drain(async () => {
      server.close();
      if (first) answer(first);
      for (const socket of others) refuse(socket);
      await once(server, 'close');
    });
    t.match(counts, { sent: 3, answered: 1, lost: 2 });
  }
});

t.test('a wrong answer voids it', async (t) => {
  const { server, url, asked } = await listen((socket) => answer(socket, '{"outputs":[1,3]}'));
  const clients = new FreshClients(url, EXAMPLE, 1, 0);
  while (asked() < 1) await sleep(5);
  const end = async () => {
    server.close();
    await once(server, 'close');
  };
  await t.rejects(clients.drain(end), /wrong answer: \{"outputs":\[1,3\]\}/);
});
