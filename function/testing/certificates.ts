import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Certificates for `localhost`, each its own CA, as files NAME and NAME.key of a folder; made by openssl. */
export function makeCertificates(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
    const named = `-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1`;
    const command = `${request} ${named} -keyout ${name}.key -out ${name}`;
    execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'pipe' });
  }
}

/** @returns what a server shows or a client shows */
export function credentialsOf(folder: string, name: string): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(join(folder, name)), key: readFileSync(join(folder, `${name}.key`)) };
}
