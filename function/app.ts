import { celsiusRoute } from './apis/celsius/celsius.ts';
import type { Deps } from './apis/deps.ts';
import { guestRoute } from './apis/guest.ts';
import { healthRoutes } from './apis/health.ts';
import { metricsRoute } from './apis/metrics.ts';
import { openInferenceRoutes } from './apis/open-inference/rest.ts';
import { openapiRoute } from './apis/openapi/openapi.ts';
import { pageRoutes } from './apis/page/page.ts';
import { tensorflowServingRoutes } from './apis/tensorflow-serving/tensorflow-serving.ts';
import { Cors } from './http/cors.ts';
import type { App } from './http/route.ts';
import { Router } from './http/router.ts';

/** The app as a function from request to answer, without a socket. */
export function createApp(deps: Deps): App {
  const { corsOrigins } = deps;
  const cors = corsOrigins.length === 0 ? undefined : new Cors(corsOrigins);
  return new Router({ ...deps, cors }, [
    celsiusRoute(deps),
    ...tensorflowServingRoutes(deps),
    ...openInferenceRoutes(deps),
    ...healthRoutes(deps),
    ...(deps.metricsHere ? [metricsRoute(deps)] : []),
    openapiRoute(deps),
    ...pageRoutes(deps),
  ]);
}

/** The app of those who should have shown a certificate and have not: probes are answered, without reasons, and nothing else. */
export function createGuestApp(deps: Deps): App {
  return new Router(deps, [...healthRoutes({ ...deps, whyNotReady: () => [] }), guestRoute()]);
}

/** The app of METRICS_PORT: /metrics and nothing else. */
export function createMetricsApp(deps: Deps): App {
  return new Router(deps, [metricsRoute(deps)]);
}
