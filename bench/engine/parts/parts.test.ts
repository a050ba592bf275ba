/** The parts that npm run bench asks, against a server of a few lines that answers every model. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LoadClient } from '../../clients/client.ts';
import type { Bench, Known, Part } from '../plan.ts';
import { quickBeside } from '../settings.ts';
import { stubServer, THIRDS } from '../testing.ts';
import { growth } from './growth.ts';
import { load } from './load.ts';
import { mixed } from './mixed.ts';
import { openLoop } from './open-loop.ts';

const root = t.testdir();
mkdirSync(join(root, '.cache/models/encoder/1'), { recursive: true });
const script = join(root, 'server.mjs');
writeFileSync(
  script,
  `import { createServer } from 'node:http';
  const celsius = (x) => Math.fround((Math.fround(x) - 32) * 5 / 9);
  createServer(async (request, response) => {
    if (request.method === 'GET') return response.end('ok');
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = request.url.includes('celsius') ? celsius : (x) => x / 3;
    response.end(JSON.stringify({ predictions: JSON.parse(body).instances.map(answer) }));
  }).listen(Number(process.env.PORT), '127.0.0.1');`,
);
const server = stubServer(script);
const settings = {
  ...quickBeside,
  ...{
    warmup_s: 0,
    load_s: 0.05,
    open_warmup_s: 0,
    open_s: 0.1,
    mixed_s: 0.1,
    growth_s: 0.05,
    settle_s: 0.1,
  },
  ...{ clients: [1, 8], growth_models: [2], growth_versions: [2], growth_connections: [0, 20] },
};
const client = await LoadClient.start();
t.teardown(() => client.stop());
const bench: Bench = {
  ...{ root, settings, client, signal: new AbortController().signal, first: false, python: '' },
  ...{ wrk: null, h2load: null, cpus: { server: null, client: null } },
  rows: (file) =>
    file === 'load' ? [{ model: 'encoder', target: 'celsiusify', clients: 8, requests_per_s: 200 }] : [],
  examples: () => THIRDS,
  inputOf: () => ({ name: 'x', dtype: 'float32' }),
};
const known: Known = { settings, models: ['encoder', 'resnet50'], ready: [server] };

/** All rows of a part, without those that say why there are none: there must not be any. */
async function rowsOf(part: Part) {
  const rows = [];
  for (const step of part.steps(known)) rows.push(...(await step.run(bench)).rows);
  t.same(
    rows.filter(({ file }) => file === 'not-measured').map(({ cells }) => cells.reason),
    [],
  );
  return rows;
}

t.test('load: its start, its memory and its probes, too', async (t) => {
  const rows = await rowsOf({ ...load, models: () => ['encoder'] });
  const files = Map.groupBy(rows, ({ file }) => file);
  t.match(files.get('start'), [{ cells: { model: 'encoder', requests_before: 1 } }]);
  t.match(files.get('memory'), [{ cells: { state: 'idle' } }, { cells: { state: 'loaded', clients: 8 } }]);
  t.match(files.get('load'), [{ cells: { clients: 1 } }, { cells: { clients: 8 } }]);
  t.match(files.get('probes'), [{ cells: { during: 'load' } }, { cells: { path: '/healthz', errors: 0 } }]);
  // how many, a busy machine decides
  for (const { cells } of files.get('load') ?? [])
    t.match(cells, { errors: 0, wrong_answers: 0, unfinished: 0 });
});

t.test('open loop: shares of the slower one’s maximum', async (t) => {
  const rows = await rowsOf(openLoop);
  t.match(rows, [
    { cells: { basis_target: 'celsiusify', share_of_basis: 0.5, rate_per_s: 100, errors: 0 } },
    { cells: { share_of_basis: 1.1, basis_requests_per_s: 200 } },
  ]);
  const [step] = openLoop.steps(known);
  const without = await step?.run({ ...bench, rows: () => [] });
  t.match(without?.rows, [{ file: 'not-measured', cells: { reason: /no closed loop of 8 clients/ } }]);
});

t.test('mixed: alone, and both at once', async (t) => {
  const rows = await rowsOf(mixed);
  const said = rows.map(
    ({ cells }) => `${cells.scenario} ${cells.role} ${cells.beside} ${cells.model} ${cells.rows}`,
  );
  t.same(said, [
    'heavy small false celsius 1',
    'heavy large false resnet50 1',
    'heavy small true celsius 1',
    'heavy large true resnet50 1',
    'greedy small false encoder 1',
    'greedy large false encoder 8',
    'greedy small true encoder 1',
    'greedy large true encoder 8',
  ]);
  for (const { cells } of rows) t.match(cells, { errors: 0, wrong_answers: 0, unfinished: 0 });
});

t.test('growth: each dimension with what grows in it', async (t) => {
  const rows = await rowsOf(growth);
  const of = (dimension: string) =>
    rows.flatMap(({ cells }) => (cells.dimension === dimension ? [cells] : []));
  t.match(of('rows'), [
    { value: 1, connections: 1 },
    { value: 8, request_bytes: 31 },
  ]);
  t.match(of('bytes'), [{ value: 100, model: 'celsius' }, { value: 10_000 }]);
  for (const dimension of ['models', 'versions'])
    t.match(of(dimension), [{ value: 2, model: 'encoder', requests: null, connections: null }], dimension);
  t.ok(Number(of('models')[0]?.ready_ms) > 0);
  t.match(of('connections'), [
    { value: 0, errors: 0 },
    { value: 20, errors: 0, connections: 8 },
  ]);
  t.same(of('cores'), [], 'its model was not chosen');
  const cores = growth.steps({ ...known, models: ['mobilenet_v2'] }).find(({ id }) => /cores\/1/.test(id));
  t.match((await cores?.run(bench))?.rows, [{ cells: { dimension: 'cores', value: 1, connections: 8 } }]);
});
