import { cp, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { TestFolder, until } from '../testing/models.ts';
import { fixture, startServer } from '../testing/whole-server.ts';

/** Copies a recorded model so that it appears whole. @param to e.g. `shift/1` */
async function put(folder: TestFolder, from: string, to = from): Promise<void> {
  const beside = join(folder.path, `.beside-${to.replace('/', '-')}`);
  await cp(join(fixture('tf-serving-models'), from), beside, { recursive: true });
  await mkdir(dirname(join(folder.path, to)), { recursive: true });
  await rename(beside, join(folder.path, to));
}

interface Answer {
  readonly status: number;
  readonly version: string | null;
  readonly json: Record<string, unknown>;
}

async function ask(url: string, path: string, body?: unknown): Promise<Answer> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(url + path, init);
  return {
    status: answer.status,
    version: answer.headers.get('x-model-version'),
    json: (await answer.json()) as Record<string, unknown>, // all of these answers are JSON objects
  };
}

t.test('a folder of models', async (t) => {
  const folder = await TestFolder.make(t);
  await put(folder, 'shift/1');
  await put(folder, 'double/3');
  const { url, logs } = await startServer(t, { MODELS_DIR: folder.path });
  for (const { path, value, version } of [
    { path: '/v1/models/shift:predict', value: 2, version: '1' },
    { path: '/v1/models/double:predict', value: 6, version: '3' },
    { path: '/v1/models/shift/versions/01:predict', value: 2, version: '1' },
    { path: '/v1/models/s%68ift:predict', value: 2, version: '1' },
  ]) {
    const answer = await ask(url, path, { instances: [1] });
    t.same(answer, { status: 200, version, json: { predictions: [value] } }, path);
  }
  t.match(await ask(url, '/v1/models/shift/metadata'), { status: 200, version: '1' });
  t.equal((await ask(url, '/v1/models/celsius:predict', { instances: [1] })).status, 404);
  t.equal((await ask(url, '/celsius', { fahrenheit: 1 })).status, 404, 'there is no model of MODEL_NAME');
  t.match(await ask(url, '/v1/models'), {
    status: 200,
    version: null,
    json: { models: [{ name: 'double' }, { name: 'shift', model_version_status: [{ state: 'AVAILABLE' }] }] },
  });
  await put(folder, 'broken/2', 'shift/2');
  await until(() => logs.some(({ state, code }) => state === 'LOADING' && code === 'DATA_LOSS'));
  t.equal(
    (await ask(url, '/v1/models/shift:predict', { instances: [1] })).version,
    '1',
    'the old one serves on',
  );
  t.match(
    logs.filter(({ model, level }) => model === 'shift' && level === 'warn'),
    [
      {
        modelVersion: '2',
        msg: 'a version was not loaded; it is tried again',
        reason: /damaged/,
        inSeconds: 60,
      },
    ],
  );
});

t.test(
  'switches under load: no request fails, and each answer is of the version that it names',
  async (t) => {
    const folder = await TestFolder.make(t);
    await put(folder, 'shift/1');
    const { url } = await startServer(t, {
      MODEL_NAME: 'shift',
      MODEL_BASE_PATH: join(folder.path, 'shift'),
    });
    const seen = new Set<string>();
    let done = false;
    const client = async () => {
      while (!done) {
        const { status, version, json } = await ask(url, '/v1/models/shift:predict', { instances: [0] });
        const value = Math.min(Number(version), 3); // from 3 on it is the same model
        if (status !== 200 || JSON.stringify(json) !== `{"predictions":[${value}]}`)
          throw new Error(`${status} of version ${version}: ${JSON.stringify(json)}`);
        seen.add(String(version));
      }
    };
    const clients = Promise.all([client(), client(), client(), client()]);
    clients.catch(() => {
      done = true;
    });
    for (let version = 2; version <= 5; version++) {
      await put(folder, `shift/${Math.min(version, 3)}`, `shift/${version}`);
      await until(() => done || seen.has(String(version)));
    }
    done = true;
    await clients;
    t.same([...seen], ['1', '2', '3', '4', '5']);
  },
);

t.test('with a model that is not there, the others are served', async (t) => {
  const folder = await TestFolder.make(t);
  await put(folder, 'shift/1');
  const config = (name: string) =>
    `config { name: "${name}" base_path: "${folder.path}/${name}" model_platform: "tensorflow" }`;
  await folder.write('config', `model_config_list { ${config('shift')} ${config('gone')} }`);
  for (const { READY_WHEN, status } of [
    { READY_WHEN: 'all', status: 503 },
    { READY_WHEN: 'any', status: 200 },
  ]) {
    const { url } = await startServer(t, { MODEL_CONFIG_FILE: join(folder.path, 'config'), READY_WHEN });
    t.equal((await ask(url, '/readyz')).status, status, READY_WHEN);
    t.equal((await ask(url, '/v1/models/shift:predict', { instances: [1] })).status, 200);
    t.match(await ask(url, '/v1/models/gone'), { status: 404, json: { error: /no model folder at .*gone/ } });
  }
});
