import type { SavedModel } from '../../model/saved-model.ts';
import { celsiusSignature } from '../celsius/celsius.ts';
import {
  CelsiusRequest,
  CelsiusResponse,
  ErrorResponse,
  HealthResponse,
  ModelMetadataResponse,
  ModelStatusResponse,
  RunId,
} from '../schemas.ts';
import { predictExample } from '../tensorflow-serving/predict-example.ts';
import { predictSchemas } from '../tensorflow-serving/predict-schemas.ts';
import {
  answer,
  ERROR_RESPONSES,
  errors,
  type Json,
  jsonAnswer,
  jsonBody,
  readable,
} from './openapi-answers.ts';

export interface Documented {
  readonly version: string;
  readonly model: Pick<SavedModel, 'name' | 'version' | 'signatures'>;
  /** Whether /metrics is answered by this app, and whether it asks for a token. */
  readonly metrics: 'open' | 'token' | 'elsewhere';
}

const DESCRIPTION = `
Errors are JSON, \`{"error": "what was wrong, and where"}\`. A path that is not listed is 404, a method that is not
listed is 405 with \`Allow\`; under \`/v1/\` both are 400 \`Malformed request\`, as TensorFlow Serving answers them.
\`Content-Encoding: gzip\` and \`deflate\` are read, \`Accept-Encoding: gzip\` is answered; others are 415.
\`Content-Type\` is not looked at. A query is ignored, except on \`/\`. \`x-request-id\` and \`traceparent\` are logged.
What is no HTTP is 400, a request that is not sent in time 408, headers over 16 KiB 431, all three without a body.
`.trim();

/** An OpenAPI 3.1 document of what this server answers with this model. */
export function openapiDocument({ version, model, metrics }: Documented): Json {
  const { request, response } = predictSchemas(model.signatures);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Celsiusify',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    tags: [
      { name: 'model', description: `${model.name}, version ${model.version}` },
      { name: 'process', description: 'The process that serves it.' },
    ],
    paths: {
      ...(celsiusSignature(model) === undefined ? {} : { '/celsius': { post: convert() } }),
      ...modelPaths(model),
      '/healthz': readable({
        operationId: 'health',
        summary: 'Whether the process answers: for a liveness probe.',
        tags: ['process'],
        responses: { 200: jsonAnswer('It does.', 'HealthResponse'), ...errors(405) },
      }),
      '/readyz': readable({
        operationId: 'readiness',
        summary: 'Whether the model is loaded and warm: for a readiness probe.',
        tags: ['process'],
        responses: {
          200: jsonAnswer('It is.', 'HealthResponse'),
          503: jsonAnswer('Starting, or draining after SIGTERM.', 'HealthResponse'),
          ...errors(405),
        },
      }),
      ...(metrics === 'elsewhere' ? {} : { '/metrics': readable(scrape(metrics)) }),
      '/openapi.json': readable({
        operationId: 'openapi',
        summary: 'This document.',
        tags: ['process'],
        responses: {
          200: answer('OpenAPI 3.1.', 'application/json', { type: 'object' }),
          ...errors(405, 503),
        },
      }),
      '/': readable({
        operationId: 'page',
        summary: 'A page for people.',
        tags: ['process'],
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
    },
    components: {
      headers: { RunId: { required: true, schema: RunId } },
      schemas: {
        CelsiusRequest,
        CelsiusResponse,
        ErrorResponse,
        HealthResponse,
        ModelMetadataResponse,
        ModelStatusResponse,
        PredictRequest: request,
        PredictResponse: response,
      },
      responses: ERROR_RESPONSES,
      ...(metrics === 'token'
        ? { securitySchemes: { metricsToken: { type: 'http', scheme: 'bearer' } } }
        : {}),
    },
  };
}

function convert(): Json {
  return {
    operationId: 'convert',
    summary: 'Turns °F into °C: one temperature, or a list of them.',
    tags: ['model'],
    requestBody: jsonBody('CelsiusRequest', {
      one: { value: { fahrenheit: 212 } },
      list: { value: { fahrenheit: [212, 98.6] } },
    }),
    responses: {
      200: jsonAnswer('The same in °C.', 'CelsiusResponse'),
      ...errors(400, 405, 408, 413, 415, 503),
    },
  };
}

/** TensorFlow Serving's REST API for one model, once for the version served and once for the one that is named. */
function modelPaths(model: Documented['model']): Json {
  const example = predictExample(model.signatures);
  const examples = example === undefined ? {} : { example: { value: example } };
  const paths = (base: string, suffix: string, parameters: readonly Json[], statuses: readonly number[]) => ({
    [`${base}:predict`]: {
      parameters,
      post: {
        operationId: `predict${suffix}`,
        summary: 'Runs a signature of the model.',
        tags: ['model'],
        requestBody: jsonBody('PredictRequest', examples),
        responses: {
          200: jsonAnswer('`predictions` for `instances`, `outputs` for `inputs`.', 'PredictResponse'),
          ...errors(400, ...statuses, 408, 413, 415, 503),
        },
      },
    },
    [base]: {
      parameters,
      get: {
        operationId: `modelStatus${suffix}`,
        summary: 'The version that is served, and its state.',
        tags: ['model'],
        responses: {
          200: jsonAnswer('Its status.', 'ModelStatusResponse'),
          ...errors(400, ...statuses, 503),
        },
      },
    },
    [`${base}/metadata`]: {
      parameters,
      get: {
        operationId: `modelMetadata${suffix}`,
        summary: 'The signatures of the model: inputs, outputs, dtypes and shapes.',
        tags: ['model'],
        responses: {
          200: jsonAnswer('They are.', 'ModelMetadataResponse'),
          ...errors(400, ...statuses, 503),
        },
      },
    },
  });
  const base = `/v1/models/${model.name}`;
  const versionParameter = {
    name: 'version',
    in: 'path',
    required: true,
    description: 'The version that is served; any other is 404.',
    schema: { type: 'string', enum: [model.version] },
  };
  return {
    ...paths(base, '', [], []),
    ...paths(`${base}/versions/{version}`, 'OfVersion', [versionParameter], [404]),
  };
}

function scrape(metrics: 'open' | 'token') {
  return {
    operationId: 'metrics',
    summary: "What Prometheus scrapes: requests, latency, batches, memory, the cold start's phases.",
    tags: ['process'],
    ...(metrics === 'token' ? { security: [{ metricsToken: [] }] } : {}),
    responses: {
      200: answer("Prometheus' text format.", 'text/plain', { type: 'string' }),
      ...(metrics === 'token' ? errors(401, 405) : errors(405)),
    },
  };
}
