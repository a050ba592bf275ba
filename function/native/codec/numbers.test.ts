// Numbers and lists where the codec goes another way: more digits, nearer to the body's end, between two float32.
import t from 'tap';
import { codec, elementsOf, signatureOf } from '../../testing/codec.ts';

const DIGITS = '123456789012345678901234567890';

/** Numbers with so many digits in each part that each way of reading them, and each limit between them, is gone. */
function* numbers(): Generator<string> {
  for (const sign of ['', '-']) {
    for (const whole of ['0', '7', '10', '1234567', '12345678', '99999999999999999999']) {
      yield sign + whole;
      for (let fraction = 1; fraction <= 26; fraction++) {
        yield `${sign}${whole}.${DIGITS.slice(0, fraction)}`;
        yield `${sign}${whole}.${'0'.repeat(fraction)}1`;
        yield `${sign}${whole}.${'9'.repeat(fraction)}e-${fraction}`;
      }
    }
  }
  // Middles of two float32, the float64 beside them, and what rounds to those.
  for (const low of [1, 0.1, 16777216, 3.0517578125e-5]) {
    const float = Math.fround(low);
    const middle = float * (1 + 2 ** -24);
    for (const near of [middle, middle * (1 - 2 ** -53), middle * (1 + 2 ** -52)]) {
      for (let precision = 14; precision <= 22; precision++) yield near.toPrecision(precision);
    }
  }
}

const read = (body: string, dtype: 'DT_FLOAT' | 'DT_DOUBLE') => {
  const decoded = codec.decodePredict(Buffer.from(body), [signatureOf({ x: dtype })]);
  if (typeof decoded === 'string') return decoded;
  return decoded.inputs.flatMap((tensor) => ({ shape: tensor.shape, elements: elementsOf(dtype, tensor) }));
};

t.test('numbers of all lengths, at all distances from the end', async (t) => {
  const texts = [...numbers()];
  for (const { dtype, round } of [
    { dtype: 'DT_FLOAT', round: Math.fround },
    { dtype: 'DT_DOUBLE', round: Number },
  ] as const) {
    const elements = texts.map((text) => round(JSON.parse(text)));
    t.strictSame(
      read(`{"inputs":[${texts}]}`, dtype),
      [{ shape: [texts.length], elements }],
      `${dtype} in a list`,
    );
    const wrong = texts.filter((text, i) => {
      for (const space of ['', ' '.repeat(30)]) {
        const found = read(`{"inputs":${text}${space}}`, dtype);
        if (typeof found === 'string' || !Object.is(found[0]?.elements[0], elements[i])) return true;
      }
      return false;
    });
    t.same(wrong, [], `${dtype} alone`);
  }
});

t.test('what is no number is none, wherever it stands', async (t) => {
  for (const text of [
    '01',
    '-01',
    '1.',
    '.5',
    '-',
    '--1',
    '+1',
    '1.e5',
    '1e',
    '1.5.5',
    '1.5-',
    '0x1',
    '1.a5',
    '00.5',
  ]) {
    for (const after of ['', `,${'0.5,'.repeat(20)}1`]) {
      t.match(
        read(`{"inputs":[${text}${after}]}`, 'DT_FLOAT'),
        /^the body is not JSON: /,
        `${text}${after.slice(0, 1)}`,
      );
    }
  }
});

t.test('lists beside each other', async (t) => {
  for (const { lists, shape } of [
    { lists: '[[1,2],[3,4],[5,6]]', shape: [3, 2] },
    { lists: '[ [ 1 , 2 ] , [ 3 , 4 ]\n,\t[ 5 , 6 ] ]', shape: [3, 2] },
    { lists: '[[[1,2],[3,4]],[[5,6],[7,8]]]', shape: [2, 2, 2] },
    { lists: '[[[[1]],[[2]]],[[[3]],[[4]]]]', shape: [2, 2, 1, 1] },
    { lists: '[[],[]]', shape: [2, 0] },
    { lists: '[[1,2],[3]]', shape: /^inputs\[1\]: 1 elements, but its neighbours have 2/ },
    { lists: '[[1,2],[3,4],[5,6,7]]', shape: /^inputs\[2\]: 3 elements, but its neighbours have 2/ },
    { lists: '[[1],[]]', shape: /^inputs\[1\]: 0 elements/ },
    { lists: '[[1],[[2]]]', shape: /^inputs\[1\]\[0\]: a list/ },
    { lists: '[[1],2]', shape: /^inputs\[1\]: expected a list of 1 elements/ },
    { lists: '[[[1],[2]],[[3]]]', shape: /^inputs\[1\]: 1 elements, but its neighbours have 2/ },
    { lists: '[[1],[2],]', shape: /^the body is not JSON: / },
    { lists: '[[1],[2]', shape: /^the body is not JSON: / },
    { lists: '[1],[2]', shape: /^the body is not JSON: / },
    { lists: '[[1]],[[2]]', shape: /^the body is not JSON: / },
  ]) {
    const found = read(`{"inputs":${lists}}`, 'DT_FLOAT');
    if (shape instanceof RegExp) t.match(found, shape, lists);
    else {
      const elements = JSON.parse(lists).flat(shape.length);
      t.strictSame(found, [{ shape, elements }], lists);
    }
  }
});
