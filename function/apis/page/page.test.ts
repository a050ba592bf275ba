import { createHash } from 'node:crypto';
import t from 'tap';
import { unavailable } from '../../errors.ts';
import type { ServedSignature } from '../../model/saved-model.ts';
import type { ModelStatus, VersionStatus } from '../../models/status.ts';
import { celsiusSignature, describedModel, testApp, testModel } from '../../testing/app.ts';
import type { Deps } from '../deps.ts';
import type { PageState } from './page-data.ts';

const celsius = await testModel(t);

/** A catalogue that can only be listed. */
const testModels = (list: readonly Partial<ModelStatus>[]): Deps['models'] => ({
  ...{ has: () => false, find: loading, statusOf: () => [], repository: () => [] },
  list: () => list.map((one) => ({ name: 'm', versions: [], labels: new Map(), reason: '', ...one })),
});

const loading = () => {
  throw unavailable('the model is being loaded');
};

async function page(testing = testApp(celsius), path = '/', method = 'GET') {
  const reply = await testing.app.fetch(new Request(`http://localhost${path}`, { method }));
  return { ...testing, reply, text: await reply.text() };
}

t.test('shows the process, its cold start, the model and where the rest is', async (t) => {
  const coldStart = new Map([
    ['process', 0.0201],
    ['native', 0.06],
    ['unheard-of', 0],
  ]);
  const { reply, text, runId } = await page(testApp(celsius, { coldStart }));
  t.equal(reply.status, 200);
  t.equal(reply.headers.get('content-type'), 'text/html; charset=utf-8');
  t.equal(reply.headers.get('x-run-id'), runId);
  const wanted = [
    `<code id="run-id">${runId}</code>`,
    '<h2 id="model" class="title">celsius</h2>',
    '1.2.3',
    '20.1 ms',
    '60.0 ms',
    '80.1 ms',
    'unheard-of',
    'x="25.09%" width="74.91%"',
    'href="healthz"',
    'href="readyz"',
    'href="metrics"',
    'href="openapi.json"',
    'href="v1/models"',
    'POST /celsius',
    '0 of 2',
  ];
  for (const one of wanted) t.ok(text.includes(one), one);
});

t.test('HEAD has the headers and no body', async (t) => {
  const { reply, text } = await page(testApp(celsius), '/', 'HEAD');
  t.equal(reply.status, 200);
  t.equal(text, '');
  t.ok(reply.headers.has('content-security-policy'));
});

