import t from 'tap';
import {
  codec,
  DTYPE,
  type DTypeName,
  type Element,
  elementsOf,
  halfOf,
  signatureOf,
  tensorOf,
} from '../../testing/codec.ts';
import type { CodecSignature, RawTensor } from './codec.ts';

const decode = (body: string | Buffer, ...signatures: CodecSignature[]) =>
  codec.decodePredict(Buffer.from(body), signatures);

t.test('every dtype, as a scalar, a list, and rows', async (t) => {
  for (const { dtype, text, elements } of [
    { dtype: 'DT_FLOAT', text: ['1.5', '-0', '0.1'], elements: [1.5, -0, Math.fround(0.1)] },
    { dtype: 'DT_FLOAT', text: ['3.4028235677973362e+38'], elements: [3.4028234663852886e38] },
    { dtype: 'DT_FLOAT', text: ['1e-46', '1e-45', '1e-400'], elements: [0, 1.401298464324817e-45, 0] },
    { dtype: 'DT_DOUBLE', text: ['0.1', '5e-324', '1e308', '-0.0'], elements: [0.1, 5e-324, 1e308, -0] },
    { dtype: 'DT_HALF', text: ['0.1', '65504', '65519', '-1'], elements: [halfOf(0x2e66), 65504, 65504, -1] },
    { dtype: 'DT_HALF', text: ['6e-8', '2e-8', '2049', '2051'], elements: [2 ** -24, 0, 2048, 2052] },
    {
      dtype: 'DT_BFLOAT16',
      text: ['1', '257', '259', '3.39e38'],
      elements: [1, 256, 260, 3.3895313892515355e38],
    },
    { dtype: 'DT_INT8', text: ['-128', '127', '1.0', '1e2', '-0'], elements: [-128, 127, 1, 100, 0] },
    { dtype: 'DT_QINT8', text: ['-128'], elements: [-128] },
    { dtype: 'DT_UINT8', text: ['0', '255'], elements: [0, 255] },
    { dtype: 'DT_QUINT8', text: ['255'], elements: [255] },
    { dtype: 'DT_INT16', text: ['-32768', '32767'], elements: [-32768, 32767] },
    { dtype: 'DT_QINT16', text: ['-32768'], elements: [-32768] },
    { dtype: 'DT_UINT16', text: ['65535'], elements: [65535] },
    { dtype: 'DT_QUINT16', text: ['65535'], elements: [65535] },
    { dtype: 'DT_INT32', text: ['-2147483648', '2147483647'], elements: [-(2 ** 31), 2 ** 31 - 1] },
    { dtype: 'DT_INT32', text: ['0.1e1', '1e-400', '2147483647.0'], elements: [1, 0, 2 ** 31 - 1] },
    { dtype: 'DT_QINT32', text: ['-2147483648'], elements: [-(2 ** 31)] },
    { dtype: 'DT_UINT32', text: ['4294967295', '-0'], elements: [2 ** 32 - 1, 0] },
    {
      dtype: 'DT_INT64',
      text: ['9007199254740993', '-9223372036854775808', '9223372036854775807', '1e3', '9007199254740991.0'],
      elements: [2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, 1000n, 2n ** 53n - 1n],
    },
    { dtype: 'DT_UINT64', text: ['18446744073709551615', '0'], elements: [2n ** 64n - 1n, 0n] },
    { dtype: 'DT_BOOL', text: ['true', 'false'], elements: [true, false] },
    {
      dtype: 'DT_STRING',
      text: [
        '""',
        '"ü\\n"',
        '"\\ud83d\\ude00"',
        '"\\ud800"',
        '{"b64":"AAEC"}',
        '{"b64":"AA"}',
        '{"b64":"AA=="}',
        '{"b64":" AA E\\n\\tC\\r"}',
        '{"b64":"AA= ="}',
      ],
      elements: ['', 'ü\n', '😀', '\ufffd', '\0\x01\x02', '\0', '\0', '\0\x01\x02', '\0'].map((text) =>
        Buffer.from(text),
      ),
    },
    { dtype: 'DT_STRING', text: [`"${'long '.repeat(99)}"`], elements: [Buffer.from('long '.repeat(99))] },
  ] as { dtype: DTypeName; text: string[]; elements: Element[] }[]) {
    const signature = signatureOf({ x: dtype });
    const list = `[${text.join(' ,\n')}]`;
    const n = text.length;
    for (const { body, rows = false, shape, of = elements } of [
      { body: `{"inputs":${text[0]}}`, shape: [], of: elements.slice(0, 1) },
      { body: `{"inputs":{"x":${list}}}`, shape: [n] },
      { body: `{"inputs":[[${list}],[${list}]]}`, shape: [2, 1, n], of: [...elements, ...elements] },
      { body: `{"instances":${list}}`, rows: true, shape: [n] },
      { body: `{"instances":[${text.map((one) => `{"x":[${one}]}`)}]}`, rows: true, shape: [n, 1] },
      { body: `\ufeff { "instances" : [ ${list} ] } `, rows: true, shape: [1, n] },
    ]) {
      const decoded = decode(body, signature);
      if (typeof decoded === 'string') t.fail(`${dtype} ${body}: ${decoded}`);
      else {
        const [tensor = { dtype: 0, shape: [], data: [] }] = decoded.inputs;
        t.strictSame(
          { rows: decoded.rows, dtype: tensor.dtype, shape: tensor.shape, of: elementsOf(dtype, tensor) },
          { rows, dtype: DTYPE[dtype], shape, of },
          `${dtype} ${body.slice(0, 80)}`,
        );
      }
    }
  }
});

