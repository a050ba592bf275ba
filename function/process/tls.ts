import { readFileSync } from 'node:fs';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { FatalError, messageOf } from '../errors.ts';
import type { Options } from './options.ts';

type Files = Pick<Options, 'grpcTlsCertFile' | 'grpcTlsKeyFile' | 'grpcTlsClientCaFile'>;

/**
 * The certificate of the gRPC port, and whose clients it lets in where a CA for them is named. Read once.
 *
 * @returns undefined where none is named
 * @throws FatalError that names the option whose file is missing or is none
 */
export function readTls({
  grpcTlsCertFile,
  grpcTlsKeyFile,
  grpcTlsClientCaFile,
}: Files): Pick<TlsOptions, 'key' | 'cert' | 'ca' | 'requestCert'> | undefined {
  if (grpcTlsCertFile === '' && grpcTlsKeyFile === '' && grpcTlsClientCaFile === '') return undefined;
  if (grpcTlsCertFile === '' || grpcTlsKeyFile === '')
    throw new FatalError('TLS takes both GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE; set both, or neither');
  const cert = read('GRPC_TLS_CERT_FILE', grpcTlsCertFile);
  const key = read('GRPC_TLS_KEY_FILE', grpcTlsKeyFile);
  const clients =
    grpcTlsClientCaFile === ''
      ? {}
      : { ca: read('GRPC_TLS_CLIENT_CA_FILE', grpcTlsClientCaFile), requestCert: true };
  try {
    createSecureContext({ cert, key, ...clients });
  } catch (error) {
    throw new FatalError(
      `GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE are no certificate and its key in PEM (${messageOf(error)})`,
    );
  }
  return { cert, key, ...clients };
}

function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new FatalError(`${option}: ${messageOf(error)}`);
  }
}
