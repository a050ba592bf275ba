import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FatalError, messageOf } from '../errors.ts';
import type { ListFolder } from '../models/folders.ts';
import { Lookout } from '../models/lookout.ts';
import type { Notice } from '../models/status.ts';
import { type Credentials, checkCredentials, Handshakes } from '../tls/handshakes.ts';
import type { Options } from './options.ts';

export type TlsOptions = Pick<
  Options,
  'tlsCertFile' | 'tlsKeyFile' | 'tlsClientCaFile' | 'tlsPorts' | 'headersTimeoutMs'
>;

/** TLS on the ports that have it. */
export interface Tls {
  readonly http: Handshakes | undefined;
  readonly grpc: Handshakes | undefined;
  /** Follows the files no more. */
  close(): void;
}

/** How often files are looked at, besides their folder being watched: as often as the kubelet renews a Secret's. */
const POLL_MS = 60_000;

/** Whether TLS is asked for. */
export function wantsTls({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: TlsOptions): boolean {
  return tlsCertFile + tlsKeyFile + tlsClientCaFile !== '';
}

/**
 * Reads certificates, and reads them again when their files change: connections from then on get the new ones. Files
 * that are none, or do not belong together yet, change nothing.
 *
 * @param root what relative paths are relative to
 * @throws FatalError (as a rejection) that names the option whose file is missing or is none
 */
export async function openTls(
  options: TlsOptions,
  root: string,
  list: ListFolder,
  onNotice: (notice: Notice) => void,
): Promise<Tls> {
  const { tlsCertFile, tlsKeyFile, tlsPorts, headersTimeoutMs: timeoutMs } = options;
  if (tlsCertFile === '' || tlsKeyFile === '')
    throw new FatalError('TLS takes both TLS_CERT_FILE and TLS_KEY_FILE; set both, or neither', 2);
  let current = await readCredentials(options, root);
  checkCredentials(current, NAMES);
  const on = (port: 'http' | 'grpc', protocols: readonly string[]) => {
    if (tlsPorts !== 'all' && tlsPorts !== port) return undefined;
    // Probes of HTTP show no certificate.
    return new Handshakes(current, { protocols, timeoutMs, guests: port === 'http' });
  };
  const http = on('http', ['h2', 'http/1.1']);
  const grpc = on('grpc', ['h2']);
  let said = '';
  const look = async () => {
    try {
      const found = await readCredentials(options, root);
      if (sameAs(found, current)) return;
      checkCredentials(found, NAMES);
      current = found;
      http?.replace(found);
      grpc?.replace(found);
      onNotice({ level: 'info', message: 'the certificates of TLS were read again' });
      said = '';
    } catch (error) {
      const message = `new certificates of TLS are not taken, the old ones go on: ${messageOf(error)}`;
      if (message !== said) onNotice({ level: 'warn', message });
      said = message;
    }
  };
  if (isPem(tlsCertFile)) return { http, grpc, close: () => {} };
  const lookout = new Lookout({ folder: dirname(resolve(root, tlsCertFile)), list, pollMs: POLL_MS, look });
  lookout.soon();
  return { http, grpc, close: () => lookout.close() };
}

const NAMES = 'TLS_CERT_FILE and TLS_KEY_FILE';

async function readCredentials(
  { tlsCertFile, tlsKeyFile, tlsClientCaFile }: TlsOptions,
  root: string,
): Promise<Credentials> {
  const [cert, key, clientCa] = await Promise.all([
    read('TLS_CERT_FILE', tlsCertFile, root),
    read('TLS_KEY_FILE', tlsKeyFile, root),
    tlsClientCaFile === '' ? undefined : read('TLS_CLIENT_CA_FILE', tlsClientCaFile, root),
  ]);
  if (clientCa?.includes('-----BEGIN CERTIFICATE-----') === false)
    throw new FatalError('TLS_CLIENT_CA_FILE has no certificate in PEM');
  return { cert, key, clientCa };
}

async function read(option: string, file: string, root: string): Promise<Buffer> {
  if (isPem(file)) return Buffer.from(file);
  try {
    return await readFile(resolve(root, file));
  } catch (error) {
    throw new FatalError(`${option}: ${messageOf(error)}`);
  }
}

/** What stands in a file elsewhere: in TensorFlow Serving's SSLConfig, or in a variable that a Secret fills. */
const isPem = (value: string): boolean => value.startsWith('-----BEGIN');

function sameAs(found: Credentials, current: Credentials): boolean {
  const bytes = ({ cert, key, clientCa }: Credentials) => Buffer.concat([cert, key, clientCa ?? NOTHING]);
  return bytes(found).equals(bytes(current));
}

const NOTHING = Buffer.alloc(0);
