import { answer, errors, type Json, jsonAnswer, jsonBody, readable } from './openapi-answers.ts';

/** How /metrics is answered: by this app, with or without a token, or on a port of its own. */
export type MetricsAccess = 'open' | 'token' | 'elsewhere';

const tags = ['process'];

/** What there is whichever models are served. */
export function processPaths(metrics: MetricsAccess): Json {
  return {
    '/v1/models': {
      get: {
        operationId: 'listModels',
        summary: 'All models, their versions, newest first, and the states of these.',
        tags,
        responses: { 200: jsonAnswer('They are.', 'ModelListResponse'), ...errors(400) },
      },
    },
    ...inferencePaths(),
    '/healthz': readable({
      operationId: 'health',
      summary: 'Whether the process answers: for a liveness probe.',
      tags,
      responses: { 200: jsonAnswer('It does.', 'HealthResponse'), ...errors(405) },
    }),
    '/readyz': readable({
      operationId: 'readiness',
      summary: 'Whether the models are loaded and warm: for a readiness probe.',
      tags,
      responses: {
        200: jsonAnswer('They are.', 'HealthResponse'),
        503: jsonAnswer('Starting, or draining after SIGTERM.', 'HealthResponse'),
        ...errors(405),
      },
    }),
    ...(metrics === 'elsewhere' ? {} : { '/metrics': readable(scrape(metrics)) }),
    '/openapi.json': readable({
      operationId: 'openapi',
      summary: 'This document. It changes with the models.',
      tags,
      responses: { 200: answer('OpenAPI 3.1.', 'application/json', { type: 'object' }), ...errors(405) },
    }),
    '/': readable({
      operationId: 'page',
      summary: 'A page for people.',
      tags,
      parameters: [
        {
          name: 'fahrenheit',
          in: 'query',
          description: 'Converted on the server, for a browser without JavaScript.',
          schema: { type: 'string' },
        },
      ],
      responses: { 200: answer('HTML.', 'text/html', { type: 'string' }), ...errors(405) },
    }),
  };
}

/** What Open Inference V2 says of the server, and Triton's model repository extension. */
function inferencePaths(): Json {
  const name = {
    name: 'name',
    in: 'path',
    required: true,
    description: 'Of a model.',
    schema: { type: 'string', minLength: 1, pattern: '^[^/]+$' },
  };
  const change = (what: 'load' | 'unload', summary: string): Json => ({
    parameters: [name],
    post: {
      operationId: `v2.${what}`,
      summary,
      tags,
      requestBody: { ...jsonBody('RepositoryChangeRequest', {}), required: false },
      responses: {
        200: jsonAnswer(`It is ${what}ed.`, what === 'load' ? 'RepositoryLoaded' : 'RepositoryUnloaded'),
        ...errors(400, 403, 404, 405),
      },
    },
  });
  return {
    '/v2': readable({
      operationId: 'v2.server',
      summary: "The server, and which of Open Inference V2's extensions it has.",
      tags,
      responses: { 200: jsonAnswer('They are.', 'InferenceServerMetadata'), ...errors(405) },
    }),
    '/v2/health/live': readable({
      operationId: 'v2.live',
      summary: 'Whether the process answers.',
      tags,
      responses: { 200: jsonAnswer('It does.', 'InferenceLive'), ...errors(405) },
    }),
    '/v2/health/ready': readable({
      operationId: 'v2.ready',
      summary: 'Whether the models are loaded and warm.',
      tags,
      responses: {
        200: jsonAnswer('They are.', 'InferenceReady'),
        503: jsonAnswer('Starting, or draining after SIGTERM.', 'InferenceReady'),
        ...errors(405),
      },
    }),
    '/v2/repository/index': {
      post: {
        operationId: 'v2.index',
        summary: 'All models and their versions, with what is wrong with those that do not answer.',
        tags,
        requestBody: { ...jsonBody('RepositoryIndexRequest', {}), required: false },
        responses: { 200: jsonAnswer('They are.', 'RepositoryIndexResponse'), ...errors(400, 405) },
      },
    },
    '/v2/repository/models/{name}/load': change(
      'load',
      'Loads a model that was unloaded, or looks for a new version of it.',
    ),
    '/v2/repository/models/{name}/unload': change(
      'unload',
      'Unloads a model until it is loaded; requests that it has end.',
    ),
  };
}

function scrape(metrics: 'open' | 'token') {
  return {
    operationId: 'metrics',
    summary: 'What Prometheus scrapes: requests, latency, each model version, memory, the cold start.',
    tags,
    ...(metrics === 'token' ? { security: [{ metricsToken: [] }] } : {}),
    responses: {
      200: answer("Prometheus' text format.", 'text/plain', { type: 'string' }),
      ...(metrics === 'token' ? errors(401, 405) : errors(405)),
    },
  };
}
