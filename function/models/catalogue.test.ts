import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { fakeLoad, states, TestFolder, testCatalogue, until } from '../testing/models.ts';
import { LoadingRoom } from './loading-room.ts';

t.test('which versions are served, by policy', async (t) => {
  const folder = await TestFolder.make(t);
  for (const version of ['1', '2', '05', '10', '9223372036854775807']) await folder.put(`m/${version}`);
  await folder.put('m/latest');
  await folder.write('m/11', 'a file');
  await folder.put('m/9223372036854775808');
  for (const { policy, served } of [
    { policy: { kind: 'latest', count: 1 }, served: ['9223372036854775807'] },
    { policy: { kind: 'latest', count: 3 }, served: ['9223372036854775807', '10', '5'] },
    { policy: { kind: 'all' }, served: ['9223372036854775807', '10', '5', '2', '1'] },
    { policy: { kind: 'specific', versions: ['2', '1', '7'] }, served: ['2', '1'] },
    { policy: { kind: 'specific', versions: [] }, served: [] },
  ] as const) {
    const { catalogue, notices } = testCatalogue(t);
    catalogue.configure([folder.config('m', { policy })]);
    await catalogue.settled();
    const name = JSON.stringify(policy);
    t.same(
      catalogue.statusOf.bind(catalogue, 'm') &&
        served.map((version) => catalogue.find('m', { version }).version),
      served,
      name,
    );
    t.equal(states(catalogue, 'm'), served.map((version) => `${version} AVAILABLE`).join(', '), name);
    if (served[0] !== undefined) t.equal(catalogue.find('m').version, served[0], name);
    t.match(
      notices.map(({ message }) => message),
      [/m\/11: no folder$/, /m\/9223372036854775808: its number is beyond int64$/],
      'what is passed over is said, once',
    );
  }
});

t.test('who is asked for what', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  await folder.put('m/2', 'broken');
  await folder.put('m/3');
  const { catalogue } = testCatalogue(t);
  t.throws(
    () => catalogue.find('m'),
    { code: 'UNAVAILABLE', retryAfterSeconds: 1 },
    'before it is configured',
  );
  const labels = new Map([
    ['stable', '1'],
    ['bad', '2'],
    ['none', '7'],
  ]);
  catalogue.configure([folder.config('m', { policy: { kind: 'all' }, labels }), folder.config('gone')]);
  t.throws(() => catalogue.find('m'), { code: 'UNAVAILABLE', message: /is being loaded/ });
  await catalogue.settled();
  for (const { which, version } of [
    { which: {}, version: '3' },
    { which: { version: '1' }, version: '1' },
    { which: { version: '0001' }, version: '1' },
    { which: { label: 'stable' }, version: '1' },
  ]) {
    t.equal(catalogue.find('m', which).version, version, JSON.stringify(which));
  }
  for (const { name = 'm', which = {}, code, message } of [
    {
      which: { version: '2' },
      code: 'NOT_FOUND',
      message: 'version 2 of model m is not available; available: 3, 1',
    },
    { which: { version: '9' }, code: 'NOT_FOUND', message: /^version 9 / },
    { which: { version: '-1' }, code: 'NOT_FOUND', message: /^version -1 / },
    { which: { label: 'bad' }, code: 'NOT_FOUND', message: /^version 2 \(label "bad"\)/ },
    { which: { label: 'none' }, code: 'NOT_FOUND', message: /^version 7 \(label "none"\)/ },
    { which: { label: 'nope' }, code: 'INVALID_ARGUMENT', message: 'no version has the label "nope"' },
    { which: { label: '' }, code: 'INVALID_ARGUMENT' },
    { name: 'x', which: { label: 'stable' }, code: 'INVALID_ARGUMENT', message: /label "stable"/ },
    { name: 'x', which: { version: '1' }, code: 'NOT_FOUND', message: 'no model "x"; served: gone, m' },
    { name: 'x', code: 'NOT_FOUND' },
    {
      name: 'gone',
      code: 'NOT_FOUND',
      message: /^no version of model gone is available: no model folder at .*\/gone \(ENOENT/,
    },
  ]) {
    t.throws(
      () => catalogue.find(name, which),
      { code, ...(message && { message }) },
      `${name} ${JSON.stringify(which)}`,
    );
  }
  t.throws(() => catalogue.statusOf('x'), { code: 'NOT_FOUND' });
  t.throws(() => catalogue.statusOf('m', '9'), { code: 'NOT_FOUND', message: 'model m has no version 9' });
  t.throws(() => catalogue.statusOf('gone'), {
    code: 'NOT_FOUND',
    message: /no versions yet: no model folder/,
  });
  t.match(catalogue.statusOf('m', '02'), [
    { version: '2', state: 'END', code: 'DATA_LOSS', message: /damaged/ },
  ]);
  t.same(
    catalogue.list().map(({ name, labels }) => [name, [...labels.keys()]]),
    [
      ['gone', []],
      ['m', ['stable', 'bad', 'none']],
    ],
  );
});

