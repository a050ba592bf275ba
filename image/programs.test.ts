import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { KNOWN_ANSWERS, parseTarget } from './check.ts';
import { exampleOf } from './models.ts';

const RUN_ID = '01981a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b';

/** How the server of a case answers the rows that it was asked for. */
type Answer = (rows: number[]) => { status?: number; body: string; runId?: string };

const known = new Map(KNOWN_ANSWERS);
const celsius = (rows: number[], offset = 0) => {
  const values = rows.map((f) => Math.fround(known.get(f) ?? Number.NaN) + offset);
  return values.length === 1 ? values[0] : values;
};
const right: Answer = (rows) => ({
  body: JSON.stringify({ celsius: celsius(rows), runId: RUN_ID }),
  runId: RUN_ID,
});

const info = { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: '-1' }], unknown_rank: false }, name: 'x:0' };
const celsiusSignature = { inputs: { fahrenheit: info }, outputs: { celsius: info } };
/** What the server of a case says of its models, before it is asked for answers. */
interface Models {
  readonly name: string;
  readonly state: string;
  readonly signature: unknown;
}
const CELSIUS: Models = { name: 'celsius', state: 'AVAILABLE', signature: celsiusSignature };

function describe({ name, state, signature }: Models, path = ''): unknown {
  if (path === '/v1/models') return { models: [{ name }] };
  if (path === `/v1/models/${name}`)
    return { model_version_status: [{ version: '1', state, status: { error_message: 'why' } }] };
  const signature_def = { serving_default: signature };
  return path.endsWith('/metadata') ? { metadata: { signature_def: { signature_def } } } : undefined;
}

