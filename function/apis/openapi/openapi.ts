import { jsonText } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import type { Deps } from '../deps.ts';

/**
 * GET /openapi.json: the API of the model that is served, as OpenAPI 3.1. Written on the first request, so that a
 * cold start does without it; 503 until the model is loaded, since its signatures are part of it.
 */
export function openapiRoute(
  deps: Pick<Deps, 'version' | 'modelName' | 'metricsHere' | 'metricsToken' | 'served'>,
): Route {
  let text: string | undefined;
  return {
    name: 'openapi',
    path: '/openapi.json',
    methods: ['GET', 'HEAD'],
    async handle() {
      const { openapiDocument } = await import('./openapi-document.ts');
      text ??= JSON.stringify(
        openapiDocument({
          version: deps.version,
          model: deps.served().model,
          metrics: deps.metricsHere ? (deps.metricsToken === '' ? 'open' : 'token') : 'elsewhere',
        }),
      );
      return jsonText(text);
    },
  };
}
