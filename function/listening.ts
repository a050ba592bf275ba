import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/**
 * Has a server listen.
 *
 * @param reusePort beside other servers of this user's that listen there and say the same; the system shares connections out
 * @returns the port, which is another than asked for where that was 0
 * @throws NodeJS.ErrnoException where the port cannot be had; rejects with it
 */
export async function startListening(
  server: Server,
  host: string,
  port: number,
  reusePort: boolean,
): Promise<number> {
  // Without an address a server listens on all, and looks nothing up: that takes 4 ms of the cold start.
  server.listen({ ...(host === '::' ? {} : { host }), port, backlog: 1024, reusePort });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // it listens on a port, not on a path
}
