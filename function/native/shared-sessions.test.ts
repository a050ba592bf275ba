// Engines of one process, as each event loop of EVENT_LOOPS has one.
import { cp, rm } from 'node:fs/promises';
import t from 'tap';
import { loadVersion, type SavedModel } from '../model/saved-model.ts';
import { modelFolder, testBinding } from '../testing/app.ts';
import { TestFolder } from '../testing/models.ts';
import { NativeEngine, PREDICT } from './engine.ts';

const engine = (shares = true) => new NativeEngine(testBinding(), 1, shares);
const [first, second, alone] = [engine(), engine(), engine(false)];

const load = (native: NativeEngine, folder: string) =>
  loadVersion(native, { name: 'm', version: '1', folder });
const ask = (native: NativeEngine, { id }: SavedModel, body: object): unknown =>
  JSON.parse(String(native.answer(native.decode(id, PREDICT, Buffer.from(JSON.stringify(body))))));
const count = (native: NativeEngine, model: SavedModel): unknown =>
  ask(native, model, { signature_name: 'add', inputs: 0 });

/** A copy of a fixture, so that a test has its folder to itself. */
async function copyOf(t: Parameters<typeof TestFolder.make>[0], name: string): Promise<TestFolder> {
  const folder = await TestFolder.make(t);
  await cp(`${modelFolder(name)}/1`, `${folder.path}/1`, { recursive: true });
  return folder;
}

t.test('what a model remembers is the same for all engines that share it', async (t) => {
  const { path } = await copyOf(t, 'counter');
  const folder = `${path}/1`;
  t.equal(first.shares(folder), false);
  const [a, b, other] = await Promise.all([first, second, alone].map((native) => load(native, folder)));
  if (a === undefined || b === undefined || other === undefined) return t.fail();
  t.same(
    [first, second, alone].map((native) => native.shares(folder)),
    [true, true, false],
  );
  t.same(
    [count(first, a), count(second, b), count(first, a)],
    [{ outputs: 1 }, { outputs: 2 }, { outputs: 3 }],
  );
  t.same(count(alone, other), { outputs: 1 }, 'an engine of its own has a session of its own');
  await a.unload();
  const again = await load(first, folder);
  t.same(count(first, again), { outputs: 4 }, 'it is there as long as one has it');
  await Promise.all([again.unload(), b.unload(), other.unload()]);
  t.equal(first.shares(folder), false);
  const anew = await load(second, folder);
  t.same(count(second, anew), { outputs: 1 }, 'and ends with the last');
  await anew.unload();
});

t.test('a folder with other files is another model', async (t) => {
  const { path } = await copyOf(t, 'counter');
  const folder = `${path}/1`;
  const before = await load(first, folder);
  t.same(count(first, before), { outputs: 1 });
  await rm(folder, { recursive: true });
  await cp(`${modelFolder('counter')}/1`, folder, { recursive: true });
  const after = await load(second, folder);
  t.same([count(second, after), count(first, before)], [{ outputs: 1 }, { outputs: 2 }]);
  await Promise.all([before.unload(), after.unload()]);
});

t.test('constants are made once', async (t) => {
  const { path } = await copyOf(t, 'variables');
  const folder = `${path}/1`;
  const body = { signature_name: 'gather', inputs: [0, 5, 13] };
  const freeze = async (native: NativeEngine, { id, kind }: SavedModel, bytes: number) =>
    (await native.freeze(id, folder, kind, bytes)).id;
  const [a, b] = await Promise.all([load(first, folder), load(second, folder)]);
  const answer = ask(first, a, body);
  await t.rejects(freeze(second, b, 0), /memory/, 'there is no room for them');
  await first.replace(a.id, await freeze(first, a, Number.POSITIVE_INFINITY));
  await second.replace(b.id, await freeze(second, b, 0)); // takes none
  t.same([ask(first, a, body), ask(second, b, body)], [answer, answer]);
  const late = await load(alone, folder);
  await t.rejects(freeze(alone, late, 0), /memory/, 'an engine of its own shares none');
  await Promise.all([a.unload(), late.unload()]);
  const later = await load(first, folder);
  await first.replace(later.id, await freeze(first, later, 0));
  t.same(ask(first, later, body), answer, 'one that comes later begins with them');
  await Promise.all([b.unload(), later.unload()]);
  t.equal(first.shares(folder), false);
});

t.test('what cannot be loaded is tried again by whoever asks next', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.write('1/saved_model.pb', '');
  const path = `${folder.path}/1`;
  await t.rejects(load(first, path));
  t.equal(first.shares(path), false);
});
