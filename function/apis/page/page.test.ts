import { createHash } from 'node:crypto';
import t from 'tap';
import { unavailable } from '../../errors.ts';
import type { ServedSignature } from '../../model/saved-model.ts';
import { celsiusSignature, describedModel, testApp, testModel } from '../../testing/app.ts';

const celsius = await testModel(t);

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
    'celsius, version 1',
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
    'href="v1/models/celsius"',
    'POST /celsius',
    'DT_FLOAT',
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
    const inside = new RegExp(`<${element}>([^]*)</${element}>`).exec(text)?.[1] ?? '';
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

t.test('a model that is not celsius gets an example of :predict in place of the form', async (t) => {
  const model = { ...describedModel(other), name: 'words' };
  const { text } = await page(testApp(model, { modelName: 'words' }));
  t.notMatch(text, /<form|POST \/celsius/);
  t.match(text, 'v1/models/words:predict');
  t.match(text, 'it&#39;s &#60;x&#62;', "the model's own names are escaped");
  t.match(text, 'any shape');
  t.match(text, '[-1, 2]');
});

t.test('a signature that cannot be served says why, and has no example', async (t) => {
  const unsupported = 'input "x" has dtype DT_HALF';
  const { text } = await page(testApp(describedModel({ ...other, name: 'half', unsupported })));
  t.match(text, 'input &#34;x&#34; has dtype DT_HALF');
  t.match(text, '@request.json');
});

t.test('while the model is being loaded', async (t) => {
  const testing = testApp(celsius, { phase: () => 'starting', served: loading, coldStart: new Map() });
  const { reply, text } = await page(testing, '/?fahrenheit=212');
  t.equal(reply.status, 200);
  t.match(text, 'class="state starting"');
  t.match(text, 'The model is being loaded');
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
