import type { TSchema } from 'typebox';

/** Parts that the operations of the OpenAPI document are made of. */

export type Json = Readonly<Record<string, unknown>>;

/** What some part of the server adds to the document. */
export interface Part {
  readonly paths: Json;
  /** Goes to components/schemas. */
  readonly schemas: Schemas;
}

export type Schemas = Readonly<Record<string, TSchema>>;

const ref = (section: string, name: string): Json => ({ $ref: `#/components/${section}/${name}` });

const RUN_ID = { 'x-run-id': ref('headers', 'RunId') };
/** Which version answered. */
export const MODEL_VERSION = { 'x-model-version': ref('headers', 'ModelVersion') };
const RETRY_AFTER = { 'retry-after': { description: 'Seconds to wait.', schema: { type: 'string' } } };

const ERRORS: Readonly<Record<number, { name: string; description: string; headers?: Json }>> = {
  400: { name: 'BadRequest', description: 'The request is at fault; the error says where.' },
  401: {
    name: 'Unauthorized',
    description: 'No token, or not the right one.',
    headers: { 'www-authenticate': { schema: { const: 'Bearer' } } },
  },
  403: { name: 'Forbidden', description: 'The server is not set up to let callers do this.' },
  404: { name: 'NotFound', description: 'There is no such model, or version, or path.' },
  405: {
    name: 'MethodNotAllowed',
    description: 'What other methods get here.',
    headers: { allow: { description: 'The methods that are answered.', schema: { type: 'string' } } },
  },
  413: { name: 'TooLarge', description: 'The body is over the limit, as sent or once it is gunzipped.' },
  415: { name: 'UnsupportedEncoding', description: 'A content encoding other than gzip.' },
  503: {
    name: 'Busy',
    description: 'The model is being loaded, or too many rows are waiting.',
    headers: RETRY_AFTER,
  },
};

/** components/responses: the errors by name, and what the HTTP layer itself answers. */
export const ERROR_RESPONSES: Json = {
  ...Object.fromEntries(
    Object.values(ERRORS).map(({ name, description, headers }) => [name, errorAnswer(description, headers)]),
  ),
  Timeout: { description: 'The request was not sent in time. No body, and the connection is closed.' },
  Fault: errorAnswer('Any other error, such as 500 for a fault of the server.'),
};

/** The errors of these statuses by reference, and a default for what nobody expects. */
export function errors(...statuses: readonly number[]): Json {
  const named = statuses.map((status) => [
    status,
    ref('responses', status === 408 ? 'Timeout' : (ERRORS[status]?.name ?? 'Fault')),
  ]);
  return { ...Object.fromEntries(named), default: ref('responses', 'Fault') };
}

/** An answer with the run ID in its headers, and others. */
export function answer(description: string, type: string, schema: TSchema, headers: Json = {}): Json {
  return { description, headers: { ...RUN_ID, ...headers }, content: { [type]: { schema } } };
}

/** @param schema its name in components/schemas */
export function jsonAnswer(description: string, schema: string, headers: Json = {}): Json {
  return answer(description, 'application/json', ref('schemas', schema), headers);
}

function errorAnswer(description: string, headers: Json = {}): Json {
  const { content } = jsonAnswer('', 'ErrorResponse');
  return { description, headers: { ...RUN_ID, ...headers }, content };
}

/** @param schema its name in components/schemas, @param examples by name */
export function jsonBody(schema: string, examples: Json): Json {
  const listed = Object.keys(examples).length === 0 ? {} : { examples };
  return { required: true, content: { 'application/json': { schema: ref('schemas', schema), ...listed } } };
}

/** A path that answers GET, and HEAD with the same statuses and headers. */
export function readable(get: { operationId: string; responses: Json } & Json): Json {
  const bare = { description: 'As for GET, without a body.', headers: RUN_ID };
  const responses = Object.fromEntries(Object.keys(get.responses).map((status) => [status, bare]));
  return { get, head: { ...get, operationId: `${get.operationId}Head`, responses } };
}
