import { RequestError } from '../../errors.ts';
import { type HttpRequest, json } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import type { SavedModel } from '../../model/saved-model.ts';
import { celsiusRoute } from '../celsius/celsius.ts';
import type { Deps } from '../deps.ts';
import { decoded } from '../path-name.ts';
import type { CelsiusResponse } from '../schemas.ts';
import type { Conversion } from './view.ts';

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
  | 'models'
  | 'requestDeadlineMs'
>;

const MODEL_PATH = /^\/page\/models\/([^/]+)(?:\/versions\/(\d+))?$/;

/**
 * GET /: a page for people. It shows the models, their versions and signatures, sends requests to them, and says what the
 * process does. It tells nothing that the other endpoints do not tell: no paths, no host names, no environment, but what
 * a model's own state says.
 *
 * GET /page/state and /page/models/NAME/versions/N: what the page shows, as JSON, which its script asks for. What is said of
 * a model is made when it is looked at; what is listed is bounded.
 *
 * Without JavaScript the form of °F comes back as `/?fahrenheit=212`, which is answered the way POST /celsius answers it.
 */
export function pageRoutes(deps: PageDeps): Route[] {
  const celsius = celsiusRoute(deps);
  let headers: readonly string[] | undefined; // hashed on the first request: a cold start does without it
  const get = (name: string, path: Route['path'], handle: Route['handle']): Route => ({
    ...{ name, path, handle },
    methods: ['GET', 'HEAD'],
  });
  return [
    get('page', '/', async (request) => {
      // Later, as all of the page's code: 5 ms of a cold start.
      const { pageHtml, pageState, PAGE_SCRIPT, PAGE_STYLE } = await import('./page-view.ts');
      headers ??= await pageHeaders(PAGE_SCRIPT, PAGE_STYLE);
      const conversion = await convert(request, celsius);
      const body = pageHtml({ ...deps, state: pageState(deps), model: modelOf(deps), conversion });
      return { status: 200, headers, body };
    }),
    get('page-state', '/page/state', async () => {
      const { pageState } = await import('./page-view.ts');
      return uncached(pageState(deps));
    }),
    get('page-model', MODEL_PATH, async (_, path) => {
      const { pageDescription } = await import('./page-view.ts');
      const [, name = '', version] = MODEL_PATH.exec(path) ?? [];
      return uncached(pageDescription(deps.models, decoded(name), version));
    }),
  ];
}

function uncached(value: unknown) {
  const { headers, ...answer } = json(value);
  return { ...answer, headers: [...headers, 'cache-control', 'no-store'] };
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

/** Undefined while the model is being loaded, or where it is not served. */
function modelOf({ served }: PageDeps): SavedModel | undefined {
  try {
    return served().model;
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

/** The page may run and show what stands in it, ask this server, and nothing else. */
async function pageHeaders(script: string, style: string): Promise<string[]> {
  const { createHash } = await import('node:crypto');
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
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
