import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { FatalError, messageOf } from '../errors.ts';

/**
 * Has a server listen on the gRPC port.
 *
 * @param reusePort beside other servers that do the same
 * @returns the port, which is another than asked for where that was 0
 * @throws FatalError that says what to do where the port cannot be had; rejects with it
 */
export async function openPort(
  server: Server,
  host: string,
  port: number,
  reusePort: boolean,
): Promise<number> {
  server.listen({ ...(host === '::' ? {} : { host }), port, backlog: 1024, reusePort });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new FatalError(`cannot listen on port ${port} (${messageOf(error)}); set GRPC_PORT`);
  }
  return (server.address() as AddressInfo).port; // it listens on a port, not on a path
}
