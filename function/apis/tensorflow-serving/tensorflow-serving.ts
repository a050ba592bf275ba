import { CLASSIFY, PREDICT, REGRESS } from '../../engine/runner.ts';
import { invalidArgument, type RequestError } from '../../errors.ts';
import { type Answer, type HttpRequest, jsonText } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import { versionOf } from '../../models/folders.ts';
import type { Deps } from '../deps.ts';
import { ModelAnswers } from '../model-answers.ts';
import { decoded } from '../path-name.ts';
import { listText, metadataText, statusText } from './model-info.ts';

/**
 * `/v1/models/NAME[/versions/N | /labels/L]` and then nothing (status), `/metadata` or `:VERB`. What TensorFlow
 * Serving 2.17.1 was recorded to do: the fixed words are found in any case, the verb in lower case only.
 */
const MODEL_PATH =
  /^\/v1\/models\/([^/:]+)(?:\/versions\/(\d+)|\/labels\/([^/:]+))?(?::(\w+)|(\/metadata))?$/i;

const MODELS_PATH = /^\/v1\/models\/?$/i;

const PREFIX = '/v1/models/';
const SUFFIX = ':predict';

/** TensorFlow Serving's REST API, which is KServe's V1 protocol too, for all models that are served. */
export function tensorflowServingRoutes({
  models,
  requestDeadlineMs,
}: Pick<Deps, 'models' | 'requestDeadlineMs'>): Route[] {
  const answers = new ModelAnswers({ requestDeadlineMs });
  /** Path → model, for the paths that most requests have. A model that is gone stays: asking for it says so. */
  const predictPaths = new Map<string, string>();
  return [
    {
      name: 'predict', // by its exact text, as a look-up is cheaper than a pattern
      path: { has: (path) => predictPaths.has(path) || isPredictPath(path) },
      methods: ['POST'],
      handle: (request, path) => answers.answer(models.find(predictPaths.get(path) ?? ''), PREDICT, request),
      otherMethods: malformed,
    },
    { name: 'v1', path: /^\/v1(?:\/|$)/i, methods: 'any', handle: byPath },
  ];

  function byPath(request: HttpRequest, path: string): Answer {
    const isGet = request.method === 'GET';
    if (isGet && MODELS_PATH.test(path)) return jsonText(listText(models.list()));
    const match = MODEL_PATH.exec(path);
    if (match === null) throw malformed(request);
    const [, encoded = '', version, encodedLabel, verb, metadata] = match;
    const format = verb === undefined ? undefined : FORMATS.get(verb);
    if (isGet ? verb !== undefined : request.method !== 'POST' || format === undefined)
      throw malformed(request);
    if (version !== undefined && versionOf(version) === undefined)
      throw invalidArgument(`version ${version.slice(0, 30)} is beyond int64`);
    const name = decoded(encoded);
    // A label is not looked at for a status: all versions come, as TensorFlow Serving gives them.
    if (isGet && metadata === undefined) return jsonText(statusText(models.statusOf(name, version)));
    const label = encodedLabel === undefined ? undefined : decoded(encodedLabel);
    const served = models.find(name, { version, label });
    return format === undefined
      ? answers.text(served, metadataText(served.model))
      : answers.answer(served, format, request);
  }

  function isPredictPath(path: string): boolean {
    if (!path.startsWith(PREFIX) || !path.endsWith(SUFFIX)) return false;
    const name = path.slice(PREFIX.length, -SUFFIX.length);
    if (name === '' || !models.has(name)) return false;
    predictPaths.set(path, name);
    return true;
  }
}

/** How a verb's bodies are read and written. */
const FORMATS: ReadonlyMap<string, number> = new Map([
  ['predict', PREDICT],
  ['classify', CLASSIFY],
  ['regress', REGRESS],
]);

/** 400, not 404 or 405: what TensorFlow Serving answers to all under /v1/ that it does not know. */
function malformed({ method, url }: HttpRequest): RequestError {
  return invalidArgument(`Malformed request: ${method} ${url.slice(0, 200)}`);
}
