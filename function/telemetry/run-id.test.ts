import t from 'tap';
import { mintRunId } from './run-id.ts';

// RFC 9562's own example of a UUIDv7 (appendix A.6) is of this moment.
const RFC_EXAMPLE = { now: Date.UTC(2022, 1, 22, 19, 22, 22), prefix: '017f22e2-79b0-7' };

t.test('begins with the time, as RFC 9562 lays it out', async (t) => {
  const cases = [
    RFC_EXAMPLE,
    { now: 0, prefix: '00000000-0000-7' },
    { now: 1, prefix: '00000000-0001-7' },
    { now: 2 ** 48 - 1, prefix: 'ffffffff-ffff-7' },
  ];
  for (const { now, prefix } of cases) t.equal(mintRunId(now).slice(0, 15), prefix);
});

t.test('is a UUID of version 7 and variant 10, another each time', async (t) => {
  const ids = new Set(Array.from({ length: 1000 }, () => mintRunId(RFC_EXAMPLE.now)));
  t.equal(ids.size, 1000);
  for (const id of ids) t.match(id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

t.test('sorts by time, as text', async (t) => {
  const times = [1, 255, 256, 65_536, 2 ** 32, RFC_EXAMPLE.now, RFC_EXAMPLE.now + 1];
  const ids = times.map(mintRunId);
  t.same([...ids].sort(), ids);
});

t.test('a time that 48 bits cannot hold is refused', async (t) => {
  for (const now of [-1, 2 ** 48]) t.throws(() => mintRunId(now), { name: 'RangeError' });
});
