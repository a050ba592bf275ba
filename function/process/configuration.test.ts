import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { ModelConfig } from '../models/model-config.ts';
import type { Notice } from '../models/status.ts';
import { listFolder, TestFolder, until } from '../testing/models.ts';
import { type Following, followConfiguration } from './configuration.ts';

interface Followed {
  /** What the catalogue was told last. */
  readonly configs: () => readonly ModelConfig[] | undefined;
  readonly paths: () => Record<string, string>;
  readonly notices: Notice[];
}

async function follow(
  t: { teardown(close: () => unknown): unknown },
  root: string,
  options: Partial<Following['options']>,
  more: Partial<Following> = {},
): Promise<Followed> {
  let configs: readonly ModelConfig[] | undefined;
  const notices: Notice[] = [];
  const follower = await followConfiguration({
    options: {
      modelName: 'celsius',
      modelBasePath: 'model/celsius',
      modelsDir: '',
      modelConfigFile: '',
      modelConfigFilePollWaitSeconds: 1,
      fileSystemPollWaitSeconds: 1,
      ...options,
    },
    root,
    catalogue: {
      configure: (given) => {
        configs = given;
      },
    },
    list: listFolder,
    onNotice: (notice) => notices.push(notice),
    imageFolder: join(root, 'models'),
    ...more,
  });
  t.teardown(() => follower.close());
  const paths = () => Object.fromEntries((configs ?? []).map(({ name, basePath }) => [name, basePath]));
  return { configs: () => configs, paths, notices };
}

t.test('one model', async (t) => {
  const folder = await TestFolder.make(t);
  for (const version of ['model/celsius/1', 'models/m/1', 'both/1', 'both/m/1']) await folder.put(version);
  for (const { options, path } of [
    { options: {}, path: 'model/celsius' },
    { options: { modelName: 'other' }, path: 'model/celsius' },
    { options: { modelName: 'm' }, path: 'models/m' },
    { options: { modelName: 'm', modelBasePath: 'models' }, path: 'models/m' },
    { options: { modelName: 'm', modelBasePath: 'both' }, path: 'both' },
    { options: { modelName: 'm', modelBasePath: 'absent' }, path: 'absent' },
    { options: { modelBasePath: join(folder.path, 'both') }, path: 'both' },
    { options: { modelBasePath: `file://${folder.path}/both` }, path: 'both' },
  ]) {
    const { paths } = await follow(t, folder.path, options);
    t.same(Object.values(paths()), [join(folder.path, path)], JSON.stringify(options));
  }
});

t.test('configurations that are refused', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.write('bad', 'model_config_list {\n config { nme: "x" } }');
  for (const { options, message, exitCode = 1 } of [
    {
      options: { modelBasePath: 'gs://bucket/m' },
      message: /^MODEL_BASE_PATH: gs:\/\/bucket\/m: .*mount/,
      exitCode: 2,
    },
    { options: { modelsDir: 's3://bucket' }, message: /^MODELS_DIR: s3:/, exitCode: 2 },
    { options: { modelsDir: 'x', modelConfigFile: 'y' }, message: /not both$/, exitCode: 2 },
    { options: { modelConfigFile: 'absent' }, message: /^MODEL_CONFIG_FILE: ENOENT/ },
    {
      options: { modelConfigFile: 'bad' },
      message: /^MODEL_CONFIG_FILE .*bad: .*unknown field 'nme' \(line 2\)/,
    },
  ]) {
    await t.rejects(follow(t, folder.path, options), { exitCode, message }, JSON.stringify(options));
  }
});

t.test('a folder of models', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('models/a/1');
  await folder.write('models/empty/readme', '');
  await folder.write('models/.hidden/1/saved_model.pb', '');
  await folder.write('models/file', '');
  const { configs, paths, notices } = await follow(t, folder.path, { modelsDir: 'models' });
  await until(configs);
  t.same(paths(), { a: join(folder.path, 'models/a') });
  t.match(notices, [{ level: 'warn', message: /models\/empty is no model: it has no numbered folder/ }]);
  await folder.put('models/b/1');
  await until(() => paths().b);
  await folder.remove('models/a/1');
  await folder.remove('models/b');
  await until(() => !paths().b);
  t.same(Object.keys(paths()), ['a'], 'a model without versions is still one');
});

