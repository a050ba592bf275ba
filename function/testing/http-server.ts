import type { Test } from 'tap';
import type { SocketReader } from '../http/large-body.ts';
import type { App } from '../http/route.ts';
import { HttpServer, type Limits } from '../http/server.ts';
import { Room } from '../room.ts';

export const LIMITS: Limits = {
  bodyLimitBytes: 1 << 20,
  maxConnections: 100,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
};

/** A server on a free port, closed when the test is over. */
export async function serve(
  t: Test,
  app: App,
  {
    bodiesLimitBytes = 1 << 26,
    reader,
    ...limits
  }: Partial<Limits> & { bodiesLimitBytes?: number; reader?: SocketReader } = {},
): Promise<{ url: string; server: HttpServer }> {
  const server = new HttpServer(app, new Room(bodiesLimitBytes), { ...LIMITS, ...limits });
  if (reader !== undefined) server.readWith(reader);
  const port = await server.listen('127.0.0.1', 0);
  t.teardown(() => server.drain(0));
  return { url: `http://127.0.0.1:${port}`, server };
}

/** An app's methods, bound, so that some can be replaced. */
export function bare(app: App): App {
  return {
    handle: (request) => app.handle(request),
    refuse: (request, error) => app.refuse(request, error),
    fetch: (request) => app.fetch(request),
    get inFlight() {
      return app.inFlight;
    },
  };
}
