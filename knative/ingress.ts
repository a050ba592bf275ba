import { Agent, request } from 'undici';
import { FatalError, messageOf } from '../function/errors.ts';
import type { Cluster } from './cluster.ts';
import { codeOf } from './errors.ts';
import { findIngress } from './find-ingress.ts';
import type { KnativeService } from './types.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** From before the request was sent until the whole body was there. */
  readonly durationMs: number;
}

/** A way to a Knative Service: a connection pool, and the host name that the ingress routes by. */
export interface Ingress {
  /** For messages. */
  readonly url: string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** @param body JSON */
  post(path: string, body: string): Promise<Answer>;
  close(): Promise<void>;
}

export interface IngressOptions {
  /** Where to connect to; default: the Service's own URL where DNS knows it, else the ingress that the cluster has. */
  readonly ingress?: string | undefined;
  /** Ask the revision of this tag, at the tag's own URL. */
  readonly tag?: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** @throws {FatalError} when the Service has no URL (yet), or none for the tag, or no ingress is found */
export async function openIngress(
  cluster: Cluster,
  service: KnativeService,
  options: IngressOptions,
): Promise<Ingress> {
  const { tag, timeoutMs, signal } = options;
  const { name } = service.metadata;
  const target = service.status?.traffic?.find((t) => t.tag === tag);
  const own = tag === undefined ? service.status?.url : target?.url;
  if (own === undefined) {
    const tags = service.status?.traffic?.flatMap((t) => t.tag ?? []).join(', ') || 'none';
    throw new FatalError(
      tag === undefined
        ? `${name} has no URL yet: \`npm run knative -- status --name ${name}\` says why`
        : `${name} has no tag ${tag} (its tags: ${tags}): \`npm run knative -- traffic --tag REVISION=${tag}\` makes it`,
    );
  }
  const base = options.ingress ?? (await findIngress(cluster, own)) ?? own;
  const { host } = new URL(own);
  const agent = new Agent({ headersTimeout: timeoutMs, bodyTimeout: timeoutMs, connectTimeout: 10_000 });

  async function ask(
    path: string,
    init: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string },
  ): Promise<Answer> {
    const began = performance.now();
    try {
      const answer = await request(new URL(path, base), {
        ...init,
        headers: { ...init.headers, host },
        dispatcher: agent,
        signal,
      });
      const body = await answer.body.text();
      const durationMs = performance.now() - began;
      return { status: answer.statusCode, body, headers: answer.headers, durationMs };
    } catch (error) {
      if (signal.aborted) throw new FatalError('interrupted');
      throw new FatalError(
        `no answer from ${base} for host ${host} (${codeOf(error) ?? messageOf(error)}): ` +
          "give the ingress's address by --ingress URL, more time by --request-timeout",
      );
    }
  }
  return {
    url: base,
    get: (path, headers = {}) => ask(path, { method: 'GET', headers: { ...headers } }),
    post: (path, body) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }),
    close: () => agent.close(),
  };
}

/** @throws {FatalError} when --ingress is not a URL */
export function checkIngress(url: string | undefined): string | undefined {
  if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
    throw new FatalError(`--ingress ${JSON.stringify(url)}: want a URL such as http://127.0.0.1:8080`, 2);
  }
  return url;
}
