// The document of any set of models, which need not run for it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import t from 'tap';
import type { ServedSignature } from '../../model/saved-model.ts';
import { celsiusSignature, describedModel, testApp, testRunner } from '../../testing/app.ts';
import type { Deps, Served } from '../deps.ts';

interface Document {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Record<string, Record<string, { parameters?: { schema: { enum?: string[] } }[] }>>;
  readonly components: { readonly schemas: Record<string, object> };
}

type Info = readonly [key: string, dtype: string, shape?: readonly number[]];
const signature = (
  name: string,
  inputs: readonly Info[],
  outputs: readonly Info[],
  more: Partial<ServedSignature> = {},
): ServedSignature => {
  const infos = (all: readonly Info[]) =>
    all.map(([key, dtype, shape]) => ({ key, name: `${key}:0`, dtype, shape: shape ?? [-1] }));
  return { ...celsiusSignature(name), inputs: infos(inputs), outputs: infos(outputs), ...more };
};

const x: Info = ['x', 'DT_FLOAT'];
const plain = signature('serving_default', [x], [['y', 'DT_FLOAT']]);
const wider = signature('serving_default', [['x', 'DT_FLOAT', [-1, 2]]], [['y', 'DT_FLOAT']]);
const classify = signature(
  'classify',
  [['inputs', 'DT_STRING']],
  [
    ['classes', 'DT_STRING'],
    ['scores', 'DT_FLOAT'],
  ],
);
const regress = signature('serving_default', [['inputs', 'DT_STRING']], [['outputs', 'DT_FLOAT']]);

interface Listed {
  readonly labels?: Record<string, string>;
  /** Version → signatures; the first one answers where none is asked for. */
  readonly versions: readonly (readonly [version: string, signatures: readonly ServedSignature[]])[];
}

/** A catalogue of models that can only be described. */
function catalogueOf(all: Record<string, Listed>): Deps['models'] {
  const servables = new Map<string, Served>();
  for (const [name, { versions }] of Object.entries(all)) {
    for (const [version, signatures] of versions) {
      const model = { ...describedModel(...signatures), name, version };
      const nothing = async () => {};
      const more = { runner: testRunner(model), drained: nothing, unload: nothing };
      servables.set(`${name}/${version}`, { ...model, model, ...more });
    }
  }
  return {
    has: (name) => name in all,
    find: (name, { version } = {}) => {
      const found = [...servables.values()].find(
        (one) => one.name === name && (version === undefined || one.version === version),
      );
      if (found === undefined) throw new Error(`no ${name} ${version}`);
      return found;
    },
    statusOf: () => [],
    repository: () => [],
    list: () =>
      Object.entries(all).map(([name, { versions, labels = {} }]) => ({
        name,
        labels: new Map(Object.entries(labels)),
        reason: '',
        versions: versions.map(([version]) => ({
          version,
          state: 'AVAILABLE',
          code: 'OK',
          message: '',
        })),
      })),
  };
}

const appOf = (models: Deps['models']) => testApp(describedModel(plain), { models, modelName: 'none' }).app;

async function documentOf(app: ReturnType<typeof appOf>): Promise<Document> {
  const reply = await app.fetch(new Request('http://localhost/openapi.json'));
  if (reply.status !== 200) throw new Error(`${reply.status} ${await reply.text()}`);
  return (await reply.json()) as Document;
}

const of = (all: Record<string, Listed>) => documentOf(appOf(catalogueOf(all)));

/** Whether a value fits one of the document's schemas. */
function fits(document: Document, schema: string, value: unknown): boolean {
  const ajv = new Ajv2020({ strict: false, validateSchema: false });
  formats.default(ajv);
  ajv.addSchema(document, 'document');
  return ajv.validate({ $ref: `document#/components/schemas/${schema}` }, value);
}

