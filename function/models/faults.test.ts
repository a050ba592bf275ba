// What file systems and people do to a server that switches versions: what was served goes on, and words say what is wrong.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { fakeLoad, listFolder, states, TestFolder, testCatalogue, until } from '../testing/models.ts';
import type { ListFolder } from './folders.ts';
import { LoadingRoom } from './loading-room.ts';

/** A file system whose folders under `path` do not answer until they are let. */
function dead(path: string) {
  let asked = 0;
  let answers = Promise.resolve();
  let let_ = () => {};
  const list: ListFolder = async (folder, deep) => {
    if (folder.startsWith(path)) {
      asked++;
      await answers;
    }
    return listFolder(folder, deep);
  };
  return {
    list,
    die: () => {
      answers = new Promise((resolve) => {
        let_ = resolve;
      });
    },
    revive: () => let_(),
    get asked() {
      return asked;
    },
  };
}

t.test('a file system that does not answer', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('dead/1');
  await folder.put('m/1');
  const disk = dead(join(folder.path, 'dead'));
  disk.die();
  const { catalogue, notices } = testCatalogue(t, { list: disk.list, silentMs: 30, readyWhen: 'any' });
  catalogue.configure([folder.config('dead'), folder.config('m')]);
  await catalogue.settled();
  await until(() => catalogue.isReady); // by the others: nobody waits for it
  const words = /dead has not been read for 0\.03 s: its file system does not answer/;
  t.throws(() => catalogue.find('dead'), { code: 'NOT_FOUND', message: words });
  t.match(catalogue.list(), [{ name: 'dead', reason: words }, { name: 'm' }]);
  for (const version of ['2', '3']) {
    await folder.put(`m/${version}`);
    await until(() => catalogue.find('m').version === version);
  }
  t.equal(disk.asked, 1, 'one question at a time');
  const said = () => notices.filter(({ message }) => message.startsWith('model dead'));
  t.match(said(), [{ level: 'warn', message: words }], 'said once');
  disk.revive();
  await until(() => states(catalogue, 'dead') === '1 AVAILABLE');
  disk.die();
  await folder.put('dead/2');
  await until(() => said().length > 1);
  t.equal(catalogue.find('dead').version, '1', 'what was served goes on');
  disk.revive();
  await until(() => states(catalogue, 'dead') === '2 AVAILABLE, 1 END');
});

t.test('a load that does not end', async (t) => {
  const folder = await TestFolder.make(t);
  for (const version of ['a/1', 'b/1', 'm/1']) await folder.put(version);
  let end = () => {};
  const stuck = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { catalogue, notices } = testCatalogue(t, {
    loadsAtOnce: 1,
    slowMs: 30,
    load: async (wanted) => {
      if (wanted.name !== 'm') await stuck;
      return fakeLoad(wanted);
    },
  });
  catalogue.configure([folder.config('a')]);
  await until(() => states(catalogue, 'a') === '1 LOADING');
  catalogue.configure([folder.config('a'), folder.config('b'), folder.config('m')]);
  await until(() => states(catalogue, 'm') === '1 AVAILABLE');
  t.equal(states(catalogue, 'a'), '1 LOADING');
  t.match(notices[0], {
    level: 'warn',
    message: /^version 1 of model a is still being loaded from .*a\/1 after/,
  });
  end();
  await until(() => states(catalogue, 'b') === '1 AVAILABLE');
});

t.test('folders that vanish amid a load', async (t) => {
  for (const { name, gone } of [
    { name: 'the version', gone: 'm/2' },
    { name: 'its file', gone: 'm/2/saved_model.pb' },
    { name: 'the model', gone: 'm' },
  ]) {
    const folder = await TestFolder.make(t);
    await folder.put('m/1');
    let isGone = false; // a version is in START before its load, too
    const { catalogue } = testCatalogue(t, {
      load: async (wanted) => {
        // At once: of a folder that is removed file by file, some version may be seen to be gone, and is unloaded.
        if (wanted.version === '2') await rename(join(folder.path, gone), join(folder.path, '.gone'));
        isGone = wanted.version === '2';
        return fakeLoad(wanted);
      },
    });
    catalogue.configure([folder.config('m')]);
    await catalogue.settled();
    await folder.put('m/2');
    await until(() => isGone && /^2 (?:END|START)/.test(states(catalogue, 'm')));
    t.equal(catalogue.find('m').version, '1', name);
    await folder.put('m/3');
    await until(() => catalogue.find('m').version === '3');
  }
});

t.test('a copy that stops half-way, as on a full disk, and is made again', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  const { catalogue } = testCatalogue(t);
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  await folder.write('m/2/variables/variables.data-00000-of-00001', 'x');
  await until(() => states(catalogue, 'm') === '2 END NOT_FOUND, 1 AVAILABLE');
  t.match(catalogue.statusOf('m', '2'), [
    { message: /m\/2 has no saved_model\.pb; export a SavedModel there/ },
  ]);
  await folder.write('m/2/saved_model.pb', 'broken: ha');
  await until(() => states(catalogue, 'm') === '2 END DATA_LOSS, 1 AVAILABLE');
  t.equal(catalogue.find('m').version, '1');
  await folder.write('m/2/saved_model.pb', 'whole');
  await until(() => states(catalogue, 'm') === '2 AVAILABLE, 1 END');
});

t.test('models that fit one by one, and not at once, are loaded one by one', async (t) => {
  const folder = await TestFolder.make(t);
  for (const model of ['a', 'b']) await folder.put(`${model}/1`, 'x'.repeat(60));
  const asked: string[] = [];
  const room = new LoadingRoom(async (bytes, others) => {
    asked.push(`${bytes} beside ${others}`);
    return bytes + others > 100 ? 'no room' : undefined;
  });
  let loading = 0;
  let most = 0;
  const { catalogue } = testCatalogue(t, {
    room,
    load: async (wanted) => {
      most = Math.max(most, ++loading);
      await until(() => asked.includes('60 beside 60'));
      const servable = await fakeLoad(wanted);
      loading--;
      return servable;
    },
  });
  catalogue.configure([folder.config('a'), folder.config('b')]);
  await catalogue.settled();
  t.same(
    ['a', 'b'].map((name) => states(catalogue, name)),
    ['1 AVAILABLE', '1 AVAILABLE'],
  );
  t.equal(most, 1);
});

t.test('versions that have ended are told of for a while, and not for ever', async (t) => {
  const folder = await TestFolder.make(t);
  const { catalogue } = testCatalogue(t, { pollMs: 1 });
  catalogue.configure([folder.config('m')]);
  for (let version = 1; version <= 40; version++) {
    await folder.put(`m/${version}`);
    await until(() => states(catalogue, 'm').startsWith(`${version} AVAILABLE`));
    await folder.remove(`m/${version - 1 || 'none'}`).catch(() => {});
  }
  await until(() => catalogue.statusOf('m').length === 33);
  t.equal(catalogue.statusOf('m').at(-1)?.version, '8');
});