t.test('complex numbers are pairs, one level deeper', async (t) => {
  for (const dtype of ['DT_COMPLEX64', 'DT_COMPLEX128'] as const) {
    for (const { value, shape, elements } of [
      { value: '[1,-2.5]', shape: [], elements: [1, -2.5] },
      { value: '[[1,2],[3,4]]', shape: [2], elements: [1, 2, 3, 4] },
      { value: '[[[1,2]]]', shape: [1, 1], elements: [1, 2] },
      { value: '[]', shape: [0], elements: [] },
      { value: '[[],[]]', shape: [2, 0], elements: [] },
    ]) {
      const decoded = decode(`{"inputs":${value}}`, signatureOf({ x: dtype }));
      if (typeof decoded === 'string') t.fail(decoded);
      else {
        const [tensor = { dtype: 0, shape: [], data: [] }] = decoded.inputs;
        t.same(tensor.shape, shape, `${dtype} ${value}`);
        t.same(elementsOf(dtype, tensor), elements, `${dtype} ${value}`);
      }
    }
    for (const value of ['1', '[1]', '[1,2,3]', '[[1,2,3]]']) {
      t.equal(
        decode(`{"inputs":${value}}`, signatureOf({ x: dtype })),
        `inputs: complex numbers are pairs [real, imaginary] (input "x", ${dtype})`,
        value,
      );
    }
    for (const value of ['[1,2]', '[{"x":1},{"x":2}]']) {
      t.match(
        decode(`{"instances":${value}}`, signatureOf({ x: dtype })),
        /^instances(\.x)?: complex numbers are pairs/,
        `rows ${value}`,
      );
    }
  }
});

t.test('a reference dtype is read as what it refers to', async (t) => {
  const signature = { ...signatureOf({}), inputs: [{ key: 'x', dtype: DTYPE.DT_INT16 + 100 }] };
  const decoded = decode('{"inputs":[-1]}', signature);
  t.match(decoded, { inputs: [{ dtype: DTYPE.DT_INT16, shape: [1], data: Buffer.of(255, 255) }] });
});

const two = signatureOf({ a: 'DT_FLOAT', b: 'DT_STRING' }, 'two');
const odd = signatureOf({ __proto__x: 'DT_FLOAT', 'ü"': 'DT_INT32' }, 'odd');
const signatures = [
  signatureOf({ x: 'DT_FLOAT' }),
  two,
  odd,
  signatureOf({ id: 'DT_INT64' }, 'long'),
  signatureOf({ b64: 'DT_STRING' }, 'b64'),
  signatureOf({}, 'none'),
  { ...signatureOf({ x: 'DT_FLOAT' }, 'bad'), unsupported: 'signature "bad": no' },
];

