/** The bench itself, small: twenty switches under load, each answer of the version that it names. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { agree } from './clients.ts';
import { runSwitches } from './switches.ts';
import { celsius } from './versions.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

t.test('twenty switches under four clients', async (t) => {
  const result = await runSwitches({
    ...{ root, kind: celsius(root), folder: join(t.testdir(), 'celsius') },
    ...{ clients: 4, switches: 20, pause_ms: 1, ahead: 20, steady_s: 0, rest_s: 0, restEvery: 10 },
  });
  t.match(result, { failed: 0, wrong: 0, complaint: '' });
  t.equal(result.served_ms.length, 20);
  t.ok(result.requests > 20);
  t.same(
    result.memory.flatMap(({ state, switches }) => (state === 'rest' ? switches : [])),
    [0, 10, 20],
  );
});

t.test('answers agree to rounding, and no further', async (t) => {
  for (const [one, other, same] of [
    ['{"predictions":[100]}', '{"predictions":[100.001]}', true],
    ['{"predictions":[100]}', '{"predictions":[100.1]}', false],
    ['{"predictions":[1,2]}', '{"predictions":[1]}', false],
    ['{"error":"no"}', '{"error":"no"}', false],
  ] as const) {
    t.equal(agree(one, other), same, `${one} ${other}`);
  }
});
