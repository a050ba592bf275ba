import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { FatalError, messageOf } from '../errors.ts';

/**
 * Has a server listen on an HTTP port.
 *
 * @param reusePort beside other servers of this user's that listen there and say the same; the system shares connections out
 * @returns the port, which is another than asked for where that was 0
 * @throws FatalError that says what to do where the port cannot be had; rejects with it
 */
export async function listenOn(
  server: Server,
  host: string,
  port: number,
  reusePort: boolean,
): Promise<number> {
  // Without an address node:http listens on all, and looks nothing up: that takes 4 ms of the cold start.
  server.listen({ ...(host === '::' ? {} : { host }), port, backlog: 1024, reusePort });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // listen() fails with system errors alone
    if (code === 'EADDRINUSE')
      throw new FatalError(`port ${port} is in use; stop what listens there or set PORT`);
    if (code === 'EACCES') throw new FatalError(`port ${port} needs more rights; set PORT to 1024 or above`);
    throw new FatalError(`cannot listen on ${host} port ${port} (${messageOf(error)}); set HOST and PORT`);
  }
  return (server.address() as AddressInfo).port; // it listens on a port, not on a path
}