t.test('the policy allows what stands in the page, and nothing from elsewhere', async (t) => {
  const { reply, text } = await page();
  const hashOf = (element: string) => {
    const inside = new RegExp(`<${element}>([^]*?)</${element}>`).exec(text)?.[1] ?? '';
    return `'sha256-${createHash('sha256').update(inside).digest('base64')}'`;
  };
  t.equal(
    reply.headers.get('content-security-policy'),
    `default-src 'none'; script-src ${hashOf('script')}; style-src ${hashOf('style')}; img-src data:; ` +
      "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  t.equal(reply.headers.get('x-content-type-options'), 'nosniff');
  t.equal(reply.headers.get('referrer-policy'), 'no-referrer');
  t.equal(reply.headers.get('cache-control'), 'no-store');
  t.notMatch(text, / style=| on\w+=/, 'no attribute that the policy forbids');
});

const conversions = [
  { query: '', value: '212', answer: '—' },
  { query: '?fahrenheit=', value: '212', answer: '—' },
  { query: '?fahrenheit=%20', value: '212', answer: '—' },
  { query: '?fahrenheit=-40', value: '-40', answer: '-40' },
  { query: '?fahrenheit=98.6', value: '98.6', answer: '37' },
  { query: '?fahrenheit=1e10', value: '1e10', answer: '5555555300' }, // float32's own shortest form
  { query: '?other=1&fahrenheit=32', value: '32', answer: '0' },
  { query: '?fahrenheit=warm', value: 'warm', answer: '—', error: /fahrenheit: .*number/ },
  { query: '?fahrenheit=1e39', value: '1e39', answer: '—', error: /beyond the range of float32/ },
  { query: '?fahrenheit="><script>', value: '&#34;&#62;&#60;script&#62;', answer: '—', error: /fahrenheit/ },
  { query: `?fahrenheit=${'9'.repeat(400)}`, value: '9'.repeat(40), answer: '—', error: /fahrenheit/ },
];

for (const { query, value, answer, error } of conversions) {
  t.test(`without JavaScript: /${query.slice(0, 40)}`, async (t) => {
    const { text } = await page(testApp(celsius), `/${query}`);
    t.ok(text.includes(`value="${value}"`), text);
    t.equal(/<output[^>]*>(.*?)<\/output/.exec(text)?.[1], answer);
    const note = /<p id="by"[^>]*>([^<]*)</.exec(text)?.[1] ?? '';
    if (error === undefined) t.equal(note, '');
    else t.match(note, error);
  });
}

const other: ServedSignature = {
  ...celsiusSignature(),
  inputs: [{ key: "it's <x>", name: 'x:0', dtype: 'DT_STRING', shape: [-1, 2] }],
  outputs: [{ key: 'y', name: 'y:0', dtype: 'DT_FLOAT', shape: undefined }],
};

t.test('a model that is not celsius has no form of °F', async (t) => {
  const model = { ...describedModel(other), name: 'words' };
  const { text } = await page(testApp(model, { modelName: 'words' }));
  t.notMatch(text, /class="convert"|POST \/celsius/);
  t.match(text, '<title>words · Celsiusify</title>');
});

t.test(
  'without JavaScript the models are a table, and their names cannot break out of the page',
  async (t) => {
    const name = '</script><script>alert(1)</script>"&';
    const models = { ...testModels([{ name, versions: [] }]) };
    const { text } = await page(testApp(celsius, { models, modelName: 'absent' }));
    t.equal(text.split('<script').length, 3, 'two scripts: the state and the program');
    t.match(text, '<a href="v1/models/%3C%2Fscript%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%26/metadata">');
    const state = /<script type="application\/json" id="state">(.*?)<\/script>/.exec(text)?.[1] ?? '';
    t.equal(JSON.parse(state).models[0].name, name);
  },
);

t.test('while the model is being loaded', async (t) => {
  const models = testModels([{ reason: 'it is being loaded' }]);
  const coldStart = new Map();
  const testing = testApp(celsius, { phase: () => 'starting', served: loading, coldStart, models });
  const { reply, text } = await page(testing, '/?fahrenheit=212');
  t.equal(reply.status, 200);
  t.match(text, 'class="state starting"');
  t.notMatch(text, 'NaN');
});

t.test('/metrics on a port of its own is not linked', async (t) => {
  const { text } = await page(testApp(celsius, { metricsHere: false }));
  t.notMatch(text, 'href="metrics"');
});

t.test('a fault that is no HTTP error is one of the server', async (t) => {
  const fault = () => {
    throw new Error('boom');
  };
  for (const path of ['/', '/?fahrenheit=1']) {
    const { reply, text } = await page(testApp(celsius, { served: fault }), path);
    t.equal(reply.status, 500);
    t.notMatch(text, 'boom');
  }
});

t.test('gives away neither paths nor environment', async (t) => {
  const { text } = await page();
  for (const secret of [process.cwd(), process.env.HOSTNAME, process.env.PATH, 'celsius-00001']) {
    if (secret) t.notOk(text.includes(secret), secret);
  }
});

async function stateOf(overrides: Partial<Deps>): Promise<PageState> {
  const { reply, text } = await page(testApp(celsius, overrides), '/page/state');
  t.equal(reply.status, 200);
  t.equal(reply.headers.get('cache-control'), 'no-store');
  return JSON.parse(text);
}

const status = (version: string, state: VersionStatus['state'], code: VersionStatus['code'] = 'OK') => ({
  ...{ version, state, code },
  message: code === 'OK' ? '' : 'it is damaged',
});

t.test('the state has the process and the models: their versions, states, reasons and labels', async (t) => {
  const versions = [status('3', 'END', 'DATA_LOSS'), status('2', 'AVAILABLE'), status('1', 'END')];
  const labels = new Map([
    ['stable', '2'],
    ['prod', '2'],
  ]);
  const models = testModels([
    { name: 'a', versions, labels },
    { name: 'b', versions: [status('1', 'LOADING')], reason: 'it is being loaded' },
    { name: 'c', versions: [], reason: 'no model folder at /m/c' },
  ]);
  const state = await stateOf({ models, load: () => ({ threads: 4, busy: 3, rowsWaiting: 17 }) });
  t.match(state, {
    phase: 'ready',
    uptimeSeconds: Number,
    load: { threads: 4, busy: 3, rowsWaiting: 17 },
    more: 0,
  });
  t.same(state.models, [
    {
      name: 'a',
      standing: 'available',
      reason: '',
      unloaded: 1,
      more: 0,
      versions: [
        { ...status('3', 'END', 'DATA_LOSS'), labels: [] },
        { ...status('2', 'AVAILABLE'), labels: ['stable', 'prod'] },
      ],
    },
    {
      name: 'b',
      standing: 'loading',
      reason: 'it is being loaded',
      unloaded: 0,
      more: 0,
      versions: [{ ...status('1', 'LOADING'), labels: [] }],
    },
    { name: 'c', standing: 'failed', reason: 'no model folder at /m/c', unloaded: 0, more: 0, versions: [] },
  ]);
});

t.test('however many models and versions there are, the state stays small', async (t) => {
  const versions = Array.from({ length: 1000 }, (_, i) => status(String(i), i < 100 ? 'AVAILABLE' : 'END'));
  const state = await stateOf({ models: testModels(Array.from({ length: 600 }, () => ({ versions }))) });
  t.equal(state.models.length, 500);
  t.equal(state.more, 100);
  t.equal(state.models[0]?.versions.length, 20);
  t.equal(state.models[0]?.more, 80);
  t.equal(state.models[0]?.unloaded, 900);
});

t.test('a model is described by its signatures, each with an example', async (t) => {
  const half = { ...other, name: 'half', unsupported: 'input "x" has dtype DT_VARIANT' };
  const model = describedModel(celsiusSignature(), half);
  const { text, reply } = await page(testApp(model), '/page/models/celsius');
  t.equal(reply.status, 200);
  t.same(JSON.parse(text), {
    name: 'celsius',
    version: '1',
    more: 0,
    signatures: [
      {
        name: 'serving_default',
        method: 'tensorflow/serving/predict',
        unsupported: '',
        inputs: [{ key: 'fahrenheit', dtype: 'float', shape: '[?]', default: '' }],
        outputs: [{ key: 'celsius', dtype: 'float', shape: '[?]', default: '' }],
        more: 0,
        example: '{\n  "instances": [212]\n}',
      },
      {
        name: 'half',
        method: 'tensorflow/serving/predict',
        unsupported: half.unsupported,
        inputs: [{ key: "it's <x>", dtype: 'string', shape: '[?, 2]', default: '' }],
        outputs: [{ key: 'y', dtype: 'float', shape: 'any shape', default: '' }],
        more: 0,
        example: '',
      },
    ],
  });
});

for (const { path, status } of [
  { path: '/page/models/absent', status: 404 },
  { path: '/page/models/%', status: 404 },
  { path: '/page/models/celsius/versions/7', status: 404 },
  { path: '/page/models/celsius/versions/1', status: 200 },
  { path: '/page/models/celsius/versions/x', status: 404 },
  { path: '/page/models', status: 404 },
]) {
  t.test(`${path} is ${status}`, async (t) => {
    t.equal((await page(testApp(describedModel(celsiusSignature())), path)).reply.status, status);
  });
}
