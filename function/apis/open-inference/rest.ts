import { release } from '../../buffers.ts';
import { type Answer, after, type HttpRequest, type HttpResponse, json } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import type { Lists } from '../../native/raw-engine.ts';
import { HttpClient } from '../client.ts';
import type { Deps } from '../deps.ts';
import { decoded } from '../path-name.ts';
import { endOfJson, HEADER_LENGTH, inferJson, readInferJson } from './infer-json.ts';
import { flagOf, parametersIn, readFields } from './json-fields.ts';
import { modelConfig } from './model-config.ts';
import { EXTENSIONS, InferenceModels, SERVER_NAME } from './models.ts';
import { notServedRoutes } from './not-served.ts';
import { Repository } from './repository.ts';

const MODEL = '/v2/models/([^/]+)(?:/versions/([^/]+))?';
const MODEL_PATH = new RegExp(`^${MODEL}(/ready|/config)?$`);
const CHANGE_PATH = /^\/v2\/repository\/models\/([^/]+)\/(load|unload)$/;
/** In JSON of fewer bytes than this there is nothing to gain by reading its lists natively. */
const FEW_NUMBERS = 1024;

const INFER_PATH = new RegExp(`^${MODEL}/infer$`);

/** The Open Inference Protocol, version 2, over REST, with binary tensors after the JSON where callers want them. */
export function openInferenceRoutes({
  models,
  control,
  phase,
  version,
  requestDeadlineMs,
}: Pick<Deps, 'models' | 'control' | 'phase' | 'version' | 'requestDeadlineMs'>): Route[] {
  const inference = new InferenceModels(models);
  const repository = new Repository(models, control);
  const get = (name: string, path: Route['path'], handle: Route['handle']): Route => ({
    ...{ name, path, handle },
    methods: ['GET', 'HEAD'],
  });
  return [
    { name: 'v2-infer', path: INFER_PATH, methods: ['POST'], handle: infer },
    get('v2-model', MODEL_PATH, (_, path) => {
      const [, name = '', asked = '', what] = MODEL_PATH.exec(path) ?? [];
      const model = decoded(name);
      if (what === undefined) return json(inference.metadata(model, asked));
      if (what === '/config') return json(modelConfig(inference.metadata(model, asked)));
      inference.checkReady(model, asked);
      return json({ name: model, ready: true });
    }),
    get('v2-live', '/v2/health/live', () => json({ live: true })),
    get('v2-ready', '/v2/health/ready', () => {
      const ready = phase() === 'ready';
      return json({ ready }, ready ? 'OK' : 'UNAVAILABLE');
    }),
    {
      name: 'v2-index',
      path: '/v2/repository/index',
      methods: ['POST'],
      handle: ({ body }) => json(repository.index(flagOf(readFields(body).ready, 'ready') ?? false)),
    },
    { name: 'v2-load', path: CHANGE_PATH, methods: ['POST'], handle: change },
    get('v2', '/v2', () => json({ name: SERVER_NAME, version, extensions: EXTENSIONS })),
    ...notServedRoutes(),
  ];

  async function change({ body }: HttpRequest, path: string): Promise<HttpResponse> {
    const [, name = '', what = ''] = CHANGE_PATH.exec(path) ?? [];
    const model = decoded(name);
    const parameters = Object.keys(parametersIn(readFields(body)));
    if (what === 'load') await repository.load(model, parameters);
    else repository.unload(model, parameters);
    return json({ name: model, [what]: true });
  }

  function infer(request: HttpRequest, path: string): Answer {
    const [, name = '', asked = ''] = INFER_PATH.exec(path) ?? [];
    const client = new HttpClient(request, requestDeadlineMs);
    const json = request.body.subarray(0, endOfJson(request.body, request.header(HEADER_LENGTH)));
    if (json.length < FEW_NUMBERS) return inferAs(request, decoded(name), asked, client);
    client.deadline(); // that of its arrival, not of when it was read
    const read = inference.readLists(decoded(name), asked, json, client);
    if (!(read instanceof Promise)) return inferAs(request, decoded(name), asked, client, read);
    return read.then((late) => inferAs(request, decoded(name), asked, client, late));
  }

  function inferAs(
    request: HttpRequest,
    model: string,
    version: string,
    client: HttpClient,
    read?: Lists,
  ): Answer {
    const asking = readInferJson(request.body, request.header(HEADER_LENGTH), read);
    const binary = new Map(asking.outputs.map((output) => [output.name, output.binary]));
    const isBinary = (output: string) => binary.get(output) ?? asking.binary;
    const answer = inference.infer(model, version, asking, client, (output) => !isBinary(output));
    // Its tensors have been copied.
    request.bodyRead?.();
    read?.lists.forEach(release);
    return after(answer, (response): HttpResponse => {
      const { headers, body } = inferJson(response, isBinary);
      return { status: 200, headers, body };
    });
  }
}