t.test('each model has paths of its own, by version and by label, and the whole is valid', async (t) => {
  const document = await of({
    a: {
      versions: [
        ['2', [plain]],
        ['1', [plain]],
      ],
      labels: { stable: '1', gone: '7' },
    },
    'b/ü {x}': { versions: [['1', [wider, classify]]] },
    'b_ü_{x}': { versions: [['1', [regress]]] },
  });
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone({ ...document }));
  t.ok(valid, JSON.stringify(errors));
  t.doesNotThrow(() => validator.resolveRefs());
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).flatMap((one) => ('operationId' in one ? [String(one.operationId)] : [])),
  );
  t.equal(new Set(ids).size, ids.length, 'each operation has an ID of its own');
  t.ok(ids.every((id) => /^[\w.-]+$/.test(id)));
  const other = encodeURIComponent('b/ü {x}');
  for (const path of [
    ...[
      '/v1/models/a',
      '/v1/models/a:predict',
      '/v1/models/a/metadata',
      '/v1/models/a/versions/{version}:predict',
    ],
    ...[
      '/v1/models/a/labels/{label}',
      '/v1/models/a/labels/{label}:predict',
      '/v1/models/a/labels/{label}/metadata',
    ],
    ...['/v2/models/a', '/v2/models/a/ready', '/v2/models/a/infer', '/v2/models/a/versions/{version}/infer'],
    ...[`/v1/models/${other}:classify`, `/v1/models/${encodeURIComponent('b_ü_{x}')}:regress`],
    ...['/v1/models', '/v2', '/v2/health/live', '/v2/health/ready', '/v2/repository/index'],
    ...['/v2/repository/models/{name}/load', '/v2/repository/models/{name}/unload'],
  ])
    t.ok(path in document.paths, path);
  t.notOk('/v1/models/a:classify' in document.paths, 'no signature of it takes examples');
  t.notOk(`/v2/models/${other}/labels/{label}` in document.paths);
  const enumOf = (path: string) => Object(document.paths[path]?.parameters)[0].schema.enum;
  t.same(enumOf('/v1/models/a/versions/{version}:predict'), ['2', '1']);
  t.same(enumOf('/v1/models/a/labels/{label}:predict'), ['stable']);
  t.match(document.tags, [{ name: 'process' }, { name: 'a', description: 'A model; versions 2, 1' }]);
});

t.test('versions that differ have schemas of their own', async (t) => {
  const document = await of({
    m: {
      versions: [
        ['3', [wider]],
        ['2', [plain]],
        ['1', [wider]],
      ],
      labels: { old: '2', new: '3' },
    },
  });
  const enumOf = (path: string) => Object(document.paths[path]?.parameters)[0]?.schema.enum;
  t.same(enumOf('/v1/models/m/versions/{version}:predict'), ['3', '1']);
  t.same(enumOf('/v1/models/m/labels/{label}:predict'), ['new']);
  for (const path of [
    '/v1/models/m/versions/2:predict',
    '/v1/models/m/labels/old:predict',
    '/v2/models/m/versions/2/infer',
  ])
    t.ok(path in document.paths, path);
  const flat = { instances: [1, 2] };
  const rows = { instances: [[1, 2]] };
  t.same(
    ['m', 'm.2'].map((id) => [flat, rows].map((body) => fits(document, `${id}.PredictRequest`, body))),
    [
      [false, true],
      [true, false],
    ],
  );
});

const initial = {
  proto: { dtype: 1, shape: [], content: new Uint8Array(), values: undefined },
  ...{ shape: [], data: new Uint8Array(4) },
};

