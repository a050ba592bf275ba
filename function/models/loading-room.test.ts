import t from 'tap';
import { LoadingRoom } from './loading-room.ts';

/** A room of 100 bytes, of which a load takes nothing itself: what is promised is all that counts. */
const room = (patienceMs?: number) =>
  new LoadingRoom(
    async (bytes, others) => (bytes + others > 100 ? `${bytes} beside ${others}` : undefined),
    patienceMs,
  );

/** A load that goes on until it is told to end. */
function load() {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const act = async () => {
    begun.resolve();
    await end.promise;
    return 'loaded';
  };
  return { act, begun: begun.promise, end: end.resolve };
}

t.test('what does not fit by itself is refused', async (t) => {
  const { act } = load();
  await t.rejects(room().hold(101, '/m/1', act), {
    code: 'RESOURCE_EXHAUSTED',
    message: '/m/1: 101 beside 0',
  });
  const reserving = room().hold(10, '/m/1', (reserve) => reserve(101));
  await t.rejects(reserving, { code: 'RESOURCE_EXHAUSTED' }, 'nor what turns out to be larger');
});

t.test('what fits once others have ended waits for them', async (t) => {
  const shared = room();
  const [a, b] = [load(), load()];
  const first = shared.hold(60, 'a', a.act);
  await a.begun;
  const second = shared.hold(60, 'b', b.act);
  const small = await shared.hold(40, 'c', async () => 'beside the first');
  t.equal(small, 'beside the first');
  a.end();
  t.equal(await first, 'loaded');
  await b.begun;
  b.end();
  t.equal(await second, 'loaded');
});

t.test('two that reserve more than there is for both go one after the other', async (t) => {
  const shared = room();
  let at = 0;
  let most = 0;
  const both = Promise.withResolvers<void>();
  let held = 0;
  const grow = (name: string) =>
    shared.hold(30, name, async (reserve) => {
      if (++held === 2) both.resolve();
      await both.promise;
      await reserve(80);
      most = Math.max(most, ++at);
      await new Promise(setImmediate);
      at--;
    });
  await Promise.all([grow('a'), grow('b')]);
  t.equal(most, 1);
});

t.test('a load that fails gives its room back', async (t) => {
  const shared = room();
  const broken = shared.hold(90, 'a', async () => {
    throw new Error('broken');
  });
  await t.rejects(broken, /broken/);
  t.equal(await shared.hold(90, 'b', async () => 'loaded'), 'loaded');
});

t.test('who waits for a load that does not end gives up', async (t) => {
  const shared = room(1);
  const { act, begun, end } = load();
  const first = shared.hold(60, 'a', act);
  await begun;
  await t.rejects(shared.hold(60, 'b', load().act), { message: 'b: 60 beside 60' });
  end();
  await first;
});

t.test('what is claimed is not free meanwhile', async (t) => {
  const shared = room();
  const { act, begun, end } = load();
  const loading = shared.hold(30, 'a', act);
  await begun;
  let waited = true;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const claimed = shared.claim(80, async (others) => {
    t.equal(others, 30);
    await over;
    waited = false;
  });
  const next = shared.hold(40, 'b', async () => waited);
  resolve();
  t.equal(await next, false);
  end();
  await Promise.all([loading, claimed]);
});
