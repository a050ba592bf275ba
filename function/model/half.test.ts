import t from 'tap';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from './half.ts';

t.test('every half is read and written as itself', async (t) => {
  let different = 0;
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromHalf(bits);
    if (!Number.isNaN(value) && toHalf(value) !== bits) different++;
    const wide = fromBfloat16(bits);
    if (!Number.isNaN(wide) && toBfloat16(wide) !== bits) different++;
  }
  t.equal(different, 0);
});

t.test('numbers in between go to the nearest, or the even one', async (t) => {
  const cases: [value: number, half: number][] = [
    [1, 0x3c00],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -30, 0x3c01],
    [2 - 2 ** -12, 0x4000],
    [65_504, 0x7bff],
    [65_519.99, 0x7bff],
    [65_520, 0x7c00],
    [1e300, 0x7c00],
    [-1e300, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [3 * 2 ** -25, 2],
    [2 ** -14 - 2 ** -26, 0x400],
    [-0, 0x8000],
    [Number.POSITIVE_INFINITY, 0x7c00],
  ];
  for (const [value, half] of cases) t.equal(toHalf(value), half, String(value));
  t.ok(Number.isNaN(fromHalf(toHalf(Number.NaN))));
  t.equal(toBfloat16(1 + 2 ** -8), 0x3f80);
  t.equal(toBfloat16(1 + 3 * 2 ** -8), 0x3f82);
  t.equal(toBfloat16(3.4028235e38), 0x7f80);
  t.ok(Number.isNaN(fromBfloat16(toBfloat16(Number.NaN))));
});
