import t from 'tap';
import { celsiusSignature, fakeModel } from '../testing/app.ts';
import type { Tensor } from './tensor.ts';
import { warmUp } from './warm-up.ts';

t.test('each signature that can be served is run once on zeros', async (t) => {
  const seen: Record<string, readonly Tensor[]> = {};
  const input = (key: string, dtype: string, shape: number[] | undefined) => ({
    key,
    name: `${key}:0`,
    dtype,
    shape,
  });
  const signature = (name: string, ...inputs: ReturnType<typeof input>[]) => ({
    ...celsiusSignature(name),
    inputs,
  });
  const model = fakeModel(
    ({ name }, inputs) => {
      seen[name] = inputs;
      if (name === 'choosy') throw new Error('no zeros, please');
      if (name === 'odd') throw 'not even an error';
      return [];
    },
    signature('a', input('x', 'DT_FLOAT', [-1, 2]), input('y', 'DT_STRING', [3]), input('z', 'DT_INT64', [])),
    signature('rankless', input('x', 'DT_BOOL', undefined)),
    signature('choosy', input('x', 'DT_FLOAT', [-1])),
    signature('odd', input('x', 'DT_FLOAT', [-1])),
    signature('huge', input('x', 'DT_FLOAT', [1 << 12, 1 << 12])),
    { ...signature('half', input('x', 'DT_HALF', [-1])), unsupported: 'no half' },
    signature('lying', input('x', 'DT_HALF', [-1])),
  );
  const { ran, refused } = warmUp(model);
  t.same(ran, ['a', 'rankless']);
  t.same(
    [...refused],
    [
      ['choosy', 'no zeros, please'],
      ['odd', 'not even an error'],
      ['huge', 'x has 16777216 elements, too many for a warm-up'],
      ['lying', 'x has dtype DT_HALF'],
    ],
  );
  t.same(seen.a, [
    { dtype: 'DT_FLOAT', shape: [1, 2], data: new Float32Array(2) },
    { dtype: 'DT_STRING', shape: [3], data: [new Uint8Array(), new Uint8Array(), new Uint8Array()] },
    { dtype: 'DT_INT64', shape: [], data: new BigInt64Array(1) },
  ]);
  t.same(seen.rankless, [{ dtype: 'DT_BOOL', shape: [1], data: new Uint8Array(1) }]);
  t.notOk('half' in seen);
});
