// The ports of a whole server under TLS, as clients see them.
import { once } from 'node:events';
import { copyFileSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect } from 'node:tls';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { credentialsOf, makeCertificates } from '../testing/certificates.ts';
import { listFolder } from '../testing/models.ts';
import { freePort, post } from '../testing/socket.ts';
import { startServer } from '../testing/whole-server.ts';
import { openTls } from './tls.ts';

const folder = t.testdir({ text: 'no certificate' });
const file = (name: string) => join(folder, name);
makeCertificates(folder, ['server', 'client', 'stranger', 'other']);
const TLS = { TLS_CERT_FILE: file('server'), TLS_KEY_FILE: file('server.key') };
const MUTUAL = { ...TLS, TLS_CLIENT_CA_FILE: file('client') };
const trusted = { ca: readFileSync(file('server')) };

/** One request over HTTP/1.1. @returns status and body; the code of the error where there is no connection */
async function ask(url: string, path: string, tls: ConnectionOptions = {}, body?: string) {
  return new Promise<{ status: number | string; body: string }>((resolve) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(url + path, { ...trusted, ...tls, method, agent: false }, async (answer) => {
      resolve({ status: answer.statusCode ?? 0, body: await text(answer) });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve({ status: error.code ?? '', body: '' }));
    sent.end(body);
  });
}

/** The code of a health check's answer over gRPC. */
function check(t: Test, host: string, channel = credentials.createSsl(trusted.ca)): Promise<string> {
  const client = new Client(host, channel);
  t.teardown(() => client.close());
  const bytes = (value: Buffer) => value;
  const nothing = Buffer.alloc(0);
  return new Promise((resolve) =>
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      ...([bytes, bytes, nothing] as const),
      (error: ServiceError | null) => resolve(status[error?.code ?? 0] ?? ''),
    ),
  );
}

t.test('files', async (t) => {
  const none = { tlsCertFile: '', tlsKeyFile: '', tlsClientCaFile: '' };
  const both = { ...none, tlsCertFile: file('server'), tlsKeyFile: file('server.key') };
  const rest = { tlsPorts: 'all', headersTimeoutMs: 1000 } as const;
  for (const [files, message] of [
    [{ ...both, tlsKeyFile: '' }, /set both/],
    [{ ...none, tlsClientCaFile: file('client') }, /set both/],
    [{ ...both, tlsCertFile: file('absent') }, /^TLS_CERT_FILE: ENOENT/],
    [{ ...both, tlsCertFile: file('text') }, /no certificate and its key/],
    [{ ...both, tlsKeyFile: file('client.key') }, /no certificate and its key/],
    [{ ...both, tlsClientCaFile: file('text') }, /^TLS_CLIENT_CA_FILE has no certificate/],
  ] as const)
    await t.rejects(
      openTls({ ...files, ...rest }, '/', listFolder, () => {}),
      { message },
    );
  const pem = { tlsCertFile: String(trusted.ca), tlsKeyFile: readFileSync(file('server.key'), 'utf8') };
  const opened = await openTls({ ...none, ...pem, ...rest, tlsPorts: 'grpc' }, '/', listFolder, () => {});
  t.match(opened, { http: undefined, grpc: Object }, 'the PEM itself, for one port');
  opened.close();
});

t.test('both ports', async (t) => {
  const GRPC_PORT = await freePort();
  const { url: plain } = await startServer(t, { GRPC_PORT, ...TLS });
  const url = plain.replace('http:', 'https:');
  const { host, port } = new URL(url);
  t.match(await ask(url, '/healthz'), { status: 200 });
  t.match(await ask(url, '/celsius', {}, '{"fahrenheit":212}'), { status: 200, body: /^\{"celsius":100,/ });
  t.match(await ask(url, '/healthz', { ca: readFileSync(file('other')) }), { status: /SELF_SIGNED|VERIFY/ });
  t.match(await ask(url, '/healthz', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }), { status: /^E/ });

  const session = connectHttp2(url, trusted);
  t.teardown(() => session.close());
  const body = await text(session.request({ ':path': '/v2/health/live' }));
  t.same(JSON.parse(body), { live: true }, 'HTTP/2, by ALPN');
  t.equal(await check(t, `localhost:${port}`), 'OK', 'gRPC on PORT');
  t.equal(await check(t, `localhost:${GRPC_PORT}`), 'OK');
  t.equal(await check(t, `localhost:${GRPC_PORT}`, credentials.createInsecure()), 'UNAVAILABLE');

  for (const [offered, chosen] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [[], false],
  ] as const) {
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      ALPNProtocols: [...offered],
      ...trusted,
    });
    await once(socket, 'secureConnect');
    t.equal(socket.alpnProtocol, chosen, `of [${offered}]`);
    socket.write(post('/celsius', '{"fahrenheit":212}'));
    const [answer] = await once(socket, 'data');
    t.match(String(answer), chosen === 'h2' ? /./ : /^HTTP\/1.1 200 .*"celsius":100,/s);
    socket.destroy();
  }
  const unencrypted = connectTcp(Number(port), '127.0.0.1');
  unencrypted.on('error', () => {});
  unencrypted.write(post('/celsius', '{}'));
  await once(unencrypted, 'close');
  t.pass(`${host} ends what is not encrypted`);
});

