import type { Server } from 'node:net';
import { FatalError, messageOf } from '../errors.ts';
import { startListening } from '../listening.ts';

/**
 * startListening() on the gRPC port.
 *
 * @throws FatalError that says what to do where the port cannot be had; rejects with it
 */
export async function openPort(
  ...where: [Server, host: string, port: number, reusePort: boolean]
): Promise<number> {
  try {
    return await startListening(...where);
  } catch (error) {
    const [, , port] = where;
    throw new FatalError(`cannot listen on port ${port} (${messageOf(error)}); set GRPC_PORT`);
  }
}
