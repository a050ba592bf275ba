import { RawConnection } from '../../function/testing/socket.ts';
import { expect, expectRight, type HardeningTest, tally, withServer } from './case.ts';

const HEALTH = 'GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n';

/** Opens connections that send one byte after the other until the server ends them. */
async function drip(url: string, count: number, start: string, byte: string) {
  const connections = await Promise.all(Array.from({ length: count }, () => RawConnection.open(url)));
  for (const connection of connections) connection.write(start);
  const dripping = setInterval(() => {
    for (const connection of connections) if (connection.open) connection.write(byte);
  }, 100);
  const asking = setInterval(() => expectRight(url).catch(() => failed++), 200);
  let failed = 0;
  const answers = await Promise.all(connections.map((connection) => connection.answer()));
  await Promise.all(connections.map((connection) => connection.closed));
  clearInterval(dripping);
  clearInterval(asking);
  expect(failed === 0, `${failed} other requests failed meanwhile`);
  // A reset can overtake the answer where a byte was on its way to a connection that had just been closed.
  const statuses = answers.map((answer) => answer?.status ?? 'closed');
  expect(statuses.includes(408) && statuses.every((one) => one === 408 || one === 'closed'), tally(statuses));
  return tally(statuses);
}

const slow = { env: { HEADERS_TIMEOUT_MS: '2000', REQUEST_TIMEOUT_MS: '2000' } };

export const connectionTests: HardeningTest[] = [
  {
    name: 'slowloris',
    run: () =>
      withServer(slow, async (url) => {
        const came = await drip(url, 500, 'GET /healthz HTTP/1.1\r\nhost: t\r\nx: ', 'y');
        return {
          sent: '500 connections, a header byte each 100 ms, limit 2 s',
          came: `${came}; others answered meanwhile`,
        };
      }),
  },
  {
    name: 'slow bodies',
    run: () =>
      withServer(slow, async (url) => {
        const start = 'POST /celsius HTTP/1.1\r\nhost: t\r\ncontent-length: 1000000\r\n\r\n';
        const came = await drip(url, 500, start, ' ');
        return {
          sent: '500 connections, a body byte each 100 ms, limit 2 s',
          came: `${came}; others answered meanwhile`,
        };
      }),
  },
  {
    name: 'slow chunks',
    run: () =>
      withServer(slow, async (url) => {
        const start = 'POST /celsius HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n';
        const came = await drip(url, 200, start, '1\r\n \r\n');
        return { sent: '200 connections, a chunk of one byte each 100 ms, limit 2 s', came };
      }),
  },
  {
    name: 'readers that do not read',
    run: () =>
      withServer({ env: { REQUEST_TIMEOUT_MS: '2000' } }, async (url) => {
        const body = `{"fahrenheit":[${new Array(100_000).fill('123.456').join(',')}]}`;
        const ask = `POST /celsius HTTP/1.1\r\nhost: t\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
        const connections = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(url)));
        for (const connection of connections) {
          connection.socket.pause();
          for (let i = 0; i < 20; i++) connection.write(ask);
        }
        await new Promise((resolve) => setTimeout(resolve, 6000));
        for (const connection of connections) connection.socket.resume();
        await Promise.all(connections.map((connection) => connection.closed));
        return {
          sent: '20 connections × 20 requests of 800 kB, no answer read, limit 2 s',
          came: 'all 20 cut',
        };
      }),
  },
  {
    name: '10,000 connections',
    run: () =>
      withServer({}, async (url) => {
        const connections: RawConnection[] = [];
        while (connections.length < 10_000) {
          connections.push(
            ...(await Promise.all(Array.from({ length: 250 }, () => RawConnection.open(url)))),
          );
        }
        const statuses: (number | undefined)[] = [];
        for (let round = 0; round < 2; round++) {
          for (const connection of connections) connection.write(HEALTH);
          for (const connection of connections) statuses.push((await connection.answer())?.status);
        }
        for (const connection of connections) connection.destroy();
        const came = tally(statuses);
        expect(came === '200: 20000', came);
        return { sent: '10,000 connections open at once, two requests on each', came };
      }),
  },
  {
    name: 'more connections than allowed',
    run: () =>
      withServer({ env: { MAX_CONNECTIONS: '100' } }, async (url) => {
        const open = await Promise.all(
          Array.from({ length: 300 }, () => RawConnection.open(url).catch(() => undefined)),
        );
        for (const connection of open) connection?.write(HEALTH);
        const came = tally(
          await Promise.all(open.map(async (connection) => (await connection?.answer())?.status)),
        );
        for (const connection of open) connection?.destroy();
        await Promise.all(open.map((connection) => connection?.closed));
        expect(came.startsWith('200: 100,'), came);
        for (let tries = 0; tries < 100; tries++)
          if (
            await expectRight(url).then(
              () => true,
              () => false,
            )
          )
            break;
        return { sent: '300 connections, MAX_CONNECTIONS 100', came };
      }),
  },
  {
    name: 'header floods',
    run: () =>
      withServer({}, async (url) => {
        const floods = [
          `${'x: y\r\n'.repeat(100_000)}\r\n`,
          `x: ${'y'.repeat(1 << 20)}\r\n\r\n`,
          `${'y'.repeat(1 << 20)}: x\r\n\r\n`,
          `cookie: ${'a=b; '.repeat(50_000)}\r\n\r\n`,
        ];
        const statuses = [];
        for (const flood of floods) {
          for (let i = 0; i < 50; i++) {
            const connection = await RawConnection.open(url);
            connection.write(`GET /healthz HTTP/1.1\r\nhost: t\r\n${flood}`);
            statuses.push((await connection.answer())?.status);
            connection.destroy();
          }
        }
        const line = await RawConnection.open(url);
        line.write(`GET /${'a'.repeat(1 << 20)} HTTP/1.1\r\nhost: t\r\n\r\n`);
        statuses.push((await line.answer())?.status);
        line.destroy();
        const came = tally(statuses);
        expect(!/200|50\d/.test(came), came);
        return { sent: '4 × 50 requests with headers of 0.25–1 MB, one with such a path', came };
      }),
  },
];
