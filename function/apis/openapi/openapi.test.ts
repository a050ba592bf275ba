import { gzipSync } from 'node:zlib';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import t, { type Test } from 'tap';
import { unavailable } from '../../errors.ts';
import { celsiusSignature, describedModel, type TestApp, testApp, testModel } from '../../testing/app.ts';
import type { Deps } from '../deps.ts';

interface Answer {
  readonly content?: Record<string, { schema: object }>;
  readonly headers?: Record<string, unknown>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: { name: string; schema: { enum?: string[] } }[];
  readonly requestBody?: {
    content: {
      'application/json': { schema: { $ref: string }; examples?: Record<string, { value: unknown }> };
    };
  };
  readonly responses: Record<string, Answer | { $ref: string }>;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation> & Pick<Operation, 'parameters'>>;
  readonly components: { responses: Record<string, Answer>; schemas: Record<string, object> };
}

const model = await testModel(t);

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

async function documentOf({ app }: TestApp): Promise<Document> {
  const reply = await app.fetch(new Request('http://localhost/openapi.json'));
  if (reply.status !== 200) throw new Error(`${reply.status} ${await reply.text()}`);
  return (await reply.json()) as Document;
}

/** The documented answer for a status; `default` where the status is not listed. */
function answerOf(document: Document, operation: Operation, status: number): Answer {
  const answer = operation.responses[status] ?? operation.responses.default ?? {};
  const name = '$ref' in answer ? (answer.$ref.split('/').at(-1) ?? '') : undefined;
  return name === undefined ? (answer as Answer) : (document.components.responses[name] ?? {});
}

/** Holds a real answer against the document. */
async function checkAnswer(t: Test, document: Document, operation: Operation, reply: Response, name: string) {
  const answer = answerOf(document, operation, reply.status);
  for (const header of Object.keys(answer.headers ?? {}))
    t.ok(reply.headers.has(header), `${name} ${header}`);
  const text = await reply.text();
  const [type, media] = Object.entries(answer.content ?? {})[0] ?? [];
  if (media === undefined) {
    t.equal(text, '', `${name} has no body`);
    return;
  }
  t.equal(reply.headers.get('content-type')?.split(';')[0], type, name);
  const ajv = new Ajv2020({ strict: false, validateSchema: false });
  formats.default(ajv);
  ajv.addSchema(document, 'document');
  const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"document#/'));
  const validate = ajv.compile(schema);
  t.ok(
    validate(type === 'application/json' ? JSON.parse(text) : text),
    `${name} ${JSON.stringify(validate.errors)}`,
  );
}

/** A path with its parameters filled in, and each documented operation on it. */
function* operationsOf(document: Document) {
  for (const [template, item] of Object.entries(document.paths)) {
    const path = template.replace(/\{(\w+)\}/g, (_, key) => {
      return item.parameters?.find(({ name }) => name === key)?.schema.enum?.[0] ?? '';
    });
    for (const method of METHODS) {
      const operation = item[method];
      if (operation !== undefined) yield { path, method, operation };
    }
  }
}

const words = {
  ...celsiusSignature('words'),
  inputs: [{ key: 'w', name: 'w:0', dtype: 'DT_STRING', shape: [-1] }],
};
const variants = [
  { name: 'celsius', testing: () => testApp(model), celsius: true, metrics: 'open' },
  {
    name: 'a model that is not celsius',
    testing: () => testApp({ ...describedModel(words), name: 'w' }, { modelName: 'w' }),
    celsius: false,
    metrics: 'open',
  },
  {
    name: 'metrics behind a token',
    testing: () => testApp(model, { metricsToken: 's' }),
    celsius: true,
    metrics: 'token',
  },
  {
    name: 'metrics elsewhere',
    testing: () => testApp(model, { metricsHere: false }),
    celsius: true,
    metrics: undefined,
  },
];

