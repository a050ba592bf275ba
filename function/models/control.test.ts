// Loading and unloading as callers ask for it.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { fakeLoad, states, TestFolder, testCatalogue, until } from '../testing/models.ts';

const index = ({ catalogue }: ReturnType<typeof testCatalogue>) =>
  catalogue.repository().map(({ name, reason }) => `${name}${reason === '' ? '' : `: ${reason}`}`);

t.test('what is unloaded stays so until it is loaded', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  await folder.put('other/1');
  const made = testCatalogue(t);
  const { catalogue } = made;
  const configs = [folder.config('m'), folder.config('other')];
  catalogue.configure(configs);
  await catalogue.settled();
  const end = catalogue.find('m').begin();
  catalogue.unload('m');
  t.throws(() => catalogue.find('m'), { code: 'NOT_FOUND' }, 'at once');
  t.equal(states(catalogue, 'm'), '1 UNLOADING', 'but its calls end first');
  end();
  await until(() => states(catalogue, 'm') === '1 END');
  t.same(index(made), ['m: unloaded', 'other']);
  t.same(
    catalogue.list().map(({ name }) => name),
    ['other'],
  );
  catalogue.unload('m');
  await folder.put('m/2');
  catalogue.configure(configs);
  await catalogue.settled();
  t.equal(
    states(catalogue, 'm'),
    '1 END',
    'whatever comes into its folder, and if the configuration is read again',
  );
  await catalogue.load('m');
  t.equal(catalogue.find('m').version, '2');
  t.same(index(made), ['m', 'other']);

  catalogue.unload('m');
  await catalogue.reload({
    model_config_list: {
      config: configs.map(({ name, basePath }) => ({
        ...{ name, base_path: basePath, model_platform: 'tensorflow', version_labels: {} },
      })),
    },
  });
  t.equal(catalogue.find('m').version, '2', 'a configuration that a caller sends is to be as it says');
  catalogue.unload('m');
  catalogue.configure(configs.slice(1));
  t.same(index(made), ['other'], 'one that is not configured any more is no longer told of');
});

t.test('loading looks for what is new, and tries again', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1', 'broken');
  let tries = 0;
  const { catalogue } = testCatalogue(t, {
    pollMs: 0,
    load: (wanted) => {
      tries++;
      return fakeLoad(wanted);
    },
  });
  catalogue.configure([folder.config('m')]);
  await t.rejects(catalogue.load('m'), {
    code: 'FAILED_PRECONDITION',
    message: /m was not loaded: .*damaged/,
  });
  const before = tries;
  await t.rejects(catalogue.load('m'), { code: 'FAILED_PRECONDITION' });
  t.equal(tries, before + 1);
  for (const version of ['2', '3']) {
    await folder.put(`m/${version}`);
    // A version that was copied just now waits until it stands still, however often it is asked for.
    for (let asked = 0; asked < 100 && tried(catalogue) !== version; asked++)
      await catalogue.load('m').catch(() => sleep(20));
    t.equal(catalogue.find('m').version, version);
  }
  const loaded = tries;
  await catalogue.load('m');
  t.equal(tries, loaded, 'what is there and has not changed stays');
});

t.test('models that are not configured', async (t) => {
  const { catalogue } = testCatalogue(t);
  await t.rejects(catalogue.load('m'), { code: 'NOT_FOUND', message: /no model "m"/ });
  t.throws(() => catalogue.unload('m'), { code: 'NOT_FOUND' });
});

/** The version that answers; undefined while none does. */
function tried(catalogue: ReturnType<typeof testCatalogue>['catalogue']): string | undefined {
  try {
    return catalogue.find('m').version;
  } catch {
    return undefined;
  }
}
