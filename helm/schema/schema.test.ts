import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAllYaml } from '@kubernetes/client-node';
import { Ajv } from 'ajv';
import t from 'tap';
import { OPTIONS } from '../../function/process/options.ts';
import { files, HELM } from './files.ts';
import { ELSEWHERE } from './options.ts';

const read = (file: string) => readFileSync(join(HELM, file), 'utf8');
const keysOf = (value: unknown) => Object.keys(Object(value)).sort();
const at = (value: unknown, key: string): unknown => Reflect.get(Object(value), key);

t.test('generated files are up to date', async (t) => {
  for (const [file, text] of files()) t.ok(read(file) === text, `helm/${file}: else npm run docs:charts`);
});

for (const chart of ['celsius', 'locust']) {
  t.test(`${chart}: values and schema`, async (t) => {
    const [values] = loadAllYaml(read(`${chart}/values.yaml`)) as unknown[];
    const schema: object = JSON.parse(read(`${chart}/values.schema.json`));
    const known = keysOf(at(schema, 'properties')).filter((key) => key !== 'global');
    t.strictSame(known, keysOf(values), 'the same keys');
    const check = new Ajv({ strict: false }).compile(schema);
    t.ok(check(values), JSON.stringify(check.errors));
    t.equal(JSON.stringify(schema).match(/"\$ref":"(?!#)/), null, 'nothing has to be fetched');
    const rows = read(`${chart}/README.md`)
      .split('\n')
      .filter((line) => /^\| \w/.test(line));
    t.ok(rows.length > 20, 'the README has the table');
    for (const row of rows.slice(1)) t.notMatch(row, /\| *\|$/, row);
    const paths = rows.slice(1).map((row) => row.split(' ')[1]);
    for (const key of keysOf(values)) {
      t.ok(
        paths.some((path) => path === key || path?.startsWith(`${key}.`)),
        `README: ${key}`,
      );
    }
  });
}

t.test('every option of the server can be set, and has its line', async (t) => {
  const [values] = loadAllYaml(read('celsius/values.yaml')) as unknown[];
  const options = Object.keys(OPTIONS).filter((option) => !ELSEWHERE.includes(option));
  t.strictSame(keysOf(at(values, 'config')), options.sort());
});

t.test('the metrics to scale by are those of the server', async (t) => {
  const known = ['prometheus.ts', 'prometheus-versions.ts']
    .map((file) => readFileSync(join(HELM, '../function/telemetry', file), 'utf8'))
    .join('');
  const queries = read('celsius/templates/_autoscaling.tpl').match(/\b(sum|rate)\(celsiusify_\w+/g) ?? [];
  const names = queries.map((query) => query.replace(/^.*\(/, '').replace(/_(sum|count)$/, ''));
  t.equal(new Set(names).size, 3);
  for (const name of names) t.ok(known.includes(`'${name}'`), name);
});

t.test('the icon is that of icon.svg', async (t) => {
  const icon = Buffer.from(read('icon.svg').trim()).toString('base64');
  for (const chart of ['celsius', 'locust']) t.ok(read(`${chart}/Chart.yaml`).includes(icon), chart);
});
