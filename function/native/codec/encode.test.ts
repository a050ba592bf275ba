import t from 'tap';
import {
  bfloat16Of,
  codec,
  type DTypeName,
  type Element,
  halfOf,
  signatureOf,
  tensorOf,
} from '../../testing/codec.ts';
import type { RawTensor } from './codec.ts';

/** The text of one output, as columns, without the braces around it. */
function columns(tensor: RawTensor, dtype: DTypeName, key = 'y'): string {
  const text = codec.encodePredict(signatureOf({ [key]: dtype }), false, [tensor]).toString();
  return text.replace(/^\{"outputs":(.*)\}$/s, '$1');
}

const textOf = (dtype: DTypeName, shape: number[], elements: Element[], key?: string): string =>
  columns(tensorOf(dtype, shape, elements), dtype, key);

t.test('numbers as they look', async (t) => {
  for (const [dtype, value, text] of [
    ['DT_FLOAT', 0, '0'],
    ['DT_FLOAT', -0, '-0'],
    ['DT_FLOAT', 37.77777862548828, '37.77778'],
    ['DT_FLOAT', -273.1499938964844, '-273.15'],
    ['DT_FLOAT', 5555555328, '5555555300'],
    ['DT_FLOAT', 0.1, '0.1'],
    ['DT_FLOAT', 16777215, '16777215'],
    ['DT_FLOAT', 16777216, '16777216'],
    ['DT_FLOAT', -9999999, '-9999999'],
    ['DT_FLOAT', 0.001, '0.001'],
    ['DT_FLOAT', 1e-6, '0.000001'],
    ['DT_FLOAT', 1e-7, '1e-7'],
    ['DT_FLOAT', 1.5e-7, '1.5e-7'],
    ['DT_FLOAT', 1e20, '100000000000000000000'],
    ['DT_FLOAT', 123456790519087100000, '123456790000000000000'],
    ['DT_FLOAT', 1e21, '1e+21'],
    ['DT_FLOAT', 3.4028234663852886e38, '3.4028235e+38'],
    ['DT_FLOAT', 1.1754943508222875e-38, '1.1754944e-38'],
    ['DT_FLOAT', 1.401298464324817e-45, '1e-45'],
    ['DT_FLOAT', 8388609.5, '8388610'],
    ['DT_FLOAT', 7.038530691851209e-26, '7.0385307e-26'], // 7.038531e-26 rounds twice, to its neighbour
    ['DT_DOUBLE', 0.1, '0.1'],
    ['DT_DOUBLE', 1 / 3, '0.3333333333333333'],
    ['DT_DOUBLE', 5e-324, '5e-324'],
    ['DT_DOUBLE', -1.7976931348623157e308, '-1.7976931348623157e+308'],
    ['DT_DOUBLE', 123456789012345680000, '123456789012345680000'],
    ['DT_DOUBLE', 1e21, '1e+21'],
    ['DT_HALF', 0x2e66, '0.1'],
    ['DT_HALF', 0x3555, '0.3333'],
    ['DT_HALF', 0x7bff, '65500'],
    ['DT_HALF', 0x8000, '-0'],
    ['DT_HALF', 0x0001, '6e-8'],
    ['DT_BFLOAT16', 0x3dcd, '0.1'],
    ['DT_BFLOAT16', 0x4049, '3.14'],
    ['DT_BFLOAT16', 0xff7f, '-3.39e+38'],
    ['DT_INT8', -128, '-128'],
    ['DT_UINT8', 255, '255'],
    ['DT_QUINT8', 255, '255'],
    ['DT_INT16', -32768, '-32768'],
    ['DT_UINT16', 65535, '65535'],
    ['DT_INT32', -2147483648, '-2147483648'],
    ['DT_QINT32', -2147483648, '-2147483648'],
    ['DT_UINT32', 4294967295, '4294967295'],
    ['DT_INT64', -(2n ** 63n), '-9223372036854775808'],
    ['DT_INT64', 2n ** 53n + 1n, '9007199254740993'],
    ['DT_UINT64', 2n ** 64n - 1n, '18446744073709551615'],
    ['DT_BOOL', 1, 'true'],
    ['DT_BOOL', 0, 'false'],
  ] as const) {
    t.equal(textOf(dtype, [], [value]), text, `${dtype} ${value}`);
  }
});

