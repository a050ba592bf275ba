import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import t from 'tap';
import { freePort } from '../testing/socket.ts';
import { startServer } from '../testing/whole-server.ts';
import { readTls } from './tls.ts';

const folder = t.testdir({ text: 'no certificate' });
const file = (name: string) => join(folder, name);
for (const name of ['server', 'client']) {
  const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost`;
  const names = `-addext subjectAltName=DNS:localhost -keyout ${name}.key -out ${name}`;
  execFileSync('openssl', `${request} ${names}`.split(' '), { cwd: folder, stdio: 'pipe' });
}

t.test('files', async (t) => {
  const none = { grpcTlsCertFile: '', grpcTlsKeyFile: '', grpcTlsClientCaFile: '' };
  const both = { ...none, grpcTlsCertFile: file('server'), grpcTlsKeyFile: file('server.key') };
  t.equal(readTls(none), undefined);
  t.same(Object.keys(readTls(both) ?? {}), ['cert', 'key']);
  t.match(readTls({ ...both, grpcTlsClientCaFile: file('client') }), { requestCert: true });
  for (const [files, message] of [
    [{ ...both, grpcTlsKeyFile: '' }, /set both/],
    [{ ...none, grpcTlsClientCaFile: file('client') }, /set both/],
    [{ ...both, grpcTlsCertFile: file('absent') }, /^GRPC_TLS_CERT_FILE: ENOENT/],
    [{ ...both, grpcTlsCertFile: file('text') }, /no certificate and its key/],
    [{ ...both, grpcTlsKeyFile: file('client.key') }, /no certificate and its key/],
  ] as const)
    t.throws(() => readTls(files), { exitCode: 1, message });
});

t.test('the gRPC port of a server, for clients with a certificate', async (t) => {
  const GRPC_PORT = await freePort();
  await startServer(t, {
    GRPC_PORT,
    GRPC_TLS_CERT_FILE: file('server'),
    GRPC_TLS_KEY_FILE: file('server.key'),
    GRPC_TLS_CLIENT_CA_FILE: file('client'),
  });
  const [server, key, cert] = ['server', 'client.key', 'client'].map((name) => readFileSync(file(name)));
  for (const [channel, answer] of [
    [credentials.createSsl(server, key, cert), '0801'],
    [credentials.createSsl(server), undefined],
  ] as const) {
    const client = new Client(`localhost:${GRPC_PORT}`, channel);
    t.teardown(() => client.close());
    const bytes = (value: Buffer) => value;
    const got = await new Promise<Buffer | undefined>((resolve) =>
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        bytes,
        bytes,
        Buffer.alloc(0),
        (_error: ServiceError | null, response) => resolve(response),
      ),
    );
    t.equal(got?.toString('hex'), answer);
  }
});
