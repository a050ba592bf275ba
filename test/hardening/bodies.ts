import { gzipSync } from 'node:zlib';
import { exchange, post } from '../../function/testing/socket.ts';
import { expect, expectRight, type HardeningTest, tally, withServer } from './case.ts';

const zipped = (body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST /celsius HTTP/1.1\r\nhost: t\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]);

/** Sends bodies one after the other; the statuses, and the longest time in ms. */
async function sendAll(url: string, bodies: Readonly<Record<string, string>>, path: string) {
  const statuses: Record<string, number | undefined> = {};
  let longest = 0;
  for (const [name, body] of Object.entries(bodies)) {
    const started = performance.now();
    statuses[name] = (await exchange(url, post(path, body)))?.status;
    longest = Math.max(longest, performance.now() - started);
  }
  return { statuses, longest: Math.round(longest) };
}

const nested = (depth: number, inside = '') => '['.repeat(depth) + inside + ']'.repeat(depth);

/** Lists whose first elements claim 10,000 to the power of `depth` elements. */
function claiming(depth: number): string {
  let text = '0';
  for (let i = 0; i < depth; i++) text = `[${text}${',0'.repeat(9_999)}]`;
  return text;
}

/** BODY_LIMIT_BYTES as it is by default. */
const LIMIT = 8 << 20;

/** Of a body that is large, and leaves room for many. */
const LARGE = 1 << 20;

