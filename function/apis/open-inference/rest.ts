import { type Answer, after, type HttpRequest, type HttpResponse, json } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import { HttpClient } from '../client.ts';
import type { Deps } from '../deps.ts';
import { HEADER_LENGTH, inferJson, readInferJson } from './infer-json.ts';
import { EXTENSIONS, InferenceModels, SERVER_NAME } from './models.ts';

const MODEL = '/v2/models/([^/]+)(?:/versions/([^/]+))?';
const MODEL_PATH = new RegExp(`^${MODEL}(/ready)?$`);
const INFER_PATH = new RegExp(`^${MODEL}/infer$`);

/** The Open Inference Protocol, version 2, over REST, with binary tensors after the JSON where callers want them. */
export function openInferenceRoutes({
  models,
  phase,
  version,
  requestDeadlineMs,
}: Pick<Deps, 'models' | 'phase' | 'version' | 'requestDeadlineMs'>): Route[] {
  const inference = new InferenceModels(models);
  const get = (name: string, path: Route['path'], handle: Route['handle']): Route => ({
    ...{ name, path, handle },
    methods: ['GET', 'HEAD'],
  });
  return [
    { name: 'v2-infer', path: INFER_PATH, methods: ['POST'], handle: infer },
    get('v2-model', MODEL_PATH, (_, path) => {
      const [, name = '', asked = '', ready] = MODEL_PATH.exec(path) ?? [];
      const model = decoded(name);
      if (ready === undefined) return json(inference.metadata(model, asked));
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
      handle: () => json(inference.index()),
    },
    get('v2', '/v2', () => json({ name: SERVER_NAME, version, extensions: EXTENSIONS })),
  ];

  function infer(request: HttpRequest, path: string): Answer {
    const [, name = '', asked = ''] = INFER_PATH.exec(path) ?? [];
    const asking = readInferJson(request.body, request.header(HEADER_LENGTH));
    const binary = new Map(asking.outputs.map((output) => [output.name, output.binary]));
    const client = new HttpClient(request, requestDeadlineMs);
    return after(inference.infer(decoded(name), asked, asking, client), (response): HttpResponse => {
      const { headers, body } = inferJson(response, (output) => binary.get(output) ?? asking.binary);
      return { status: 200, headers, body };
    });
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a stray % matches no model
  }
}