t.test('signatures and names', async (t) => {
  const texts = (...all: string[]): Buffer[] => all.map((text) => Buffer.from(text));
  for (const { body, name = 'serving_default', rows = true, inputs } of [
    { body: '{"instances":[{"x":1},{"x":2}]}', inputs: [[1, 2]] },
    { body: '{"inputs":{"more":[{"a":[]}],"x":[1]},"parameters":{"y":null}}', rows: false, inputs: [[1]] },
    { body: '{"signature_name":"","instances":[1]}', inputs: [[1]] },
    {
      body: '{"instances":[9007199254740993],"signature_name":"long"}',
      name: 'long',
      inputs: [[2n ** 53n + 1n]],
    },
    { body: '{"instances":[1],"signature_name":"two","signature_name":"serving_default"}', inputs: [[1]] },
    { body: '{"instances":["no",{"a":1}],"instances":[1]}', inputs: [[1]] },
    { body: '{"in\\u0073tances":[{"\\u0078":1}]}', inputs: [[1]] },
    { body: '{"instances":[{"x":1,"x":2},{"x":3}]}', inputs: [[2, 3]] },
    {
      body: '{"signature_name":"two","instances":[{"b":"x","a":1},{"a":2,"b":{"b64":"AA=="}}]}',
      name: 'two',
      inputs: [[1, 2], texts('x', '\0')],
    },
    {
      body: '{"inputs":{"b":["x"],"a":[[1]]},"signature_name":"two"}',
      name: 'two',
      rows: false,
      inputs: [[1], texts('x')],
    },
    { body: '{"signature_name":"b64","instances":[{"b64":"AA=="}]}', name: 'b64', inputs: [texts('\0')] },
    { body: '{"signature_name":"b64","instances":[{"b64":["x"]}]}', name: 'b64', inputs: [texts('x')] },
    {
      body: '{"signature_name":"odd","inputs":{"ü\\"":7,"__proto__x":1}}',
      name: 'odd',
      rows: false,
      inputs: [[1], [7]],
    },
    { body: '{"signature_name":"none","inputs":{}}', name: 'none', rows: false, inputs: [] },
    { body: '{"signature_name":"none","instances":[{},{}]}', name: 'none', inputs: [] },
  ] as { body: string; name?: string; rows?: boolean; inputs: Element[][] }[]) {
    const decoded = decode(body, ...signatures);
    if (typeof decoded === 'string') t.fail(`${body}: ${decoded}`);
    else {
      t.equal(signatures[decoded.signature]?.name, name, body);
      t.equal(decoded.rows, rows, body);
      const read = decoded.inputs.map((tensor) => {
        const [dtype] = Object.entries(DTYPE).find(([, number]) => number === tensor.dtype) ?? [];
        return elementsOf(dtype as DTypeName, tensor);
      });
      t.strictSame(read, inputs, body);
    }
  }
});