t.test('a version that is copied in takes over, and no call is cut off', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  const { catalogue, changes } = testCatalogue(t);
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  const old = catalogue.find('m');
  const end = old.begin();
  await folder.put('m/2');
  await until(() => states(catalogue, 'm') === '2 AVAILABLE, 1 UNLOADING');
  t.equal(catalogue.find('m').version, '2');
  t.throws(() => catalogue.find('m', { version: '1' }), { code: 'NOT_FOUND' });
  t.notOk(old.isUnloaded, 'a call is under way');
  end();
  await until(() => states(catalogue, 'm') === '2 AVAILABLE, 1 END');
  t.ok(old.isUnloaded);
  t.same(
    changes.map(({ version, state }) => `${version} ${state}`),
    ['1 START', '1 LOADING', '1 AVAILABLE', '2 START', '2 LOADING', '2 AVAILABLE', '1 UNLOADING', '1 END'],
  );
  t.type(changes.find(({ state }) => state === 'AVAILABLE')?.seconds, 'number');
});

t.test('40 switches under calls: none meets a version that is gone', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  const { catalogue } = testCatalogue(t, { pollMs: 1 });
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  let asked = 0;
  let done = false;
  const client = async () => {
    for (; !done; asked++) {
      const end = catalogue.find('m').begin(); // throws where it is unloaded already
      await new Promise((resolve) => setImmediate(resolve));
      end();
    }
  };
  const clients = Promise.all(Array.from({ length: 8 }, client));
  for (let version = 2; version <= 40; version++) {
    await folder.put(`m/${version}`);
    await until(() => catalogue.find('m').version === String(version));
  }
  done = true;
  await clients;
  await until(() => states(catalogue, 'm').startsWith('40 AVAILABLE, 39 END, 38 END'));
  t.equal(catalogue.statusOf('m').length, 33, 'of those that have ended the newest 32 are told of');
  t.ok(asked > 40);
});

t.test('versions that come faster than they can be loaded', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  const goOn = new Map<string, () => void>();
  const { catalogue } = testCatalogue(t, {
    load: async (wanted) => {
      if (wanted.version !== '1') await new Promise<void>((resolve) => goOn.set(wanted.version, resolve));
      return fakeLoad(wanted);
    },
  });
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  await folder.put('m/2');
  await until(() => goOn.has('2'));
  await folder.put('m/3');
  await until(() => goOn.has('3'));
  goOn.get('2')?.();
  await until(() => catalogue.find('m').version === '2');
  goOn.get('3')?.();
  await until(() => states(catalogue, 'm') === '3 AVAILABLE, 2 END, 1 END');
});

t.test('a broken version leaves the old one serving', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  const { catalogue } = testCatalogue(t);
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  await folder.put('m/2', 'broken');
  await until(() => states(catalogue, 'm') === '2 END DATA_LOSS, 1 AVAILABLE');
  t.equal(catalogue.find('m').version, '1');
  await folder.remove('m/2');
  await folder.put('m/2');
  await until(() => states(catalogue, 'm') === '2 AVAILABLE, 1 END');
});

t.test('at the start, an older version stands in for a broken newest', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  await folder.put('m/2');
  await folder.put('m/3', 'broken');
  await folder.write('m/4/assets/words.txt', '');
  const { catalogue } = testCatalogue(t);
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  t.equal(states(catalogue, 'm'), '4 END NOT_FOUND, 3 END DATA_LOSS, 2 AVAILABLE');
  t.match(catalogue.statusOf('m', '4'), [{ message: /m\/4 has no saved_model\.pb/ }]);
});

t.test('a load that failed is tried again', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  let tries = 0;
  const { catalogue, changes } = testCatalogue(t, {
    retries: 2,
    load: async () => {
      tries++;
      throw new Error('no luck\n today');
    },
  });
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  t.match(
    catalogue.statusOf('m'),
    [{ state: 'LOADING', code: 'OK', message: '' }],
    'as TensorFlow Serving tells it',
  );
  t.throws(() => catalogue.find('m'), { code: 'NOT_FOUND', message: /is available: no luck today$/ });
  await until(() => states(catalogue, 'm') === '1 END UNKNOWN');
  t.equal(tries, 3);
  t.same(
    changes.flatMap(({ retry }) => retry ?? []),
    Array(2).fill({ code: 'UNKNOWN', message: 'no luck today', inSeconds: 0.01 }),
  );
});

t.test('a folder that is being copied waits until it stands still', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  const { catalogue, changes } = testCatalogue(t, { settleMs: 200 });
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  await folder.write('m/2/saved_model.pb', 'broken: hal');
  await until(() => changes.some(({ version, state }) => version === '2' && state === 'START'));
  await folder.write('m/2/saved_model.pb', 'whole');
  await until(() => states(catalogue, 'm') === '2 AVAILABLE, 1 END');
  t.equal(catalogue.find('m').text, 'whole');
});

