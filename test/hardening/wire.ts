import { post, RawConnection } from '../../function/testing/socket.ts';
import { expect, type HardeningTest, tally, withServer } from './case.ts';

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nhost: t\r\n\r\n';
const head = (...lines: string[]) => ['POST /celsius HTTP/1.1', 'host: t', ...lines, '', ''].join('\r\n');
const chunk = `0\r\n\r\n${SMUGGLED}`;

/** Requests that two servers in a row could read differently; a second request hides in each. */
const SHAPES: Readonly<Record<string, string>> = {
  'length and chunks': head('content-length: 5', 'transfer-encoding: chunked') + chunk,
  'chunks and length': head('transfer-encoding: chunked', `content-length: ${chunk.length}`) + chunk,
  'two lengths': head('content-length: 0', `content-length: ${SMUGGLED.length}`) + SMUGGLED,
  'a list of lengths': head(`content-length: 0, ${SMUGGLED.length}`) + SMUGGLED,
  'a length with a sign': head('content-length: +0') + SMUGGLED,
  'a negative length': head('content-length: -1') + SMUGGLED,
  'a length in hex': head('content-length: 0x0') + SMUGGLED,
  'a length beyond 64 bits': head(`content-length: ${'9'.repeat(30)}`) + SMUGGLED,
  'a length with a space': head(`content-length: 0 ${SMUGGLED.length}`) + SMUGGLED,
  'a space before the colon': head('transfer-encoding : chunked') + chunk,
  'a tab before the colon': head('transfer-encoding\t: chunked') + chunk,
  'an unknown coding': head('transfer-encoding: xchunked') + chunk,
  'chunked twice': head('transfer-encoding: chunked, chunked') + chunk,
  'chunked and then another': head('transfer-encoding: chunked, identity') + chunk,
  'two codings in two lines':
    head('transfer-encoding: identity', 'transfer-encoding: chunked', 'content-length: 1') + chunk,
  'a vertical tab': head('transfer-encoding: \vchunked') + chunk,
  'a folded header':
    head('x: a', ' transfer-encoding: chunked', 'content-length: 0') + SMUGGLED.replace('GET', 'XGET'),
  'bare LF': `POST /celsius HTTP/1.1\nhost: t\ncontent-length: 0\n\n${SMUGGLED}`,
  'bare CR': head('x: a\rcontent-length: 0') + SMUGGLED,
  'NUL in a header': head('x: a\0b', 'content-length: 0') + SMUGGLED,
  'LF in the end of a chunk': `${head('transfer-encoding: chunked')}1;a\nb\r\n \r\n${chunk}`,
  'a chunk size beyond 64 bits': `${head('transfer-encoding: chunked')}10000000000000000\r\n${chunk}`,
  'a chunk size with 0x': `${head('transfer-encoding: chunked')}0x0\r\n\r\n${SMUGGLED}`,
  'a negative chunk size': `${head('transfer-encoding: chunked')}-1\r\n${chunk}`,
  'a chunk longer than said': `${head('transfer-encoding: chunked')}1\r\nab\r\n${chunk}`,
  'no name': head(': x', 'content-length: 0') + SMUGGLED,
  'a line without a colon': head('nonsense', 'content-length: 0') + SMUGGLED,
  'HTTP/1.0 with chunks': head('transfer-encoding: chunked').replace('1.1', '1.0') + chunk,
  'HTTP/0.9': `GET /celsius\r\n\r\n${SMUGGLED}`,
  'HTTP/3.7': head('content-length: 0').replace('1.1', '3.7') + SMUGGLED,
  "HTTP/2's first words": `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SMUGGLED}`,
  'a space in the path': head('content-length: 0').replace('/celsius', '/cel sius') + SMUGGLED,
  'two hosts': head('host: u', 'content-length: 0') + SMUGGLED,
  'no host': `POST /celsius HTTP/1.1\r\ncontent-length: 0\r\n\r\n${SMUGGLED}`,
  CONNECT: `CONNECT example.com:443 HTTP/1.1\r\nhost: t\r\n\r\n${SMUGGLED}`,
};
/** Those that are a request by the rules, or by an older one, and the hidden one another behind it. */
const MAY_PASS = new Set(['two hosts', 'a folded header', 'HTTP/1.0 with chunks']);

export const wireTests: HardeningTest[] = [
  {
    name: 'request smuggling',
    run: () =>
      withServer({}, async (url) => {
        const statuses: (number | undefined)[] = [];
        const passed: string[] = [];
        for (const [name, data] of Object.entries(SHAPES)) {
          const connection = await RawConnection.open(url);
          connection.write(Buffer.from(data, 'latin1'));
          connection.socket.end();
          const answers = await connection.answers();
          statuses.push(answers[0]?.status);
          if (answers.some(({ body }) => body.includes('/smuggled'))) passed.push(name);
          expect(
            answers.every(({ status }) => status < 500),
            `${name}: ${answers.map(({ status }) => status)}`,
          );
        }
        const wrong = passed.filter((name) => !MAY_PASS.has(name));
        expect(wrong.length === 0, `passed a second request: ${wrong.join(', ')}`);
        const legal = passed.length === 0 ? '' : ` (by the rules: ${passed.join(', ')})`;
        return {
          sent: `${statuses.length} shapes that hide a second request: TE/CL, folds, bare LF, odd sizes …`,
          came: `${tally(statuses)}; none was answered twice${legal}`,
        };
      }),
  },
  {
    name: 'pipelining',
    run: () =>
      withServer({}, async (url) => {
        const connection = await RawConnection.open(url);
        const count = 20_000;
        const values = Array.from({ length: count }, (_, i) => i % 9000);
        connection.write(values.map((f) => post('/celsius', `{"fahrenheit":${f}}`)).join(''));
        let wrong = 0;
        for (const f of values) {
          const celsius = JSON.parse((await connection.answer())?.body ?? '{}').celsius;
          if (Math.fround(celsius) !== Math.fround(((f - 32) * 5) / 9)) wrong++;
        }
        connection.destroy();
        expect(wrong === 0, `${wrong} answers were out of order`);
        return {
          sent: `${count} requests in one write on one connection`,
          came: `${count} right answers in order`,
        };
      }),
  },
  {
    name: 'clients that go away',
    run: () =>
      withServer({}, async (url) => {
        for (let round = 0; round < 20; round++) {
          const connections = await Promise.all(Array.from({ length: 100 }, () => RawConnection.open(url)));
          for (const [i, connection] of connections.entries()) {
            const request = post('/celsius', '{"fahrenheit":[1,2,3]}');
            connection.write(request.slice(0, i % 2 === 0 ? request.length : i));
            connection.socket.resetAndDestroy();
          }
          await Promise.all(connections.map((connection) => connection.closed));
        }
        return {
          sent: '2,000 connections reset in the midst of a request or right after it',
          came: 'served on',
        };
      }),
  },
];