t.test('float64 is written as JavaScript writes numbers', async (t) => {
  let wrong = '';
  for (let exponent = -324; exponent <= 307; exponent++) {
    for (const digits of ['1', '1.5', '-9.87654321', '1.2345678901234567']) {
      const value = Number(`${digits}e${exponent}`);
      const text = textOf('DT_DOUBLE', [], [value]);
      if (text !== (Object.is(value, -0) ? '-0' : String(value))) wrong += ` ${value}: ${text}`;
    }
  }
  t.equal(wrong, '');
});

t.test('every float of 16 bits reads back, in as few digits as can be', async (t) => {
  for (const { dtype, value: of } of [
    { dtype: 'DT_HALF', value: halfOf },
    { dtype: 'DT_BFLOAT16', value: bfloat16Of },
  ] as const) {
    const all = Array.from({ length: 0x8000 }, (_, bits) => bits).filter((bits) => Number.isFinite(of(bits)));
    const texts = textOf(dtype, [all.length], all).slice(1, -1).split(',');
    let wrong = '';
    for (const bits of all) {
      const text = texts[bits] ?? '';
      const value = of(bits);
      // What lies between the middles to its neighbours is it, and the middles are where its last bit is 0.
      const below = bits === 0 ? 0 : (of(bits - 1) + value) / 2;
      const next = of(bits + 1);
      const above = Number.isFinite(next) ? (value + next) / 2 : value + (value - of(bits - 1)) / 2;
      const holds = (decimal: number): boolean =>
        (decimal > below && decimal < above) || (bits % 2 === 0 && (decimal === below || decimal === above));
      const digits = text.replace(/e.*$/, '').replace('.', '').replace(/^0+/, '').replace(/0+$/, '').length;
      let fewest = 1;
      while (value !== 0 && !holds(Number(value.toPrecision(fewest)))) fewest++;
      if (!holds(Number(text)) || digits > fewest) wrong += ` ${value}: ${text}`;
    }
    t.equal(wrong, '', `${dtype}: ${all.length} of them`);
  }
});

t.test('shapes', async (t) => {
  for (const { dtype = 'DT_FLOAT', shape, elements, text, key } of [
    { shape: [], elements: [0.5], text: '0.5' },
    { shape: [0], elements: [], text: '[]' },
    { shape: [2], elements: [0.5, 1.5], text: '[0.5,1.5]' },
    { shape: [2, 2], elements: [1, 2, 3, 4], text: '[[1,2],[3,4]]' },
    { shape: [2, 0], elements: [], text: '[[],[]]' },
    { shape: [0, 2], elements: [], text: '[]' },
    { shape: [2, 1, 1, 2], elements: [1, 2, 3, 4], text: '[[[[1,2]]],[[[3,4]]]]' },
    { dtype: 'DT_COMPLEX64', shape: [2], elements: [1, -2, 0.5, 0], text: '[[1,-2],[0.5,0]]' },
    { dtype: 'DT_COMPLEX128', shape: [], elements: [0.1, 2], text: '[0.1,2]' },
    { dtype: 'DT_COMPLEX64', shape: [0, 3], elements: [], text: '[]' },
    { dtype: 'DT_STRING', shape: [2], elements: ['"\n\\', '🌡/\x7f'], text: '["\\"\\n\\\\","🌡/\x7f"]' },
    { dtype: 'DT_STRING', shape: [], elements: ['\0\x1f\u2028\ufeff'], text: '"\\u0000\\u001f\u2028\ufeff"' },
    { dtype: 'DT_STRING', shape: [2], elements: ['\xff'], text: '[{"b64":"/w=="}]', key: 'image_bytes' },
    {
      dtype: 'DT_STRING',
      shape: [4],
      elements: ['', 'a', 'ab', 'abcd'],
      text: '[{"b64":""},{"b64":"YQ=="},{"b64":"YWI="},{"b64":"YWJjZA=="}]',
      key: 'x_bytes',
    },
  ] as { dtype?: DTypeName; shape: number[]; elements: (number | string)[]; text: string; key?: string }[]) {
    const encoding = key === 'image_bytes' ? 'latin1' : 'utf8';
    const buffers = elements.map((one) => (typeof one === 'string' ? Buffer.from(one, encoding) : one));
    const dims = dtype === 'DT_STRING' && shape.length > 0 ? [buffers.length] : shape;
    t.equal(textOf(dtype, dims, buffers, key), text, `${dtype} [${dims}] ${key ?? ''}`);
  }
  const long = 'x'.repeat(5000);
  t.equal(
    textOf('DT_STRING', [2], [Buffer.from(long), Buffer.from('y')]),
    `["${long}","y"]`,
    'a long string',
  );
});

