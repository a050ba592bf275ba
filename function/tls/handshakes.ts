import type { Socket } from 'node:net';
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import { FatalError, messageOf } from '../errors.ts';

/** What a server shows, and whose certificates its clients must show; all in PEM. */
export interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Undefined: clients need no certificate. */
  readonly clientCa: Buffer | undefined;
}

export interface HandshakeOptions {
  /** By ALPN, the one that is liked best first. */
  readonly protocols: readonly string[];
  /** Time for a handshake. */
  readonly timeoutMs: number;
  /** Whether a client without a good certificate is let in, as a guest, or its handshake fails. */
  readonly guests: boolean;
}

/** @param isGuest whether the client should have shown a certificate, and has shown none, or not a good one */
export type TakeSecure = (socket: TLSSocket, isGuest: boolean) => void;

/**
 * TLS, from 1.2 on, for connections that a listener has accepted: it counts them from their first moment, so that those
 * which never end their handshake have the same limits as all others.
 */
export class Handshakes {
  readonly #server: Server;
  readonly #knowsClients: boolean;
  /** By the peer's address. */
  readonly #underWay = new Map<string, { readonly socket: Socket; readonly take: TakeSecure }>();

  constructor(credentials: Credentials, { protocols, timeoutMs, guests }: HandshakeOptions) {
    this.#knowsClients = credentials.clientCa !== undefined;
    // Loaded only then, as it takes milliseconds of the cold start.
    this.#server = process.getBuiltinModule('node:tls').createServer({
      ...contextOf(credentials),
      ALPNProtocols: [...protocols],
      handshakeTimeout: timeoutMs,
      requestCert: this.#knowsClients,
      rejectUnauthorized: !guests,
    });
    this.#server.on('secureConnection', this.#onSecure);
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** @param take is given the connection when it is encrypted; never, where that fails */
  begin(socket: Socket, take: TakeSecure): void {
    const peer = peerOf(socket);
    this.#underWay.set(peer, { socket, take });
    socket.once('close', () => {
      if (this.#underWay.get(peer)?.socket === socket) this.#underWay.delete(peer);
    });
    this.#server.emit('connection', socket);
  }

  /** From now on; connections that are there stay as they are. @throws Error where these are no credentials */
  replace(credentials: Credentials): void {
    this.#server.setSecureContext(contextOf(credentials));
  }

  /** Ends those that are no connections yet. */
  closeAll(): void {
    for (const { socket } of this.#underWay.values()) socket.destroy();
  }

  readonly #onSecure = (socket: TLSSocket): void => {
    const peer = peerOf(socket);
    const begun = this.#underWay.get(peer);
    this.#underWay.delete(peer);
    if (begun === undefined) socket.destroy();
    else begun.take(socket, this.#knowsClients && !socket.authorized);
  };
}

/** @throws FatalError where these are no credentials; @param names of the options that they come from, for that */
export function checkCredentials(credentials: Credentials, names: string): void {
  try {
    process.getBuiltinModule('node:tls').createSecureContext(contextOf(credentials));
  } catch (error) {
    throw new FatalError(`${names} are no certificate and its key in PEM (${messageOf(error)})`);
  }
}

function contextOf({ cert, key, clientCa }: Credentials): SecureContextOptions {
  return { cert, key, ...(clientCa && { ca: clientCa }), minVersion: 'TLSv1.2' };
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
