import { setImmediate as nextTurn } from 'node:timers/promises';
import * as schemas from '../schemas.ts';
import { ClassifyResponse, RegressResponse } from '../tensorflow-serving/example-schemas.ts';
import { documented, type Snapshot } from './documented.ts';
import { ERROR_RESPONSES, errors, type Json, jsonAnswer, jsonBody } from './openapi-answers.ts';
import { inferencePart } from './openapi-inference.ts';
import { type MetricsAccess, processPaths } from './openapi-process.ts';
import { servingPart } from './openapi-serving.ts';

export interface Documented extends Snapshot {
  readonly version: string;
  readonly metrics: MetricsAccess;
}

const DESCRIPTION = `
Errors are JSON, \`{"error": "what was wrong, and where"}\`. A path that is not listed is 404 (but \`/page/\`, whose
paths are the page's own and may change with it), a method that is not listed is 405 with \`Allow\`; under \`/v1/\` both are 400
\`Malformed request\`, as TensorFlow Serving answers them.
\`Content-Encoding: gzip\` and \`deflate\` are read, \`Accept-Encoding: gzip\` is answered; others are 415.
\`Content-Type\` is not looked at. A query is ignored, except on \`/\`. \`x-request-id\` and \`traceparent\` are logged.
\`x-request-timeout-ms\` is how long a caller waits. What is no HTTP is 400, a request that is not sent in time 408, headers
over 16 KiB 431, all three without a body. The same models answer by gRPC, whose services its reflection tells.
`.trim();

/**
 * An OpenAPI 3.1 document of what this server answers with these models, as text. It is written model by model, and
 * others have their turn of the event loop in between.
 */
export async function openapiText({ version, metrics, models, converts }: Documented): Promise<string> {
  const taken = new Set<string>();
  const tags = [{ name: 'process', description: 'The process, and all of its models.' }];
  const paths: string[] = [
    ...(converts ? [membersOf({ '/celsius': { post: convert() } })] : []),
    membersOf(processPaths(metrics)),
  ];
  const { Base64, Float32, RunId, ...shared } = schemas;
  const named: string[] = [
    membersOf({ ...shared, ...REPOSITORY_CHANGES, ClassifyResponse, RegressResponse }),
  ];
  for (const one of models) {
    const model = documented(one, taken);
    if (model === undefined) continue;
    tags.push({ name: model.name, description: `A model; ${versionsOf(one)}` });
    for (const part of [servingPart, inferencePart]) {
      const { paths: more, schemas: of } = part(model);
      if (Object.keys(more).length > 0) paths.push(membersOf(more));
      if (Object.keys(of).length > 0) named.push(membersOf(of));
      await nextTurn();
    }
  }
  const info = {
    title: 'Celsiusify',
    version,
    description: DESCRIPTION,
    license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
  };
  const components = {
    headers: {
      RunId: { required: true, schema: RunId },
      ModelVersion: { required: true, description: 'Which version answered.', schema: { type: 'string' } },
    },
    responses: ERROR_RESPONSES,
    ...(metrics === 'token' ? { securitySchemes: { metricsToken: { type: 'http', scheme: 'bearer' } } } : {}),
  };
  const head = membersOf({ openapi: '3.1.0', info, tags });
  return `{${head},"paths":{${paths}},"components":{${membersOf(components)},"schemas":{${named}}}}`;
}

/** The members of a JSON object, without its braces. */
const membersOf = (value: object): string => JSON.stringify(value).slice(1, -1);

function versionsOf({ served }: Snapshot['models'][number]): string {
  const versions = served.slice(0, 10).map(({ version }) => version);
  const more = served.length > 10 ? ', …' : '';
  return `${versions.length === 1 ? 'version' : 'versions'} ${versions.join(', ')}${more}`;
}

const changed = (what: 'load' | 'unload') => ({
  type: 'object',
  required: ['name', what],
  properties: { name: { type: 'string' }, [what]: { const: true } },
});
const REPOSITORY_CHANGES = { RepositoryLoaded: changed('load'), RepositoryUnloaded: changed('unload') };

function convert(): Json {
  return {
    operationId: 'convert',
    summary: 'Turns °F into °C: one temperature, or a list of them.',
    tags: ['process'],
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
