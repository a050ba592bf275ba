import t from 'tap';
import { codec, type DTypeName, signatureOf } from '../../testing/codec.ts';
import type { CodecSignature } from './codec.ts';

const decode = (body: string | Buffer, ...signatures: CodecSignature[]) =>
  codec.decodePredict(Buffer.from(body), signatures);

/** `depth` lists around a value. */
const nested = (depth: number, value = '1'): string => '['.repeat(depth) + value + ']'.repeat(depth);

const others = [
  signatureOf({ a: 'DT_FLOAT', b: 'DT_STRING' }, 'two'),
  { ...signatureOf({ x: 'DT_FLOAT' }, 'bad'), unsupported: 'signature "bad": no' },
];

t.test('what is wrong is said with its place', async (t) => {
  for (const { body, dtype = 'DT_FLOAT', error } of [
    { body: '', error: 'the body is empty; send JSON' },
    { body: '\ufeff', error: 'the body is empty; send JSON' },
    { body: '[1]', error: 'the body is not a JSON object; send {"instances": […]} or {"inputs": …}' },
    { body: '{}', error: 'give one of "instances" (row format) and "inputs" (column format)' },
    { body: '{"instances":[1],"inputs":1}', error: /^give only one of "instances"/ },
    { body: '{"signature_name":5,"inputs":1}', error: 'signature_name: not a string' },
    {
      body: '{"signature_name":"nope","inputs":1}',
      error: 'signature_name: no signature "nope"; this model has: serving_default, two, bad',
    },
    {
      body: `{"signature_name":"${'n'.repeat(200)}","inputs":1}`,
      error: new RegExp(`"${'n'.repeat(100)}";`),
    },
    { body: '{"signature_name":"bad","inputs":1}', error: 'signature "bad": no' },
    { body: '{"instances":5}', error: 'instances: not a list' },
    { body: '{"instances":[]}', error: 'instances: the list is empty' },
    { body: '{"instances":[{"x":1},2]}', error: 'instances[1]: not an object with the inputs x' },
    { body: '{"instances":[{"y":1}]}', error: 'instances[0]: input "x" is missing' },
    {
      body: '{"instances":[{"x":1,"y":1}]}',
      error: 'instances[0]: "y" is no input of signature "serving_default"',
    },
    {
      body: '{"instances":[{"x":[1]},{"x":[1,2]}]}',
      error: 'instances.x[1]: 2 elements, but its neighbours have 1',
    },
    { body: '{"inputs":null}', error: 'inputs: null is no tensor' },
    { body: '{"inputs":{}}', error: 'inputs: input "x" is missing' },
    { body: '{"inputs":{"b64":"AA"}}', error: 'inputs: an object is not a number (input "x", DT_FLOAT)' },
    {
      body: '{"signature_name":"two","inputs":[1]}',
      error: 'inputs: signature "two" has several inputs; send objects with the names a, b',
    },
    { body: '{"inputs":[1,"2"]}', error: 'inputs[1]: "2" is not a number (input "x", DT_FLOAT)' },
    { body: '{"inputs":[[1],[true]]}', error: 'inputs[1][0]: true is not a number (input "x", DT_FLOAT)' },
    { body: '{"inputs":[1,[2]]}', error: 'inputs[1]: a list is not a number (input "x", DT_FLOAT)' },
    { body: '{"inputs":[[1,2],[3]]}', error: 'inputs[1]: 1 elements, but its neighbours have 2' },
    { body: '{"inputs":[[1],2]}', error: 'inputs[1]: expected a list of 1 elements, as its neighbours have' },
    { body: '{"inputs":[[],[1]]}', error: 'inputs[1]: 1 elements, but its neighbours have 0' },
    { body: '{"inputs":[[[1]],[[2,3]]]}', error: 'inputs[1][0]: 2 elements, but its neighbours have 1' },
    { body: '{"inputs":[[[1]],[[2,3],[4]]]}', error: 'inputs[1]: 2 elements, but its neighbours have 1' },
    { body: '{"inputs":[["x"],[[2,3]]]}', error: 'inputs[0][0]: "x" is not a number (input "x", DT_FLOAT)' },
    { body: `{"inputs":${nested(255)}}`, error: 'inputs: nested deeper than 254 lists' },
    { body: `{"instances":[{"x":${nested(254)}}]}`, error: 'instances.x: nested deeper than 254 lists' },
    { body: '{"inputs":1e39}', error: 'inputs: 1e+39 is beyond the range of float32 (input "x", DT_FLOAT)' },
    { body: '{"inputs":[-1e400]}', error: /^inputs\[0\]: -Infinity is beyond the range of float32/ },
    { body: '{"inputs":1e309}', dtype: 'DT_DOUBLE', error: /Infinity is beyond the range of float64/ },
    { body: '{"inputs":65520}', dtype: 'DT_HALF', error: /65520 is beyond the range of float16/ },
    { body: '{"inputs":3.4e38}', dtype: 'DT_BFLOAT16', error: /3\.4e\+38 is beyond the range of bfloat16/ },
    { body: '{"inputs":[[1e39,0]]}', dtype: 'DT_COMPLEX64', error: /^inputs\[0\]\[0\]: 1e\+39 is beyond/ },
    {
      body: '{"inputs":128}',
      dtype: 'DT_INT8',
      error: /^inputs: 128 is not within -128…127 \(input "x", DT_INT8\)/,
    },
    { body: '{"inputs":-1}', dtype: 'DT_UINT8', error: /-1 is not within 0…255/ },
    {
      body: '{"inputs":32768}',
      dtype: 'DT_QINT16',
      error: /is not within -32768…32767 \(input "x", DT_QINT16\)/,
    },
    { body: '{"inputs":65536}', dtype: 'DT_UINT16', error: /is not within 0…65535/ },
    { body: '{"inputs":2147483648}', dtype: 'DT_INT32', error: /is not within -2147483648…2147483647/ },
    { body: '{"inputs":1.5}', dtype: 'DT_INT32', error: /1\.5 is not a whole number/ },
    { body: '{"inputs":1e400}', dtype: 'DT_INT32', error: /Infinity is not a whole number/ },
    { body: '{"inputs":"1"}', dtype: 'DT_INT32', error: /"1" is not a whole number/ },
    { body: '{"inputs":4294967296}', dtype: 'DT_UINT32', error: /is not within 0…4294967295/ },
    { body: '{"inputs":0.5}', dtype: 'DT_INT64', error: /0\.5 is not a whole number/ },
    { body: '{"inputs":9007199254740993.0}', dtype: 'DT_INT64', error: /9007199254740992 is not a whole/ },
    {
      body: '{"inputs":9223372036854775808}',
      dtype: 'DT_INT64',
      error: 'inputs: 9223372036854775808 is beyond the range of int64 (input "x", DT_INT64)',
    },
    { body: '{"inputs":18446744073709551616}', dtype: 'DT_UINT64', error: /6 is beyond the range of uint64/ },
    { body: '{"inputs":99999999999999999999}', dtype: 'DT_UINT64', error: /9 is beyond the range of uint64/ },
    { body: '{"inputs":-1}', dtype: 'DT_UINT64', error: /-1 is beyond the range of uint64/ },
    { body: '{"inputs":1}', dtype: 'DT_BOOL', error: 'inputs: 1 is not true or false (input "x", DT_BOOL)' },
    { body: '{"inputs":tru}', dtype: 'DT_BOOL', error: /not JSON: expected a value at byte 10/ },
    { body: '{"inputs":1}', dtype: 'DT_STRING', error: /1 is neither a string nor \{"b64": "…"\}/ },
    ...['{"b64":"AA","c":1}', '{"b64":1}', '{}'].map((value) => ({
      body: `{"inputs":[${value}]}`,
      dtype: 'DT_STRING' as const,
      error: /inputs\[0\]: an object is neither a string/,
    })),
    ...Object.entries({
      A: /^inputs\[0\]: \{"b64": …\} is no whole base64/,
      'AA=A': /no whole base64/,
      'AA=': /no whole base64/,
      '=': /no whole base64/,
      '-_-_': /^inputs\[0\]: \{"b64": …\} is in base64's URL-safe alphabet, .*; send the standard one/,
      'data:image/png;base64,AA==': /is a data: URL; send what stands behind its comma/,
      'AA!A': /is no base64: it has "!" at character 2/,
      'A\\u00fc': /it has "ü" at character 1/,
      'A\\ud800': /it has /,
    }).map(([text, error]) => ({
      body: `{"inputs":[{"b64":"${text}"}]}`,
      dtype: 'DT_STRING' as const,
      error,
    })),
    {
      body: `{"inputs":"${'s'.repeat(500)}"}`,
      dtype: 'DT_BOOL',
      error: `inputs: "${'s'.repeat(40)}…" is not true or false (input "x", DT_BOOL)`,
    },
  ] as { body: string; dtype?: DTypeName; error: string | RegExp }[]) {
    const found = decode(body, signatureOf({ x: dtype }), ...others);
    t.match(found, error, `${dtype} ${body.slice(0, 80)}`);
    if (typeof error === 'string') t.equal(found, error);
  }
  const unknown = { ...signatureOf({}), inputs: [{ key: 'x', dtype: 20 }] };
  t.equal(decode('{"inputs":1}', unknown), 'input "x" has dtype DT_RESOURCE, which is not served');
});