/** Runs a program of this folder against a server of the case; what it printed and its exit code. */
async function run(file: string, args: string[], answer: Answer | undefined, models: Models = CELSIUS) {
  const server = createServer(async (request, response) => {
    const described = request.method === 'GET' && describe(models, request.url);
    if (described) {
      response.end(JSON.stringify(described));
      return;
    }
    const asked: { fahrenheit?: number | number[]; instances?: number[]; inputs?: { fahrenheit: number[] } } =
      JSON.parse((await text(request)) || '{}');
    const rows = [asked.instances ?? asked.fahrenheit ?? asked.inputs?.fahrenheit ?? []].flat();
    const { status = 200, body, runId } = answer?.(rows) ?? { body: '' };
    response.writeHead(status, runId ? { 'x-run-id': runId } : {}).end(body);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)); // TCP: never a path
  });
  if (!answer) server.close();
  const all = [
    new URL(file, import.meta.url).pathname,
    ...args.map((a) => a.replace('URL', `http://127.0.0.1:${port}`)),
  ];
  const child = spawn(process.execPath, all, {
    env: { ...process.env, PORT: String(port), GRPC_PORT: '0' },
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  server.close();
  return { stdout, stderr, code };
}

const checks: [name: string, args: string[], answer: Answer | undefined, code: number, says: RegExp][] = [
  ['right answers', ['URL'], right, 0, new RegExp(`\n212 °F is 100 °C, run ${RUN_ID}`)],
  ['a slash at the end', ['URL/'], right, 0, /\n212 °F/],
  [
    'TensorFlow Serving',
    ['--api', 'predict', 'URL'],
    (rows) => ({ body: JSON.stringify({ predictions: [celsius(rows)].flat() }) }),
    0,
    /\n212 °F is 100 °C\n/,
  ],
  [
    'a wrong value',
    ['URL'],
    (rows) => ({ ...right(rows), body: JSON.stringify({ celsius: celsius(rows, 1), runId: RUN_ID }) }),
    1,
    /212 °F gave 101 °C, not 100/,
  ],
  ['no run ID', ['URL'], (rows) => ({ body: JSON.stringify({ celsius: celsius(rows) }) }), 1, /no run ID/],
  [
    'another run ID in the header',
    ['URL'],
    (rows) => ({ ...right(rows), runId: 'other' }),
    1,
    /but other in x-run-id/,
  ],
  [
    'a bad request',
    ['URL'],
    () => ({ status: 400, body: '{"error":"why"}' }),
    1,
    /status 400: {"error":"why"}/,
  ],
  ['busy for ever', ['--wait', '0', 'URL'], () => ({ status: 503, body: 'busy' }), 1, /status 503: busy/],
  ['not JSON', ['URL'], () => ({ body: '<html>' }), 1, /^check: .*JSON/],
  ['no server', ['--wait', '0', 'URL'], undefined, 1, /ECONNREFUSED/],
  ['no URL', [], right, 2, /one URL is wanted/],
  ['an unknown API', ['--api', 'grpc', 'URL'], right, 2, /grpc is neither/],
  ['a bad wait', ['--wait', 'long', 'URL'], right, 2, /long is no number/],
  ['an unknown option', ['--hots', 'URL'], right, 2, /--hots/],
  ['help', ['--help'], right, 0, /usage: node check\.mjs/],
];

for (const [name, args, answer, code, says] of checks) {
  t.test(`check: ${name}`, async (t) => {
    const got = await run('check.ts', args, answer);
    t.equal(got.code, code, got.stderr);
    t.match(code ? got.stderr : got.stdout, says);
    if (code) t.equal(got.stderr.trim().split('\n').length, 1, 'one line');
  });
}

const noCelsius = { inputs: { x: info }, outputs: { y: info } };
const sparse = { inputs: { x: { dtype: 'DT_FLOAT', coo_sparse: {} } }, outputs: {} };
const others: [name: string, model: Models, answer: Answer, code: number, says: RegExp][] = [
  [
    'a model that is not there',
    { ...CELSIUS, state: 'LOADING' },
    right,
    1,
    /celsius: no version is available: version 1 is LOADING why/,
  ],
  [
    'another model',
    { name: 'half', state: 'AVAILABLE', signature: noCelsius },
    () => ({ body: '{"outputs": [0]}' }),
    0,
    /^half: version 1 available\nhalf: \{"signature_name":"serving_default","inputs":\{"x":\[0\]\}\} gave \{"outputs": \[0\]\}\n$/,
  ],
  [
    'a model that refuses zeros',
    { name: 'half', state: 'AVAILABLE', signature: noCelsius },
    () => ({ status: 400, body: 'not zero' }),
    0,
    /half: the model refuses .* \(400: not zero\), as it may/,
  ],
  [
    'a model that fails',
    { name: 'half', state: 'AVAILABLE', signature: noCelsius },
    () => ({ status: 500, body: 'broken' }),
    1,
    /half: .* gave status 500: broken/,
  ],
  [
    'a sparse input',
    { name: 'half', state: 'AVAILABLE', signature: sparse },
    right,
    0,
    /half: no example can be made/,
  ],
];
for (const [name, model, answer, code, says] of others) {
  t.test(`check: ${name}`, async (t) => {
    const got = await run('check.ts', ['--wait', '0', 'URL'], answer, model);
    t.equal(got.code, code, got.stderr);
    t.match(code ? got.stderr : got.stdout, says);
  });
}

t.test('examples from signatures', async (t) => {
  const input = (dtype: string, dim: { size: string }[] | undefined) => ({
    inputs: { x: { dtype, tensor_shape: dim ? { dim } : { unknown_rank: true }, name: 'x:0' } },
  });
  const cases: [signatures: unknown, body: unknown][] = [
    [{}, undefined],
    [{ __saved_model_init_op: input('DT_FLOAT', []) }, undefined],
    [{ a: input('DT_STRING', []) }, { signature_name: 'a', inputs: { x: 'text' } }],
    [{ a: input('DT_BOOL', undefined) }, { signature_name: 'a', inputs: { x: [false] } }],
    [
      { a: input('DT_INT64', [{ size: '-1' }, { size: '2' }]), serving_default: input('DT_COMPLEX64', []) },
      { signature_name: 'serving_default', inputs: { x: [0, 0] } },
    ],
    [
      { a: input('DT_INT64', [{ size: '-1' }, { size: '2' }]) },
      { signature_name: 'a', inputs: { x: [[0, 0]] } },
    ],
    [{ a: input('DT_FLOAT', [{ size: '10000' }, { size: '10000' }]) }, undefined],
  ];
  for (const [signatures, body] of cases)
    t.same(exampleOf(signatures)?.body, body, JSON.stringify(signatures));
});

t.test('check: a server that is not ready yet is asked again', async (t) => {
  let asked = 0;
  const got = await run('check.ts', ['URL'], (rows) =>
    asked++ < 2 ? { status: 503, body: '' } : right(rows),
  );
  t.equal(got.code, 0, got.stderr);
});

t.test('check: defaults', async (t) => {
  t.strictSame(parseTarget(['http://h:1/']), {
    url: 'http://h:1',
    api: 'celsius',
    model: 'celsius',
    wait: 30,
  });
});

t.test('health check', async (t) => {
  const well = await run('health-check.ts', [], () => ({ body: '{}' }));
  t.equal(well.code, 0, well.stderr);
  const ill = await run('health-check.ts', [], () => ({ status: 503, body: '' }));
  t.equal(ill.code, 1);
  t.match(ill.stderr, /gave status 503/);
  const gone = await run('health-check.ts', [], undefined);
  t.equal(gone.code, 1);
  t.match(gone.stderr, /ECONNREFUSED/);
});