export const bodyTests: HardeningTest[] = [
  {
    name: 'gzip bombs',
    run: () =>
      withServer({}, async (url) => {
        const member = gzipSync(Buffer.alloc(64 << 20, ' '), { level: 9 });
        const bomb = zipped(Buffer.concat(new Array<Buffer>(16).fill(member))); // 1 GiB in members of 64 MiB
        const answers = await Promise.all(Array.from({ length: 32 }, () => exchange(url, bomb)));
        const came = tally(answers.map((answer) => answer?.status));
        expect(came === '413: 32', came);
        return { sent: `32 at once, each 1 GiB in ${bomb.length >> 10} KiB`, came };
      }),
  },
  {
    name: 'deep JSON',
    run: () =>
      withServer({}, async (url) => {
        const bodies = {
          '5,000 open brackets': '['.repeat(5000),
          '1,048,000 open brackets': '['.repeat(1_048_000),
          '500,000 levels': nested(500_000),
          '255 levels': `{"instances":${nested(255, '1')}}`,
          '254 levels': `{"instances":${nested(254, '1')}}`,
          '100,000 levels of inputs': `{"inputs":${nested(100_000, '1')}}`,
          '100,000 objects': `{"inputs":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
        };
        const { statuses, longest } = await sendAll(url, bodies, '/v1/models/celsius:predict');
        const wrong = Object.entries(statuses).filter(
          ([name, status]) => status !== (name === '254 levels' ? 200 : 400),
        );
        expect(wrong.length === 0, `${wrong}`);
        return {
          sent: Object.keys(bodies).join(', '),
          came: `${tally(Object.values(statuses))}; at most ${longest} ms`,
        };
      }),
  },
  {
    name: 'wide JSON',
    run: () =>
      withServer({}, async (url) => {
        const bodies = {
          '500,000 numbers': `{"inputs":[${new Array(500_000).fill(1).join(',')}]}`,
          '100,000 keys': `{${Array.from({ length: 80_000 }, (_, i) => `"k${i}":1`).join(',')}}`,
          '100,000 times one key': `{${new Array(80_000).fill('"inputs":1').join(',')}}`,
          '250,000 empty lists': `{"inputs":[${new Array(250_000).fill('[]').join(',')}]}`,
          '10^24 elements claimed': `{"inputs":${claiming(6)}}`,
          '10^16 elements claimed': `{"inputs":${claiming(4)}}`,
        };
        const { statuses, longest } = await sendAll(url, bodies, '/v1/models/celsius:predict');
        const came = Object.values(statuses);
        expect(
          came.every((status) => status === 200 || status === 400),
          tally(came),
        );
        return { sent: Object.keys(bodies).join(', '), came: `${tally(came)}; at most ${longest} ms` };
      }),
  },
  {
    name: 'huge JSON',
    run: () =>
      withServer({}, async (url) => {
        const bodies = {
          'a number of 8 MB': `{"inputs":[${'9'.repeat(LIMIT - 100)}]}`,
          'a fraction of 8 MB': `{"inputs":[0.${'1'.repeat(LIMIT - 100)}]}`,
          'an exponent of 8 MB': `{"inputs":[1e${'9'.repeat(LIMIT - 100)}]}`,
          'a string of 8 MB': `{"inputs":"${'a'.repeat(LIMIT - 100)}"}`,
          'a key of 8 MB': `{"${'a'.repeat(LIMIT - 100)}":1}`,
          'a signature name of 8 MB': `{"signature_name":"${'a'.repeat(LIMIT - 100)}","inputs":1}`,
          '8 MB of white space': ' '.repeat(LIMIT),
          'more than 8 MB': ' '.repeat(LIMIT + 1),
        };
        const { statuses, longest } = await sendAll(url, bodies, '/v1/models/celsius:predict');
        const came = tally(Object.values(statuses));
        expect(came === '200: 1, 400: 6, 413: 1', JSON.stringify(statuses));
        return { sent: Object.keys(bodies).join(', '), came: `${came}; at most ${longest} ms` };
      }),
  },
  {
    name: 'many large bodies at once',
    run: () =>
      withServer({}, async (url) => {
        const body = `{"inputs":[${new Array(400_000).fill(212).join(',')}]}`.slice(0, LARGE);
        const cut = body.slice(0, body.lastIndexOf(',')).concat(']}');
        const answers = await Promise.all(
          Array.from({ length: 200 }, () => exchange(url, post('/v1/models/celsius:predict', cut))),
        );
        const came = tally(answers.map((answer) => answer?.status));
        expect(/^200: \d+(, 503: \d+)?$/.test(came), came);
        return { sent: `200 at once of ${cut.length >> 10} KiB, 262,000 rows each`, came };
      }),
  },
  {
    name: 'bodies that fill the room for all',
    run: () =>
      withServer(
        { env: { REQUEST_TIMEOUT_MS: '5000', BODIES_LIMIT_BYTES: String(64 << 20) } },
        async (url) => {
          const unfinished = post('/v1/models/celsius:predict', ' '.repeat(LARGE)).slice(0, -1);
          const answers = await Promise.all(Array.from({ length: 500 }, () => exchange(url, unfinished)));
          const came = tally(answers.map((answer) => answer?.status));
          // 64 MiB have room for 63 and the beginnings of others, which get 503 in turn
          expect(/^408: (6[0-4]|[1-5]?\d), 503: 4\d\d$/.test(came), came);
          return { sent: '500 connections, 1 MiB but for the last byte on each, room for 64 MiB', came };
        },
      ),
  },
  {
    name: 'prototype keys',
    run: () =>
      withServer({}, async (url) => {
        const bodies = [
          '{"__proto__":{"inputs":[1]}}',
          '{"constructor":{"prototype":{"inputs":[1]}}}',
          '{"inputs":{"__proto__":[1]}}',
          '{"inputs":{"__proto__":{"fahrenheit":[1]}}}',
          '{"instances":[{"__proto__":{"fahrenheit":1}}]}',
          '{"instances":[{"constructor":1}]}',
          '{"signature_name":"__proto__","inputs":[1]}',
          '{"signature_name":"constructor","inputs":[1]}',
          '{"fahrenheit":{"__proto__":1}}',
        ];
        const statuses = [];
        for (const path of ['/v1/models/celsius:predict', '/celsius', '/v1/models/__proto__:predict']) {
          for (const body of bodies) statuses.push((await exchange(url, post(path, body)))?.status);
        }
        await expectRight(url);
        const came = tally(statuses);
        expect(came === '400: 18, 404: 9', came);
        return { sent: '27 requests with __proto__ and constructor as keys and names', came };
      }),
  },
  {
    name: 'log injection',
    run: () =>
      withServer({ env: { LOG_REQUESTS: 'true' } }, async (url, server) => {
        const evil = ['"}\t{"level":"fatal"', '\u001b[2J', 'a\u2028b', '\\u000a', '%0a%0d', '\u007f\u0080ÿ'];
        let lines = '';
        server.child.stdout?.on('data', (chunk: Buffer) => {
          lines += chunk;
        });
        for (const text of evil) {
          const path = `/${encodeURI(text)}${text.replace(/[^!-~]/g, '')}`;
          const head = `GET ${path} HTTP/1.1\r\nhost: t\r\nx-request-id: ${text.replace(/[^\t -~\u0080-ÿ]/g, '')}\r\n\r\n`;
          await exchange(url, Buffer.from(head, 'latin1'));
        }
        const requests = () => lines.split('\n').filter((line) => line.includes('"msg":"request"'));
        while (requests().length < evil.length) await new Promise((resolve) => setTimeout(resolve, 20));
        for (const line of requests()) {
          const { level, runId } = JSON.parse(line);
          expect(level === 'info' && typeof runId === 'string', line);
          expect(/^[ -~\u00a0-\uffff]*$/.test(line), `control characters in ${JSON.stringify(line)}`);
        }
        return {
          sent: `${evil.length} paths and request IDs with quotes, ESC, line ends`,
          came: 'one line of JSON each',
        };
      }),
  },
];