t.test('what is no JSON says where', async (t) => {
  for (const { body, error } of [
    { body: ' ', error: 'the body is not JSON: it ends too early at byte 1' },
    { body: '{"inputs":', error: 'the body is not JSON: it ends too early at byte 10' },
    { body: '{"inputs":NaN}', error: 'the body is not JSON: expected a value at byte 10' },
    { body: '{"inputs":[1,]}', error: 'the body is not JSON: expected a value at byte 13' },
    { body: '{"inputs":[1 2]}', error: 'the body is not JSON: expected a comma or ] at byte 13' },
    { body: '{"inputs":["x",01]}', error: 'the body is not JSON: expected a comma or ] at byte 16' },
    { body: '{"inputs":[.5]}', error: 'the body is not JSON: expected a value at byte 11' },
    { body: '{"inputs":[-]}', error: 'the body is not JSON: a minus without digits at byte 12' },
    { body: '{"inputs":[1.]}', error: 'the body is not JSON: a point without digits after it at byte 13' },
    { body: '{"inputs":[1e]}', error: 'the body is not JSON: an exponent without digits at byte 13' },
    { body: "{'inputs':1}", error: 'the body is not JSON: expected a key in double quotes at byte 1' },
    { body: '{"inputs" 1}', error: 'the body is not JSON: expected a colon at byte 10' },
    { body: '{"inputs":1}}', error: 'the body is not JSON: more after its end at byte 12' },
    { body: '[1] // one', error: 'the body is not JSON: more after its end at byte 4' },
    { body: '{"a":"\n"}', error: 'the body is not JSON: a control character in a string at byte 6' },
    { body: '{"a":"\\x"}', error: 'the body is not JSON: an escape that JSON does not know at byte 6' },
    { body: '{"a":"\\u00g0"}', error: /an escape that is not \\u and four hexadecimal digits at byte 6/ },
    { body: '{"a":"\\', error: /a string without its closing quote at byte 6/ },
    { body: '{"inputs":"no number","a":[}', error: 'the body is not JSON: expected a value at byte 27' },
    { body: Buffer.from('[1]', 'utf16le'), error: /^the body is not JSON/ },
    { body: Buffer.from('{"ü":1}', 'latin1'), error: 'the body is not UTF-8' },
    { body: Buffer.from('{"inputs":[1,,"ü"]}', 'latin1'), error: 'the body is not UTF-8' },
    { body: Buffer.from('22eda08022', 'hex'), error: 'the body is not UTF-8' },
    { body: Buffer.from('22c0af22', 'hex'), error: 'the body is not UTF-8' },
    { body: Buffer.from('22f4908080', 'hex'), error: 'the body is not UTF-8' },
    { body: '['.repeat(500_000), error: /^the body is not JSON: it ends too early/ },
    { body: `{"inputs":${'{"a":['.repeat(100_000)}`, error: /^the body is not JSON: it ends too early/ },
    { body: `{"inputs":1,"a":${nested(500_000)}}`, error: /^$/ },
    { body: `{"inputs":${nested(500_000)}}`, error: 'inputs: nested deeper than 254 lists' },
  ]) {
    const found = decode(body, signatureOf({ x: 'DT_FLOAT' }));
    t.match(typeof found === 'string' ? found : '', error, body.toString('latin1' as never).slice(0, 60));
  }
});

t.test('first elements that claim more than there is make no room for it', async (t) => {
  // Six levels, of which the first element of each is the next: 10^24 elements by their shape.
  let value = '0';
  for (let level = 0; level < 6; level++) value = `[${[value, ...new Array(9_999).fill(0)].join(',')}]`;
  const before = process.memoryUsage().rss;
  t.match(decode(`{"inputs":${value}}`, signatureOf({ x: 'DT_FLOAT' })), /expected a list of 10000 elements/);
  t.ok(process.memoryUsage().rss - before < 64 << 20, 'no room was made');
});