for (const { name, testing, celsius, metrics } of variants) {
  t.test(`${name}: is valid OpenAPI 3.1`, async (t) => {
    const document = await documentOf(testing());
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone({ ...document }));
    t.ok(valid, JSON.stringify(errors));
    t.equal(validator.version, '3.1');
    t.doesNotThrow(() => validator.resolveRefs());
    t.match(document, { info: { title: 'Celsiusify', version: '1.2.3' } });
    const ids = [...operationsOf(document)].map(({ operation }) => operation.operationId);
    t.equal(new Set(ids).size, ids.length, 'each operation has an ID of its own');
    t.equal('/celsius' in document.paths, celsius);
    t.equal('/metrics' in document.paths, metrics !== undefined);
    t.equal('securitySchemes' in document.components, metrics === 'token');
  });
}

const INFERENCE = {
  json: { value: { inputs: [{ name: 'fahrenheit', shape: [2], datatype: 'FP32', data: [212, 32] }] } },
};

t.test('each documented operation answers as documented', async (t) => {
  const testing = testApp(model);
  const document = await documentOf(testing);
  let count = 0;
  for (const { path, method, operation } of operationsOf(document)) {
    if (path.startsWith('/v2/repository/models/')) continue; // needs a catalogue that may be changed
    const examples = path.endsWith('/infer')
      ? INFERENCE
      : (operation.requestBody?.content['application/json'].examples ?? {
          none: { value: undefined },
        });
    for (const { value } of Object.values(examples)) {
      const init = {
        method: method.toUpperCase(),
        ...(value === undefined ? {} : { body: JSON.stringify(value) }),
      };
      const reply = await testing.app.fetch(new Request(`http://localhost${path}`, init));
      t.equal(reply.status, 200, `${method} ${path}`);
      await checkAnswer(t, document, operation, reply, `${method} ${path}`);
      count++;
    }
  }
  t.equal(count, 36);
});

t.test('methods that are not documented are 405, and 400 under /v1/', async (t) => {
  const testing = testApp(model);
  const document = await documentOf(testing);
  for (const [template, item] of Object.entries(document.paths)) {
    const path = template.replace('{version}', '1').replace('{name}', 'celsius');
    if (path.startsWith('/v2/repository/models/')) continue;
    for (const method of METHODS.filter((method) => !(method in item))) {
      const reply = await testing.app.fetch(
        new Request(`http://localhost${path}`, { method: method.toUpperCase() }),
      );
      const known = METHODS.filter((method) => method in item).map((method) => method.toUpperCase());
      const v1 = path.startsWith('/v1/');
      t.equal(reply.status, v1 ? 400 : 405, `${method} ${path}`);
      t.equal(reply.headers.get('allow'), v1 ? null : known.join(', '), `${method} ${path}`);
    }
  }
});

