import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import Type, { type Static } from 'typebox';
import Value from 'typebox/value';

/** What every object of the API has; all else is let through. */
const ApiObject = Type.Object({
  apiVersion: Type.String(),
  kind: Type.String(),
  metadata: Type.Object({
    name: Type.String(),
    namespace: Type.Optional(Type.String()),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    generation: Type.Optional(Type.Integer()),
    resourceVersion: Type.Optional(Type.String()),
  }),
});
export type ApiObject = Static<typeof ApiObject>;

/** One request that came in. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface FakeCluster {
  /** Of the API server and, in this fake, of the ingress too. */
  readonly url: string;
  readonly seen: readonly Seen[];
  /** Adds or replaces an object and tells the watches. */
  put(object: ApiObject): void;
  remove(kind: string, name: string): void;
  get(kind: string, name: string): ApiObject | undefined;
  close(): Promise<void>;
}

export interface Script {
  /** Answers before the fake API does; undefined leaves the request to it. */
  readonly answer?: (request: Seen, cluster: FakeCluster) => Reply | undefined | Promise<Reply | undefined>;
  /** Called after an object was applied or deleted: the controllers' part. */
  readonly react?: (object: ApiObject, cluster: FakeCluster) => void;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['services', 'Service'],
  ['revisions', 'Revision'],
  ['routes', 'Route'],
  ['pods', 'Pod'],
]);

/** As much of a Kubernetes API server as the Knative client needs, on a real socket: list, watch, read, apply, delete. */
export async function fakeCluster(script: Script = {}): Promise<FakeCluster> {
  const objects = new Map<string, ApiObject>();
  const watches = new Set<{
    readonly select: (o: ApiObject) => boolean;
    readonly response: ServerResponse;
  }>();
  const seen: Seen[] = [];
  /** What happened, in order; its length is the resource version, as each change makes one event. */
  const events: { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: ApiObject }[] = [];

  function tell(event: (typeof events)[number]): void {
    events.push(event);
    for (const { select, response } of watches) {
      if (select(event.object)) response.write(`${JSON.stringify(event)}\n`);
    }
  }

  const cluster: FakeCluster = {
    get url() {
      const address = server.address();
      return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
    },
    seen,
    put(object) {
      const key = `${object.kind}/${object.metadata.name}`;
      const known = objects.has(key);
      const stored = {
        ...object,
        metadata: { ...object.metadata, resourceVersion: String(events.length + 1) },
      };
      objects.set(key, stored);
      tell({ type: known ? 'MODIFIED' : 'ADDED', object: stored });
    },
    remove(kind, name) {
      const object = objects.get(`${kind}/${name}`);
      objects.delete(`${kind}/${name}`);
      if (object) tell({ type: 'DELETED', object });
    },
    get: (kind, name) => objects.get(`${kind}/${name}`),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  function api(request: Seen, response: ServerResponse): Reply | undefined {
    const { method, path, query } = request;
    if (/^\/apis?\/[^/]+(\/v1)?$/.test(path)) {
      const resources = [...KINDS].map(([name, kind]) => ({ name, kind, namespaced: true }));
      return {
        status: 200,
        body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: '', resources },
      };
    }
    const [, plural = '', name] = /\/namespaces\/[^/]+\/(\w+)(?:\/(.+))?$/.exec(path) ?? [];
    const kind = KINDS.get(plural) ?? '';
    const select = selector(kind, query);
    if (name === undefined && query.has('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      const watch = { select, response };
      watches.add(watch);
      response.on('close', () => watches.delete(watch));
      for (const event of events.slice(Number(query.get('resourceVersion')))) {
        if (select(event.object)) response.write(`${JSON.stringify(event)}\n`);
      }
      return undefined;
    }
    if (name === undefined) {
      const items = [...objects.values()].filter(select);
      const metadata = { resourceVersion: String(events.length) };
      // The group matters: the client reads a "v1 ServiceList" as Kubernetes' own Services.
      const apiVersion = /^\/apis?\/(.+)\/namespaces\//.exec(path)?.[1];
      return { status: 200, body: { kind: `${kind}List`, apiVersion, metadata, items } };
    }
    const old = objects.get(`${kind}/${name}`);
    if (method === 'PATCH') {
      const applied: unknown = JSON.parse(request.body);
      if (!Value.Check(ApiObject, applied)) return status(400, 'not an object');
      const generation = (old?.metadata.generation ?? 0) + 1;
      cluster.put({ ...old, ...applied, metadata: { ...applied.metadata, generation } });
    }
    const object = objects.get(`${kind}/${name}`);
    if (!object) return status(404, `${plural}.serving.knative.dev "${name}" not found`);
    if (method === 'DELETE') cluster.remove(kind, name);
    if (method !== 'GET') script.react?.(object, cluster);
    return { status: 200, body: object };
  }

  const server = createServer(async (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const { method = 'GET', headers } = incoming;
    const request = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body: await text(incoming),
    };
    seen.push(request);
    const reply = (await script.answer?.(request, cluster)) ?? api(request, response);
    if (!reply) return;
    const plain = typeof reply.body === 'string';
    const type = plain ? 'text/plain' : 'application/json';
    response.writeHead(reply.status, { 'content-type': type, ...reply.headers });
    response.end(plain ? reply.body : JSON.stringify(reply.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return cluster;
}

function selector(kind: string, query: URLSearchParams): (object: ApiObject) => boolean {
  const [label, value] = query.get('labelSelector')?.split('=') ?? [];
  const name = query.get('fieldSelector')?.split('=')[1];
  return (object) =>
    object.kind === kind &&
    (label === undefined || object.metadata.labels?.[label] === value) &&
    (name === undefined || object.metadata.name === name);
}

/** A Status object, the API's way to refuse. */
export function status(code: number, message: string): Reply {
  return { status: code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message } };
}