t.test('bodies that fit, and bodies that do not', async (t) => {
  const defaults = new Map([['scale', initial]]);
  const scaled = signature('serving_default', [['scale', 'DT_FLOAT', []], x], [['y', 'DT_FLOAT']], {
    defaults,
  });
  const both = signature('serving_default', [x, ['n', 'DT_INT64']], [['y', 'DT_FLOAT']]);
  const document = await of({
    c: { versions: [['1', [plain, classify]]] },
    r: { versions: [['1', [regress]]] },
    d: { versions: [['1', [scaled]]] },
    two: { versions: [['1', [both]]] },
  });
  const input = { name: 'x', shape: [2], datatype: 'FP32', data: [1, 2] };
  const output = { name: 'y', shape: [2], datatype: 'FP32', data: [1, 2] };
  const answer = { model_name: 'c', model_version: '1', outputs: [output] };
  for (const [schema, value, good] of [
    // As TensorFlow Serving was recorded to take and give them.
    [
      'c.ClassifyRequest',
      { signature_name: 'classify', examples: [{ x: 1.5 }, { x: [1.5], tag: ['cat'] }] },
      true,
    ],
    ['c.ClassifyRequest', { signature_name: 'classify', context: { x: 1 }, examples: [{}] }, true],
    ['c.ClassifyRequest', { signature_name: 'classify', examples: [{ b: { b64: 'AA==' }, t: true }] }, true],
    ['c.ClassifyRequest', { examples: [{ x: 1 }] }, false],
    ['c.ClassifyRequest', { signature_name: 'classify', examples: [] }, false],
    ['c.ClassifyRequest', { signature_name: 'classify', examples: [1] }, false],
    [
      'ClassifyResponse',
      {
        results: [
          [
            ['x', 1.5],
            ['n', 7],
          ],
          [['x', 2]],
        ],
      },
      true,
    ],
    ['ClassifyResponse', { results: [1] }, false],
    ['r.RegressRequest', { examples: [{ x: 1 }] }, true],
    ['r.RegressRequest', { signature_name: 'other', examples: [{ x: 1 }] }, false],
    ['RegressResponse', { results: [1.5, 2] }, true],
    ['RegressResponse', { results: [[1]] }, false],
    ['d.PredictRequest', { inputs: { x: [1] } }, true],
    ['d.PredictRequest', { inputs: { x: [1], scale: 2 } }, true],
    ['d.PredictRequest', { inputs: { scale: 2 } }, false],
    [
      'c.InferRequest',
      { inputs: [input], outputs: [{ name: 'y', parameters: { binary_data: true } }] },
      true,
    ],
    [
      'c.InferRequest',
      { id: '1', inputs: [{ ...input, data: undefined, parameters: { binary_data_size: 8 } }] },
      true,
    ],
    ['c.InferRequest', { inputs: [] }, false],
    ['c.InferRequest', { inputs: [{ ...input, datatype: 'FP64' }] }, false],
    ['c.InferRequest', { inputs: [{ ...input, name: 'z' }] }, false],
    ['c.InferRequest', { inputs: [{ ...input, shape: [2, 1] }] }, false],
    ['c.InferRequest', { inputs: [input], outputs: [{ name: 'z' }] }, false],
    ['two.InferRequest', { inputs: [input] }, false],
    ['c.InferResponse', answer, true],
    ['c.InferResponse', { ...answer, outputs: [{ ...output, name: 'z' }] }, false],
  ] as const) {
    const json: unknown = JSON.parse(JSON.stringify(value));
    t.equal(fits(document, schema, json), good, `${schema} ${JSON.stringify(value)}`);
  }
});

t.test('a model that V2 cannot call is not described there', async (t) => {
  const document = await of({ m: { versions: [['1', [classify, { ...classify, name: 'other' }]]] } });
  t.ok('/v1/models/m:predict' in document.paths);
  t.notOk('/v2/models/m/infer' in document.paths);
});

t.test('changes with the models, and only then', async (t) => {
  let models = catalogueOf({ a: { versions: [['1', [plain]]] } });
  let asked = 0;
  const app = appOf({
    has: (name) => models.has(name),
    find: (name, which) => models.find(name, which),
    statusOf: () => [],
    repository: () => [],
    list: () => {
      asked++;
      return models.list();
    },
  });
  const text = async () => (await app.fetch(new Request('http://localhost/openapi.json'))).text();
  const [one, again] = await Promise.all([text(), text()]);
  t.equal(one, again);
  t.equal(asked, 2);
  models = catalogueOf({ a: { versions: [['1', [wider]]] } });
  const other = await text();
  t.not(other, one, 'the same version, loaded anew');
  models = catalogueOf({ a: { versions: [['1', [wider]]], labels: { l: '1' } } });
  t.match(await text(), 'labels/{label}');
});

t.test('with 50 models of 20 signatures, others have their turn while it is written', async (t) => {
  const names = Array.from({ length: 50 }, (_, i) => `model-${i}`);
  const signatures = Array.from({ length: 20 }, (_, i) =>
    signature(`s${i}`, [x, ['n', 'DT_INT64']], [['y', 'DT_FLOAT']]),
  );
  const app = appOf(
    catalogueOf(Object.fromEntries(names.map((name) => [name, { versions: [['1', signatures]] }]))),
  );
  let turns = 0;
  let isDone = false;
  const document = documentOf(app).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await nextTurn();
    turns++;
  }
  t.ok(turns >= 100, `${turns} turns of the event loop: two for each model`);
  t.ok('/v1/models/model-49:predict' in (await document).paths);
});