const loading = () => {
  throw unavailable('the model is being loaded');
};
const CONVERT = { method: 'post', path: '/celsius' };
const PREDICT = { method: 'post', path: '/v1/models/celsius:predict' };
interface Failure extends Partial<Pick<Deps, 'served' | 'phase' | 'metricsToken'>> {
  readonly method: string;
  readonly path: string;
  /** The path that is asked, where the documented one is a template. */
  readonly to?: string;
  readonly body?: string | Buffer<ArrayBuffer>;
  readonly headers?: Record<string, string>;
  readonly status: number;
}
const failures: Failure[] = [
  { ...CONVERT, body: '{"fahrenheit":"warm"}', status: 400 },
  { ...CONVERT, body: '{', status: 400 },
  { ...CONVERT, body: 'x'.repeat(201), status: 413 },
  { ...CONVERT, body: gzipSync('x'.repeat(201)), headers: { 'content-encoding': 'gzip' }, status: 413 },
  { ...CONVERT, body: '{}', headers: { 'content-encoding': 'br' }, status: 415 },
  { ...CONVERT, body: '{"fahrenheit":1}', status: 503, served: loading },
  { ...PREDICT, body: '{"instances":[]}', status: 400 },
  { ...PREDICT, body: 'x'.repeat(201), status: 413 },
  { ...PREDICT, body: '{}', headers: { 'content-encoding': 'br' }, status: 415 },
  { ...PREDICT, body: '{"instances":[1]}', status: 503, served: loading },
  {
    method: 'post',
    path: '/v1/models/celsius/versions/{version}:predict',
    to: '/v1/models/celsius/versions/7:predict',
    body: '{"instances":[1]}',
    status: 404,
  },
  {
    method: 'get',
    path: '/v1/models/celsius/versions/{version}/metadata',
    to: '/v1/models/celsius/versions/7/metadata',
    status: 404,
  },
  { method: 'get', path: '/v1/models/celsius', status: 503, served: loading },
  { method: 'get', path: '/v2/models/celsius', status: 503, served: loading },
  {
    method: 'get',
    path: '/v2/models/celsius/versions/{version}/ready',
    to: '/v2/models/celsius/versions/7/ready',
    status: 404,
  },
  { method: 'post', path: '/v2/models/celsius/infer', body: '{}', status: 400 },
  { method: 'post', path: '/v2/models/celsius/infer', body: 'x'.repeat(201), status: 413 },
  { method: 'get', path: '/v2/health/ready', status: 503, phase: () => 'draining' },
  { method: 'get', path: '/readyz', status: 503, phase: () => 'draining' },
  { method: 'get', path: '/metrics', status: 401, metricsToken: 'secret' },
];

for (const { method, path, to = path, body, headers = {}, status, ...deps } of failures) {
  const size = body === undefined ? '' : ` with ${body.length} bytes ${JSON.stringify(headers)}`;
  t.test(`documented error ${status} of ${method} ${to}${size}`, async (t) => {
    const token = deps.metricsToken === undefined ? {} : { metricsToken: deps.metricsToken };
    const document = await documentOf(testApp(model, token));
    const operation = document.paths[path]?.[method];
    if (operation === undefined) throw new Error(`${method} ${path} is not documented`);
    t.ok(status in operation.responses, 'is listed');
    const { app } = testApp(model, { bodyLimitBytes: 200, ...deps });
    const init = { method: method.toUpperCase(), headers, ...(body === undefined ? {} : { body }) };
    const reply = await app.fetch(new Request(`http://localhost${to}`, init));
    t.equal(reply.status, status);
    await checkAnswer(t, document, operation, reply, to);
  });
}

// The last number that is rounded to a finite float32, and the first that is not.
const [LAST, FIRST] = [3.4028235677973362e38, 3.4028235677973366e38];

t.test('the documented schema of /celsius takes what the server takes', async (t) => {
  const testing = testApp(model);
  const document = await documentOf(testing);
  const ajv = new Ajv2020({ strict: false, validateSchema: false });
  formats.default(ajv);
  ajv.addSchema(document, 'document');
  const validate = ajv.compile({ $ref: 'document#/components/schemas/CelsiusRequest' });
  const values = [212, -0, LAST, FIRST, [], [1], [1, 2], [1, '2'], [[1]], [1e39], '212', null, true, {}];
  const bodies = [
    ...values.map((fahrenheit) => ({ fahrenheit })),
    ...[{}, [], null, 1, 'x', { fahrenheit: 1, kelvin: 2 }, { Fahrenheit: 1 }],
  ];
  for (const body of bodies) {
    const text = JSON.stringify(body);
    const reply = await testing.app.fetch(
      new Request('http://localhost/celsius', { method: 'POST', body: text }),
    );
    t.equal(reply.status === 200, validate(body), `${text} → ${reply.status} ${await reply.text()}`);
  }
});

t.test('before a model answers, the rest is documented', async (t) => {
  const document = await documentOf(testApp(model, { served: loading }));
  t.ok('/v1/models' in document.paths && '/v2/health/live' in document.paths);
  t.notOk(Object.keys(document.paths).some((path) => path.includes('celsius')));
});
