import { RequestError } from '../../errors.ts';
import { jsonText } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import { celsiusSignature } from '../celsius/celsius.ts';
import type { Deps } from '../deps.ts';
import { isSame, type Snapshot, snapshotOf } from './documented.ts';

type OpenapiDeps = Pick<Deps, 'version' | 'metricsHere' | 'metricsToken' | 'served' | 'models'>;

/**
 * GET /openapi.json: the API of the models that answer, as OpenAPI 3.1. Written on the first request, so that a cold start
 * does without it, and anew when other versions answer.
 */
export function openapiRoute(deps: OpenapiDeps): Route {
  let kept: { readonly snapshot: Snapshot; readonly text: Promise<Buffer> } | undefined;
  return {
    name: 'openapi',
    path: '/openapi.json',
    methods: ['GET', 'HEAD'],
    async handle() {
      const snapshot = snapshotOf(deps.models, converts(deps));
      if (kept === undefined || !isSame(kept.snapshot, snapshot)) {
        const text = write(deps, snapshot);
        kept = { snapshot, text };
        text.catch(() => {
          kept = undefined;
        });
      }
      return jsonText(await kept.text);
    },
  };
}

async function write(deps: OpenapiDeps, snapshot: Snapshot): Promise<Buffer> {
  const { openapiText } = await import('./openapi-document.ts');
  const metrics = deps.metricsHere ? (deps.metricsToken === '' ? 'open' : 'token') : 'elsewhere';
  return Buffer.from(await openapiText({ ...snapshot, version: deps.version, metrics }));
}

function converts({ served }: OpenapiDeps): boolean {
  try {
    return celsiusSignature(served().model) !== undefined;
  } catch (error) {
    if (error instanceof RequestError) return false;
    throw error;
  }
}