t.test('a folder that changes while it is loaded is loaded again', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1', 'half');
  const loaded: string[] = [];
  const { catalogue } = testCatalogue(t, {
    load: async (wanted) => {
      const servable = await fakeLoad(wanted);
      loaded.push(servable.text);
      if (loaded.length === 1) await folder.write('m/1/assets/words.txt', 'more');
      return servable;
    },
  });
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  t.same(loaded, ['half', 'half']);
  t.equal(states(catalogue, 'm'), '1 AVAILABLE');
});

t.test('what vanishes', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  await folder.put('m/2');
  const { catalogue, notices } = testCatalogue(t);
  catalogue.configure([folder.config('m', { policy: { kind: 'all' } })]);
  await catalogue.settled();
  await folder.remove('m/2');
  await until(() => states(catalogue, 'm') === '2 END, 1 AVAILABLE');
  await rename(join(folder.path, 'm'), join(folder.path, 'away'));
  await until(() => notices.some(({ message }) => /^model m: no model folder at /.test(message)));
  t.equal(catalogue.find('m').version, '1', 'without its base path it goes on from memory');
  await rename(join(folder.path, 'away'), join(folder.path, 'm'));
  await folder.put('m/2');
  await until(() => states(catalogue, 'm') === '2 AVAILABLE, 1 AVAILABLE');
  await folder.remove('m/1');
  await folder.remove('m/2');
  await until(() => states(catalogue, 'm') === '2 END, 1 END');
  t.throws(() => catalogue.find('m'), { code: 'NOT_FOUND', message: /has no numbered folder/ });
});

t.test('unloading first', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  const { catalogue, changes } = testCatalogue(t, { unloadFirst: true });
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  await folder.put('m/2');
  await until(() => states(catalogue, 'm') === '2 AVAILABLE, 1 END');
  const order = changes.map(({ version, state }) => `${version} ${state}`);
  t.ok(order.indexOf('1 END') < order.indexOf('2 LOADING'), order.join());
  await folder.put('m/3', 'broken');
  await until(() => states(catalogue, 'm') === '3 END DATA_LOSS, 2 AVAILABLE, 1 END');
});

t.test('what would not fit into memory is refused by words', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1', 'x'.repeat(1000));
  await folder.write('m/1/variables/variables.data-00000-of-00001', 'x'.repeat(500));
  await folder.write('m/1/assets/words.txt', 'not counted');
  const { catalogue } = testCatalogue(t, {
    room: new LoadingRoom(async (bytes) => `${bytes} bytes are too many`),
  });
  catalogue.configure([folder.config('m')]);
  await catalogue.settled();
  t.match(catalogue.statusOf('m'), [
    { code: 'RESOURCE_EXHAUSTED', message: /m\/1: 1500 bytes are too many$/ },
  ]);
});

t.test('ready', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('good/1');
  await folder.put('bad/1', 'broken');
  const both = [folder.config('good'), folder.config('bad')];
  for (const { readyWhen, configs, ready } of [
    { readyWhen: 'all', configs: both, ready: false },
    { readyWhen: 'any', configs: both, ready: true },
    { readyWhen: 'any', configs: both.slice(1), ready: false },
    { readyWhen: 'all', configs: both.slice(0, 1), ready: true },
    { readyWhen: 'all', configs: [], ready: true },
  ] as const) {
    const { catalogue } = testCatalogue(t, { readyWhen });
    t.equal(catalogue.isReady, false, 'without a configuration');
    catalogue.configure(configs);
    if (configs.length > 0) t.equal(catalogue.isReady, false, 'at once');
    await catalogue.settled();
    t.equal(catalogue.isReady, ready, `${readyWhen} of ${configs.map(({ name }) => name)}`);
    if (configs === both) t.match(catalogue.whyNotReady(), [/^model bad: .*damaged$/]);
  }
  const { catalogue } = testCatalogue(t);
  catalogue.configure(both.slice(0, 1));
  await catalogue.settled();
  t.ok(catalogue.isReady);
  catalogue.configure(both);
  t.ok(catalogue.isReady, 'a model that is added later takes nothing out of rotation');
});

t.test('closing ends loads and unloads all', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('m/1');
  await folder.put('slow/1');
  let aborted = false;
  const { catalogue } = testCatalogue(t, {
    load: async (wanted) => {
      if (wanted.name === 'm') return fakeLoad(wanted);
      await new Promise((resolve) => wanted.signal.addEventListener('abort', resolve));
      aborted = true;
      throw new Error('aborted');
    },
  });
  catalogue.configure([folder.config('m'), folder.config('slow')]);
  await until(() => states(catalogue, 'm') === '1 AVAILABLE' && states(catalogue, 'slow') === '1 LOADING');
  const one = catalogue.find('m');
  await catalogue.close();
  t.ok(aborted);
  t.ok(one.isUnloaded);
  t.equal(states(catalogue, 'm'), '1 END');
});