t.test('inputs that have a default may be left out', async (t) => {
  const scale = tensorOf('DT_FLOAT', [], [10]);
  const words = tensorOf('DT_STRING', [2], [Buffer.from('a'), Buffer.from('a text of more than 22 bytes')]);
  const field = (key: string, dtype: DTypeName, initial?: RawTensor) => ({
    key,
    dtype: DTYPE[dtype],
    ...(initial && { initial }),
  });
  const signature = {
    ...signatureOf({}),
    inputs: [field('scale', 'DT_FLOAT', scale), field('words', 'DT_STRING', words), field('x', 'DT_FLOAT')],
  };
  const all = { ...signature, name: 'all', inputs: signature.inputs.slice(0, 2) };
  const x = (...values: number[]) => tensorOf('DT_FLOAT', [values.length], values);
  for (const { body, inputs } of [
    { body: '{"inputs":{"x":[1,2]}}', inputs: [scale, words, x(1, 2)] },
    { body: '{"instances":[{"x":1},{"x":2}]}', inputs: [scale, words, x(1, 2)] },
    { body: '{"instances":[{"x":1,"scale":3},{"scale":4,"x":2}]}', inputs: [x(3, 4), words, x(1, 2)] },
    { body: '{"inputs":{"x":[1],"scale":3,"other":0,"words":[]}}', inputs: [3, [], x(1)] },
    { body: '{"instances":[{"x":1,"x":2}]}', inputs: [scale, words, x(2)] },
    { body: '{"signature_name":"all","inputs":{}}', inputs: [scale, words] },
    { body: '{"signature_name":"all","instances":[{},{}]}', inputs: [scale, words] },
  ]) {
    const decoded = decode(body, signature, all);
    const expected = inputs.map((input) => {
      if (typeof input === 'number') return tensorOf('DT_FLOAT', [], [input]);
      return Array.isArray(input) ? tensorOf('DT_STRING', [0], input) : input;
    });
    t.match(decoded, { inputs: expected }, body);
  }
  for (const { body, error } of [
    { body: '{"inputs":{"scale":3}}', error: 'inputs: input "x" is missing' },
    {
      body: '{"inputs":{"x":[1],"scales":3}}',
      error: 'inputs: "scales" is no input of signature "serving_default"',
    },
    {
      body: '{"instances":[{"x":1,"scales":3}]}',
      error: 'instances[0]: "scales" is no input of signature "serving_default"',
    },
    ...['{"x":1},{"x":2,"scale":3}', '{"x":2,"scale":3},{"x":1}'].map((rows) => ({
      body: `{"instances":[${rows}]}`,
      error:
        'instances[1]: input "scale" is in some rows and not in others; its default is for where it is in none',
    })),
  ]) {
    t.equal(decode(body, signature), error, body);
  }
});

t.test('one key with a number, or a list of them', async (t) => {
  for (const { body, scalar, elements } of [
    { body: '{"fahrenheit":212}', scalar: true, elements: [212] },
    { body: ' { "fahrenheit" : [ 212 , 32.5 ] } ', scalar: false, elements: [212, 32.5] },
    { body: '{"fahrenheit":"x","fahrenheit":1}', scalar: true, elements: [1] },
  ]) {
    const decoded = codec.decodeField(Buffer.from(body), 'fahrenheit', DTYPE.DT_FLOAT);
    if (typeof decoded === 'string') t.fail(`${body}: ${decoded}`);
    else {
      t.equal(decoded.scalar, scalar, body);
      t.same(decoded.tensor.shape, [elements.length], body);
      t.same(elementsOf('DT_FLOAT', decoded.tensor), elements, body);
    }
  }
  for (const { body, error } of [
    { body: '', error: /body is empty/ },
    { body: '{"fahrenheit":', error: /not JSON/ },
    { body: '[]', error: /^the body: .*send \{"fahrenheit": 212\}/ },
    { body: '{}', error: /^the body: .*fahrenheit/ },
    { body: '{"kelvin":1}', error: /^kelvin: / },
    {
      body: '{"fahrenheit":"212"}',
      error: /^fahrenheit: "212" is neither a number nor a list of numbers; send/,
    },
    { body: '{"fahrenheit":null}', error: /^fahrenheit: null / },
    { body: '{"fahrenheit":[]}', error: /^fahrenheit: .*1/ },
    { body: '{"fahrenheit":[1,"2"]}', error: /^fahrenheit\.1: "2" is not a number/ },
    { body: '{"fahrenheit":[[1]]}', error: /^fahrenheit\.0: a list is not a number/ },
    { body: '{"fahrenheit":1e39}', error: /^fahrenheit: 1e\+39 is beyond the range of float32/ },
    { body: '{"fahrenheit":[1,1e39]}', error: /^fahrenheit\[1\]: 1e\+39 is beyond the range of float32/ },
    { body: '{"fahrenheit":1,"kelvin":1}', error: /^kelvin: / },
    { body: '{"fahrenheit":1,"__proto__":{"x":1}}', error: /^__proto__: / },
  ]) {
    t.match(codec.decodeField(Buffer.from(body), 'fahrenheit', DTYPE.DT_FLOAT), error, body);
  }
});
