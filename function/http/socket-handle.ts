import type { Socket } from 'node:net';

/** What reads a socket for Node, which has no public name for it. */
export interface SocketHandle {
  /** The socket's file descriptor. */
  readonly fd: number;
  /** From now on Node does not read: another may. */
  stopReading(): void;
  startReading(): void;
}

/** @returns undefined for a socket that is encrypted or gone, or where this version of Node has it otherwise */
export function handleOf(socket: Socket): SocketHandle | undefined {
  if ('encrypted' in socket) return undefined;
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const fd: unknown = Reflect.get(handle, 'fd');
  const readStart: unknown = Reflect.get(handle, 'readStart');
  const readStop: unknown = Reflect.get(handle, 'readStop');
  const reading: unknown = Reflect.get(handle, 'reading');
  if (typeof fd !== 'number' || fd < 0 || reading !== true) return undefined;
  if (typeof readStart !== 'function' || typeof readStop !== 'function') return undefined;
  let isRead = true;
  return {
    fd,
    // `reading` stays true, so that the stream does not start it again by itself.
    stopReading: () => {
      if (isRead) readStop.call(handle);
      isRead = false;
    },
    startReading: () => {
      if (!isRead && !socket.destroyed) readStart.call(handle);
      isRead = true;
    },
  };
}
