import { PREDICT } from '../../engine/runner.ts';
import { invalidArgument, RequestError } from '../../errors.ts';
import { type Answer, after, type HttpRequest, jsonText } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import { HttpClient } from '../client.ts';
import type { Deps, Served } from '../deps.ts';
import { metadataText, statusText } from './model-info.ts';

/**
 * `/v1/models/NAME[/versions/N | /labels/L]` and then nothing (status), `/metadata` or `:VERB`. What TensorFlow
 * Serving 2.17.1 was recorded to do: the fixed words are found in any case, the verb in lower case only.
 */
const MODEL_PATH =
  /^\/v1\/models\/([^/:]+)(?:\/versions\/(\d+)|\/labels\/([^/:]+))?(?::(\w+)|(\/metadata))?$/i;

/** TensorFlow Serving's REST API, which is KServe's V1 protocol too. */
export function tensorflowServingRoutes({
  served,
  modelName,
  requestDeadlineMs,
}: Pick<Deps, 'served' | 'modelName' | 'requestDeadlineMs'>): Route[] {
  const answer = (request: HttpRequest, { runner }: Served) =>
    after(runner.answer(PREDICT, request.body, new HttpClient(request, requestDeadlineMs)), jsonText);
  return [
    {
      name: 'predict', // by its exact text, as a look-up is cheaper than a pattern
      path: `/v1/models/${modelName}:predict`,
      methods: ['POST'],
      handle: (request) => answer(request, served()),
      otherMethods: malformed,
    },
    { name: 'v1', path: /^\/v1(?:\/|$)/i, methods: 'any', handle: byPath },
  ];

  function byPath(request: HttpRequest, path: string): Answer {
    const match = MODEL_PATH.exec(path);
    if (match === null) throw malformed(request);
    const [, name = '', version, label, verb, metadata] = match;
    const isGet = request.method === 'GET';
    if (isGet ? verb !== undefined : request.method !== 'POST' || !VERBS.has(verb ?? ''))
      throw malformed(request);
    const one = servedAs(decoded(name), version);
    if (isGet) return jsonText(metadata === undefined ? statusText(one.model) : metadataText(one.model));
    if (label !== undefined)
      throw invalidArgument(`no version has the label ${JSON.stringify(label.slice(0, 100))}`);
    if (verb !== 'predict') throw invalidArgument(`:${verb} is not served; use :predict`);
    return answer(request, one);
  }

  /** @throws RequestError NOT_FOUND where the model or the version is not the one that is served */
  function servedAs(name: string, version: string | undefined): Served {
    if (name !== modelName)
      throw new RequestError(
        'NOT_FOUND',
        `no model ${JSON.stringify(name.slice(0, 100))}; this is ${modelName}`,
      );
    const one = served();
    if (version === undefined || BigInt(version).toString() === one.model.version) return one;
    if (BigInt.asIntN(64, BigInt(version)) !== BigInt(version))
      throw invalidArgument(`version ${version} is beyond int64`);
    throw new RequestError(
      'NOT_FOUND',
      `model ${name} has no version ${version}; version ${one.model.version} is served`,
    );
  }
}

const VERBS: ReadonlySet<string> = new Set(['predict', 'classify', 'regress']);

/** 400, not 404 or 405: what TensorFlow Serving answers to all under /v1/ that it does not know. */
function malformed({ method, url }: HttpRequest): RequestError {
  return invalidArgument(`Malformed request: ${method} ${url.slice(0, 200)}`);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a stray % matches no model
  }
}