t.test('clients that show a certificate', async (t) => {
  const GRPC_PORT = await freePort();
  const { url: plain } = await startServer(t, { GRPC_PORT, ...MUTUAL });
  const url = plain.replace('http:', 'https:');
  const { port } = new URL(url);
  const body = '{"fahrenheit":212}';
  for (const [name, answer, code] of [
    ['client', { status: 200 }, 'OK'],
    ['stranger', { status: 403, body: /TLS_CLIENT_CA_FILE/ }, 'UNAVAILABLE'],
  ] as const) {
    const shown = credentialsOf(folder, name);
    t.match(await ask(url, '/celsius', shown, body), answer, name);
    const channel = credentials.createSsl(trusted.ca, shown.key, shown.cert);
    t.equal(await check(t, `localhost:${GRPC_PORT}`, channel), code, `${name}, by gRPC`);
  }
  t.match(await ask(url, '/celsius', {}, body), { status: 403 }, 'none');
  t.match(await ask(url, '/v1/models'), { status: 403 });
  t.match(await ask(url, '/readyz'), { status: 200 }, 'but probes are answered');
  const session = connectHttp2(url, trusted);
  t.teardown(() => session.close());
  const probe = session.request({ ':path': '/healthz' });
  const [head] = await once(probe, 'response');
  t.equal(head[':status'], 200, 'over HTTP/2, too, which the kubelet speaks');
  t.equal(await check(t, `localhost:${port}`), 'PERMISSION_DENIED', 'calls on PORT are not');
  t.equal(await check(t, `localhost:${GRPC_PORT}`), 'UNAVAILABLE', 'on GRPC_PORT the handshake fails');
});

t.test('a certificate that is replaced, as in a Secret that the kubelet writes', async (t) => {
  const secret = t.testdir({ old: {}, new: {}, half: {} });
  for (const [set, name, key] of [
    ['old', 'server', 'server.key'],
    ['half', 'other', 'server.key'],
    ['new', 'other', 'other.key'],
  ] as const) {
    copyFileSync(file(name), join(secret, set, 'tls.crt'));
    copyFileSync(file(key), join(secret, set, 'tls.key'));
  }
  const link = (set: string) => {
    rmSync(join(secret, 'data'), { force: true });
    symlinkSync(set, join(secret, 'data'));
  };
  link('old');
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('data', name), join(secret, name));
  const { url: plain, logs } = await startServer(t, {
    TLS_CERT_FILE: join(secret, 'tls.crt'),
    TLS_KEY_FILE: join(secret, 'tls.key'),
  });
  const url = plain.replace('http:', 'https:');
  const until = async (message: RegExp) => {
    while (!logs.some(({ msg }) => message.test(String(msg)))) await new Promise((r) => setTimeout(r, 10));
  };
  t.match(await ask(url, '/healthz'), { status: 200 });
  link('half');
  await until(/^new certificates of TLS are not taken.*key/);
  t.match(await ask(url, '/healthz'), { status: 200 }, 'one without its key changes nothing');
  link('new');
  await until(/certificates of TLS were read again/);
  t.match(await ask(url, '/healthz', { ca: readFileSync(file('other')) }), { status: 200 });
  t.not((await ask(url, '/healthz')).status, 200);
});

t.test('handshakes that do not end', async (t) => {
  const GRPC_PORT = await freePort();
  const { url, process } = await startServer(t, {
    GRPC_PORT,
    ...TLS,
    HEADERS_TIMEOUT_MS: '300',
    MAX_CONNECTIONS: '5',
    DRAIN_TIMEOUT_MS: '5000',
  });
  const hello = Buffer.from([22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3, ...Array(200).fill(7)]);
  for (const port of [Number(new URL(url).port), Number(GRPC_PORT)]) {
    const slow = Array.from({ length: 5 }, () => connectTcp(port, '127.0.0.1'));
    const closed = slow.map((socket) => new Promise((resolve) => socket.on('close', resolve)));
    for (const socket of slow) socket.on('error', () => {});
    await Promise.all(slow.map((socket) => once(socket, 'connect')));
    const sixth = connectTcp(port, '127.0.0.1');
    sixth.on('error', () => {});
    await once(sixth, 'close');
    t.pass('they count as connections');
    let at = 0;
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write(hello.subarray(at, at + 1));
      at++;
    }, 20);
    await Promise.all(closed);
    clearInterval(drip);
    t.pass('each byte sooner than the limit, the whole not');
  }
  t.match(await ask(url.replace('http:', 'https:'), '/healthz'), { status: 200 }, 'others are let in');
  const open = connectTcp(Number(GRPC_PORT), '127.0.0.1');
  open.on('error', () => {});
  await once(open, 'connect');
  await process.stop();
  t.pass('and none holds up the drain');
});