t.test('rows and columns', async (t) => {
  const a = tensorOf('DT_FLOAT', [2], [1, 2]);
  const b = tensorOf('DT_STRING', [2, 1], [Buffer.from('x'), Buffer.from('y')]);
  const c = tensorOf('DT_COMPLEX64', [2], [1, 2, 3, 4]);
  const scalar = tensorOf('DT_FLOAT', [], [7]);
  const three = signatureOf({ a: 'DT_FLOAT', 'b"_bytes': 'DT_STRING', c: 'DT_COMPLEX64' });
  const one = signatureOf({ a: 'DT_FLOAT' });
  const pair = signatureOf({ a: 'DT_FLOAT', b: 'DT_FLOAT' });
  for (const { signature, rows, outputs, text } of [
    { signature: one, rows: true, outputs: [a], text: '{"predictions":[1,2]}' },
    { signature: one, rows: false, outputs: [a], text: '{"outputs":[1,2]}' },
    {
      signature: three,
      rows: true,
      outputs: [a, b, c],
      text:
        '{"predictions":[{"a":1,"b\\"_bytes":[{"b64":"eA=="}],"c":[1,2]},' +
        '{"a":2,"b\\"_bytes":[{"b64":"eQ=="}],"c":[3,4]}]}',
    },
    {
      signature: three,
      rows: false,
      outputs: [a, b, c],
      text: '{"outputs":{"a":[1,2],"b\\"_bytes":[[{"b64":"eA=="}],[{"b64":"eQ=="}]],"c":[[1,2],[3,4]]}}',
    },
    { signature: pair, rows: false, outputs: [a, scalar], text: '{"outputs":{"a":[1,2],"b":7}}' },
    { signature: signatureOf({}), rows: true, outputs: [], text: '{"predictions":[]}' },
    { signature: signatureOf({}), rows: false, outputs: [], text: '{"outputs":{}}' },
    {
      signature: pair,
      rows: true,
      outputs: [a, scalar],
      text: 'output "b" is a scalar, so it has no row format; send "inputs" in place of "instances"',
    },
    { signature: one, rows: true, outputs: [scalar], text: /^output "a" is a scalar/ },
    {
      signature: pair,
      rows: true,
      outputs: [a, tensorOf('DT_FLOAT', [3], [1, 2, 3])],
      text: /"b" is 3 rows/,
    },
  ]) {
    t.match(codec.encodePredict(signature, rows, outputs).toString(), text);
  }
});

t.test('what JSON cannot say names its place', async (t) => {
  for (const { dtype, shape, elements, error } of [
    {
      dtype: 'DT_FLOAT',
      shape: [2],
      elements: [1, Number.NaN],
      error: 'output "y": element 1 is NaN, which JSON cannot say',
    },
    {
      dtype: 'DT_FLOAT',
      shape: [1, 2],
      elements: [1, Number.NEGATIVE_INFINITY],
      error: /element 1 is -Infinity/,
    },
    { dtype: 'DT_DOUBLE', shape: [], elements: [Number.POSITIVE_INFINITY], error: /element 0 is Infinity/ },
    { dtype: 'DT_HALF', shape: [1], elements: [0xfc00], error: /element 0 is -Infinity/ },
    { dtype: 'DT_HALF', shape: [1], elements: [0x7e00], error: /element 0 is NaN/ },
    { dtype: 'DT_BFLOAT16', shape: [1], elements: [0x7f80], error: /element 0 is Infinity/ },
    { dtype: 'DT_COMPLEX64', shape: [2], elements: [1, 2, 3, Number.NaN], error: /element 1 is NaN/ },
    {
      dtype: 'DT_STRING',
      shape: [1],
      elements: [Buffer.of(0xc3)],
      error:
        'output "y" holds bytes that are no UTF-8; give the output a name that ends in _bytes to get it as b64',
    },
  ] as { dtype: DTypeName; shape: number[]; elements: Element[]; error: string | RegExp }[]) {
    t.match(textOf(dtype, shape, elements), error, dtype);
  }
});
