import type { Server } from 'node:net';
import { FatalError, messageOf } from '../errors.ts';
import { startListening } from '../listening.ts';

/**
 * startListening() on an HTTP port.
 *
 * @throws FatalError that says what to do where the port cannot be had; rejects with it
 */
export async function listenOn(
  ...where: [Server, host: string, port: number, reusePort: boolean]
): Promise<number> {
  try {
    return await startListening(...where);
  } catch (error) {
    const [, host, port] = where;
    const { code } = error as NodeJS.ErrnoException; // listen() fails with system errors alone
    if (code === 'EADDRINUSE')
      throw new FatalError(`port ${port} is in use; stop what listens there or set PORT`);
    if (code === 'EACCES') throw new FatalError(`port ${port} needs more rights; set PORT to 1024 or above`);
    throw new FatalError(`cannot listen on ${host} port ${port} (${messageOf(error)}); set HOST and PORT`);
  }
}
