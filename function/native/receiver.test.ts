import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { testBinding } from '../testing/app.ts';
import { Receiver } from './receiver.ts';

const receiver = new Receiver(testBinding());

/** A connection whose end here is read by nobody else: its file descriptor, and the other end. */
async function connection(t: Test): Promise<{ fd: number; client: Socket; close: () => void }> {
  const server: Server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  client.on('error', () => {});
  const [socket]: Socket[] = await once(server, 'connection');
  t.teardown(() => client.destroy());
  t.teardown(() => socket?.destroy());
  return {
    fd: Reflect.get(Reflect.get(socket ?? {}, '_handle'), 'fd'),
    client,
    close: () => socket?.destroy(),
  };
}

const received = (fd: number, body: Buffer, from: number, upTo: number) =>
  new Promise<number>((resolve) => receiver.receive(fd, body, from, upTo, resolve));

t.test('reads as much as it is asked for, and no more', async (t) => {
  const { fd, client } = await connection(t);
  const sent = Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => i % 251));
  const body = Buffer.alloc(sent.length);
  t.equal(receiver.pending(fd), 0);
  client.write(sent);
  while (receiver.pending(fd) < 1000) await new Promise(setImmediate);
  t.equal(await received(fd, body, 0, 10), 10);
  t.ok(body.subarray(0, 10).equals(sent.subarray(0, 10)) && body.subarray(10).every((byte) => byte === 0));
  t.equal(await received(fd, body, 10, sent.length - 5), sent.length - 15);
  client.end();
  t.equal(await received(fd, body, sent.length - 5, sent.length), 5);
  t.ok(body.equals(sent));
  t.equal(await received(fd, body, 0, 1), 0, 'the other side has ended');
});

t.test('fewer bytes where the other side ends or goes', async (t) => {
  for (const leave of [(client: Socket) => client.end('abc'), (client: Socket) => client.resetAndDestroy()]) {
    const { fd, client } = await connection(t);
    const bytes = received(fd, Buffer.alloc(100), 0, 100);
    leave(client);
    t.ok((await bytes) < 100);
  }
});

t.test('what begins otherwise than it is to begin is told at once', async (t) => {
  for (const { pieces, bytes } of [
    { pieces: ['x'], bytes: 1 },
    { pieces: ['ab', 'cx'], bytes: 4 },
    { pieces: ['ab', 'cd', 'efghij'], bytes: 10 },
    { pieces: ['abcdefghij'], bytes: 10 },
  ]) {
    const { fd, client } = await connection(t);
    const body = Buffer.alloc(10);
    const all = new Promise<number>((resolve) =>
      receiver.receive(fd, body, 0, 10, resolve, Buffer.from('abcd')),
    );
    for (const piece of pieces) {
      client.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    t.equal(await all, bytes);
    t.equal(String(body.subarray(0, bytes)), pieces.join(''));
  }
});

t.test('where nothing is to be read, the end of the other side is told', async (t) => {
  for (const leave of [(client: Socket) => client.end('abc'), (client: Socket) => client.resetAndDestroy()]) {
    const { fd, client } = await connection(t);
    client.write('abc');
    const ended = received(fd, Buffer.alloc(1), 1, 1);
    while (receiver.pending(fd) < 3) await new Promise(setImmediate);
    leave(client);
    t.equal(await ended, 0);
  }
});

t.test('cancelled, it tells how many bytes have come', async (t) => {
  const { fd, client } = await connection(t);
  const receipt = receiver.receive(fd, Buffer.alloc(100), 0, 100, () => t.fail('told'));
  client.write('abc');
  await new Promise((resolve) => setTimeout(resolve, 20));
  while (receiver.pending(fd) > 0) await new Promise(setImmediate);
  t.equal(receiver.cancel(receipt ?? -1), 3);
});

t.test('cancelled, it reads and tells nothing more', async (t) => {
  const { fd, client, close } = await connection(t);
  const body = Buffer.alloc(100);
  const receipt = receiver.receive(fd, body, 0, 100, () => t.fail('told'));
  if (receipt === undefined) throw new Error('not begun');
  receiver.cancel(receipt);
  client.write('abc');
  const other = await connection(t);
  other.client.write('def');
  t.equal(await received(other.fd, body, 10, 13), 3, 'another has its number by now');
  t.equal(String(body.subarray(10, 13)), 'def');
  t.equal(body[0], 0);
  close();
  await new Promise((resolve) => client.once('close', resolve));
  t.pass('the connection has ended, as nobody else held it');
});

t.test('what is no socket', async (t) => {
  t.equal(
    receiver.receive(1 << 20, Buffer.alloc(1), 0, 1, () => t.fail('told')),
    undefined,
  );
});
