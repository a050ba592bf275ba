import { RequestError } from '../../errors.ts';
import type { HttpRequest } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import type { SavedModel } from '../../model/saved-model.ts';
import { celsiusRoute } from '../celsius/celsius.ts';
import type { Deps } from '../deps.ts';
import type { CelsiusResponse } from '../schemas.ts';
import type { Conversion } from './page-html.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';

type PageDeps = Pick<
  Deps,
  | 'runId'
  | 'version'
  | 'modelName'
  | 'metricsHere'
  | 'coldStart'
  | 'phase'
  | 'served'
  | 'load'
  | 'requestDeadlineMs'
>;

/**
 * GET /: a page for people. It converts, and shows the process, its cold start, the model's signatures and where the
 * other endpoints are. It tells nothing that they do not tell: no paths, no host names, no environment.
 *
 * Without JavaScript the form comes back as `/?fahrenheit=212`, which is answered the way POST /celsius answers it.
 */
export function pageRoute(deps: PageDeps): Route {
  const celsius = celsiusRoute(deps);
  let headers: readonly string[] | undefined; // hashed on the first request: a cold start does without it
  return {
    name: 'page',
    path: '/',
    methods: ['GET', 'HEAD'],
    async handle(request) {
      headers ??= await pageHeaders();
      const conversion = await convert(request, celsius);
      const { pageHtml } = await import('./page-html.ts'); // with the schemas of its example, 5 ms of a cold start
      const body = pageHtml({
        ...deps,
        phase: deps.phase(),
        load: deps.load(),
        model: modelOf(deps),
        uptimeSeconds: performance.now() / 1000,
        conversion,
      });
      return { status: 200, headers, body };
    },
  };
}

/** What `?fahrenheit=` asks for; undefined where nothing does. */
async function convert(request: HttpRequest, celsiusRoute: Route): Promise<Conversion | undefined> {
  const asked = new URL(request.url, 'http://localhost').searchParams.get('fahrenheit')?.trim();
  if (asked === undefined || asked === '') return undefined;
  const fahrenheit = asked.slice(0, 40);
  try {
    const { body } = await celsiusRoute.handle(
      {
        method: 'POST',
        url: '/celsius',
        header: () => undefined,
        body: Buffer.from(JSON.stringify({ fahrenheit: Number(asked) })),
        gone: () => request.gone(),
      },
      '/celsius',
    );
    const { celsius }: CelsiusResponse = JSON.parse(String(body));
    return { fahrenheit, celsius: String(celsius) };
  } catch (error) {
    if (error instanceof RequestError) return { fahrenheit, error: error.message };
    throw error;
  }
}

/** Undefined while the model is being loaded. */
function modelOf({ served }: PageDeps): SavedModel | undefined {
  try {
    return served().model;
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

/** The page may run and show what stands in it, ask this server, and nothing else. */
async function pageHeaders(): Promise<string[]> {
  const { createHash } = await import('node:crypto');
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(PAGE_SCRIPT)}`,
    `style-src ${hash(PAGE_STYLE)}`,
    'img-src data:',
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return [
    ...['content-type', 'text/html; charset=utf-8'],
    ...['content-security-policy', policy.join('; ')],
    ...['x-content-type-options', 'nosniff'],
    ...['referrer-policy', 'no-referrer'],
    ...['cache-control', 'no-store'],
  ];
}
