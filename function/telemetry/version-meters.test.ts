import t from 'tap';
import { VersionMeters } from './version-meters.ts';

const names = (meters: VersionMeters) => meters.all.map(({ model, version }) => `${model} ${version}`);

t.test('a version has one meter, which goes on where it comes back', async (t) => {
  const meters = new VersionMeters();
  meters.of('m', '1').calls.asked = 3;
  meters.ended('m', '1');
  t.equal(meters.of('m', '1').calls.asked, 3);
  meters.ended('absent', '1');
  t.same(names(meters), ['m 1']);
});

t.test('what has ended is seen for some minutes, and then no more', async (t) => {
  let now_ms = 0;
  const meters = new VersionMeters(() => now_ms);
  meters.of('m', '1');
  meters.of('m', '2');
  meters.ended('m', '1');
  now_ms = 299_999;
  meters.ended('m', '1'); // said twice: the first time counts
  t.same(names(meters), ['m 1', 'm 2']);
  now_ms = 300_000;
  t.same(names(meters), ['m 2']);
  now_ms = 1e9;
  t.same(names(meters), ['m 2'], 'one that goes on stays');
});

t.test('beyond a number of versions the rest is counted together', async (t) => {
  let now_ms = 0;
  const meters = new VersionMeters(() => now_ms++, 2);
  meters.of('a', '1');
  meters.of('b', '1');
  const third = meters.of('c', '1');
  t.equal(meters.of('d', '1'), third);
  t.same(names(meters), ['a 1', 'b 1', 'other other']);
  meters.ended('b', '1');
  meters.of('e', '1');
  t.same(names(meters), ['a 1', 'e 1', 'other other'], 'one that has ended makes room at once');
  meters.ended('c', '1');
  t.equal(meters.all.at(-1), third, 'what was counted together stays so');
});

t.test('thousands of switches leave no more series than there may be', async (t) => {
  const meters = new VersionMeters(() => 0, 10);
  for (let version = 1; version <= 5000; version++) {
    meters.of('m', String(version)).calls.asked++;
    meters.ended('m', String(version - 1));
  }
  t.equal(meters.all.length, 10);
  t.ok(names(meters).includes('m 5000'));
});
