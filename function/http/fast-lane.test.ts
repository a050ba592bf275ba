// The lane must answer what node:http answers, byte for byte but for the order of headers, and must leave to it all
// that is not plain. `te: trailers` says nothing that matters here, and keeps a request off the lane.
import t from 'tap';
import { testApp, testModel } from '../testing/app.ts';
import { serve } from '../testing/http-server.ts';
import { post, RawConnection } from '../testing/socket.ts';
import { readPlainHead } from './fast-lane-head.ts';

const celsius = await testModel(t);

/** Writes pieces, each after the answer to the ones before, or a turn of the loop where there is none yet. */
async function answers(url: string, pieces: readonly string[], count: number) {
  const connection = await RawConnection.open(url);
  for (const piece of pieces) {
    connection.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const all = [];
  for (let i = 0; i < count; i++) all.push(await connection.answer());
  connection.destroy();
  return all.map((answer) => {
    const { date, ...headers } = answer?.headers ?? {};
    return { status: answer?.status, headers, body: answer?.body, dated: /GMT$/.test(date ?? '') };
  });
}

const BODIES = [
  ['/celsius', '{"fahrenheit":212}'],
  ['/celsius', '{"fahrenheit":[212,32]}'],
  ['/celsius', '{"fahrenheit":"é"}'],
  ['/celsius', ''],
  ['/celsius?x=1', '{"fahrenheit":212}'],
  ['/v1/models/celsius:predict', '{"instances":[212]}'],
  ['http://another/celsius', '{"fahrenheit":212}'],
  ['HTTPS://another:443/v1/models/celsius:predict?x=1', '{"instances":[212]}'],
  ['http://another', '{}'],
  ['/v1/models/nope:predict', '{"instances":[212]}'],
  ['/nowhere', '{}'],
  ['/healthz', '{}'],
] as const;

t.test('the same answers on the lane and off it', async (t) => {
  const { url } = await serve(t, testApp(celsius).app);
  for (const [path, body] of BODIES) {
    const plain = post(path, body);
    const [expected] = await answers(url, [post(path, body, ['te: trailers'])], 1);
    t.same((await answers(url, [plain], 1))[0], expected, `${path} ${body}`);
    const cut = plain.indexOf('\r\n\r\n') + 4;
    for (const at of [1, 20, cut - 1, cut, cut + 3]) {
      const pieces = [plain.slice(0, at), plain.slice(at)].filter((piece) => piece !== '');
      t.same((await answers(url, pieces, 1))[0], expected, `${path} ${body} cut at ${at}`);
    }
    const thirds = [plain.slice(0, cut), plain.slice(cut, cut + 2), plain.slice(cut + 2)];
    t.same((await answers(url, thirds, 1))[0], expected, `${path} ${body} in three pieces`);
    t.same(await answers(url, [plain + plain + plain], 3), [expected, expected, expected], 'pipelined');
    t.same(await answers(url, [plain, plain, plain], 3), [expected, expected, expected], 'one after another');
    const last = post(path, body, ['connection: close']);
    const [lastExpected] = await answers(url, [post(path, body, ['connection: close', 'te: trailers'])], 1);
    t.match(lastExpected, { headers: { connection: 'close' } });
    t.same(await answers(url, [plain, last], 2), [expected, lastExpected], 'as the last');
  }
});

t.test('after an answer that was to be the last nothing is answered, and the connection ends', async (t) => {
  const { url } = await serve(t, testApp(celsius).app);
  const last = post('/celsius', '{"fahrenheit":212}', ['Connection: Close']);
  const keeps = post('/celsius', '{"fahrenheit":32}');
  for (const [what, after] of [
    ['nothing more comes', []],
    ['more comes', [keeps]],
    ['much more comes', [keeps, keeps + keeps]],
  ] as const) {
    const connection = await RawConnection.open(url);
    connection.write(last);
    t.match(await connection.answer(), { status: 200, body: /"celsius":100,/ }, what);
    for (const more of after) connection.write(more);
    t.same(await connection.answers(), []);
    await connection.closed;
  }
});

t.test('what is not plain', async (t) => {
  const body = '{"fahrenheit":212}';
  const head = (...lines: string[]) =>
    Buffer.from(`${['POST /celsius HTTP/1.1', ...lines].join('\r\n')}\r\n\r\n${body}`);
  const length = `content-length: ${body.length}`;
  t.match(readPlainHead(head('host: a', length)), {
    ...{ url: '/celsius', contentLength: body.length, isLast: false },
  });
  t.match(readPlainHead(head('host: a', length, 'Connection: CLOSE')), { isLast: true });
  t.match(readPlainHead(head('Host:a', `CONTENT-LENGTH:\t${body.length} `, 'x-a: b  c', 'x-empty:')), {
    headers: new Map(Object.entries({ host: 'a', 'content-length': '18', 'x-a': 'b  c', 'x-empty': '' })),
  });
  for (const [name, lines] of Object.entries({
    'no host': [length],
    'no length': ['host: a'],
    'two lengths': ['host: a', length, length],
    'two lengths in one': ['host: a', 'content-length: 18, 18'],
    'a signed length': ['host: a', 'content-length: +18'],
    'a hexadecimal length': ['host: a', 'content-length: 0x12'],
    'chunked too': ['host: a', length, 'transfer-encoding: chunked'],
    'chunked, oddly named': ['host: a', length, 'Transfer-Encoding : chunked'],
    'a space before the colon': ['host : a', length],
    'a folded line': ['host: a', length, 'x-a: b', ' c'],
    'a bare line feed': ['host: a', length, 'x-a: b\ntransfer-encoding: chunked'],
    'a bare carriage return': ['host: a', length, 'x-a: b\rtransfer-encoding: chunked'],
    'a NUL': ['host: a', length, 'x-a: \0'],
    'a byte beyond ASCII': ['host: a', length, 'x-a: \u00e9'],
    'two hosts': ['host: a', 'host: b', length],
    'close and more': ['host: a', length, 'connection: close, te'],
    'an upgrade': ['host: a', length, 'connection: upgrade', 'upgrade: h2c'],
    gzip: ['host: a', length, 'content-encoding: gzip'],
    expect: ['host: a', length, 'expect: 100-continue'],
  })) {
    t.equal(readPlainHead(head(...lines)), undefined, name);
  }
  for (const line of [
    'GET /celsius HTTP/1.1',
    'POST /celsius HTTP/1.0',
    'POST a:80 HTTP/1.1',
    'POST * HTTP/1.1',
    'POST  /a HTTP/1.1',
  ]) {
    t.equal(readPlainHead(Buffer.from(`${line}\r\nhost: a\r\n${length}\r\n\r\n${body}`)), undefined, line);
  }
  t.equal(readPlainHead(head('host: a', length, `x-a: ${'b'.repeat(5000)}`)), undefined, 'a long head');
});