t.test('the image’s folder of models, where nothing else is there or asked for', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('models/a/1');
  const inImage = (options: Partial<Following['options']>) =>
    follow(t, folder.path, options, { imageFolder: join(folder.path, 'models') });
  t.same((await inImage({})).paths(), { a: join(folder.path, 'models/a') });
  t.same((await inImage({ modelName: 'a' })).paths(), { a: join(folder.path, 'models/a') });
  t.same((await inImage({ modelBasePath: 'models/a' })).paths(), { celsius: join(folder.path, 'models/a') });
  await folder.put('model/celsius/1');
  t.same((await inImage({})).paths(), { celsius: join(folder.path, 'model/celsius') });
});

t.test('a folder of models that is not there yet', async (t) => {
  const folder = await TestFolder.make(t);
  const { configs, notices } = await follow(t, folder.path, { modelsDir: 'models' });
  await until(() => notices.length > 0);
  t.match(notices, [{ message: /^MODELS_DIR .*models: ENOENT/ }]);
  t.equal(configs(), undefined);
  await folder.put('models/a/1');
  await until(configs);
});

t.test('a file', async (t) => {
  const folder = await TestFolder.make(t);
  const text = (...names: string[]) =>
    `model_config_list { ${names.map((name) => `config { name: "${name}" base_path: "/${name}" model_platform: "tensorflow" }`).join()} }`;
  await folder.write('..1/models.config', text('a'));
  await symlink('..1', join(folder.path, '..data'));
  await symlink('..data/models.config', join(folder.path, 'models.config'));
  const { paths, notices } = await follow(t, folder.path, { modelConfigFile: 'models.config' });
  t.same(paths(), { a: '/a' });
  t.test('replaced the way a ConfigMap is', async () => {
    await folder.write('..2/models.config', text('a', 'b'));
    await symlink('..2', join(folder.path, '..new'));
    await rename(join(folder.path, '..new'), join(folder.path, '..data'));
    await until(() => paths().b);
  });
  t.test('with a fault', async (t) => {
    await writeFile(join(folder.path, '..2/models.config'), 'model_config_list { x: 1 }');
    await until(() => notices.length > 1);
    t.match(notices.at(-1), {
      level: 'warn',
      message: /is not taken, what was served goes on: .*unknown field 'x'/,
    });
    t.same(Object.keys(paths()), ['a', 'b']);
  });
});

t.test('a file system that does not answer at the start', async (t) => {
  const folder = await TestFolder.make(t);
  for (const version of ['models/m/1', 'model/celsius/1']) await folder.put(version);
  for (const { options, path } of [
    { options: { modelsDir: 'models' }, path: 'MODELS_DIR .*models' },
    { options: {}, path: 'MODEL_BASE_PATH .*model/celsius' },
  ]) {
    const answers = Promise.withResolvers<void>();
    const waits: string[] = [];
    const notices: Notice[] = [];
    const following = follow(t, folder.path, options, {
      list: async (one, deep) => {
        await answers.promise;
        return listFolder(one, deep);
      },
      silentMs: 10,
      onNotice: (notice) => notices.push(notice),
      onWait: (reason) => waits.push(reason),
    });
    await until(() => waits.length > 0);
    const words = new RegExp(`^${path} has not been read for 0.01 s: its file system does not answer`);
    t.match(waits, [words], 'said once');
    answers.resolve();
    t.equal((await following).configs()?.length, 1, 'it goes on when that answers');
    t.match(waits.slice(1), ['']);
    t.match(notices, [
      { level: 'warn', message: words },
      { level: 'info', message: /has answered$/ },
    ]);
  }
});
