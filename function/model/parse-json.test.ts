import t from 'tap';
import { parseJson, parseJsonExactly } from './parse-json.ts';

t.test('JSON as it stands', async (t) => {
  for (const parse of [parseJson, parseJsonExactly]) {
    for (const text of ['null', '1', '"ü"', '[1,2]', '{"a":{"b":[true]}}', ' [ ] ', '1e5', '-0.5']) {
      t.same(parse(Buffer.from(text)), JSON.parse(text), `${parse.name} ${text}`);
    }
    t.same(parse(Buffer.from('\ufeff[1]')), [1], `${parse.name}: a byte order mark`);
    t.same(parse(Buffer.from('{"a":1,"a":2}')), { a: 2 }, `${parse.name}: the last of two keys`);
    const odd = parse(Buffer.from('{"__proto__":{"polluted":1}}'));
    t.same(Object.keys(Object(odd)), ['__proto__'], `${parse.name}: __proto__ is a key like any other`);
    t.notOk('polluted' in {}, `${parse.name}: and no prototype`);
  }
});

t.test('whole numbers keep their digits where that is asked for', async (t) => {
  for (const [text, value] of [
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['1000000000000000000000', 10n ** 21n],
    ['9007199254740993.0', 9007199254740992],
    ['1e300', 1e300],
    ['1.5', 1.5],
    ['"9007199254740993"', '9007199254740993'],
    ['"1234567890123456 and 1"', '1234567890123456 and 1'],
  ] as const) {
    t.strictSame(parseJsonExactly(Buffer.from(`[${text}]`)), [value], text);
  }
  t.same(parseJson(Buffer.from('9007199254740993')), 9007199254740992, 'else they are rounded');
  t.equal(
    parseJsonExactly(Buffer.from('9'.repeat(401))),
    Number.POSITIVE_INFINITY,
    'absurd ones are no bigint',
  );
});

t.test('what is no JSON is a 400', async (t) => {
  const deep = (depth: number, inside = '') => '['.repeat(depth) + inside + ']'.repeat(depth);
  for (const { name, body, message } of [
    { name: 'nothing', body: '', message: 'the body is empty; send JSON' },
    { name: 'a byte order mark alone', body: '\ufeff', message: 'the body is empty; send JSON' },
    { name: 'white space', body: ' ', message: /^the body is not JSON: / },
    { name: 'NaN', body: '[NaN]', message: /not JSON/ },
    { name: 'a comment', body: '[1] // one', message: /not JSON/ },
    { name: 'a trailing comma', body: '[1,]', message: /not JSON/ },
    { name: 'two values', body: '[1][2]', message: /not JSON/ },
    { name: 'single quotes', body: "{'a':1}", message: /not JSON/ },
    { name: 'UTF-16', body: Buffer.from('[1]', 'utf16le'), message: /not JSON/ },
    { name: 'Latin-1', body: Buffer.from('"ü"', 'latin1'), message: 'the body is not UTF-8' },
    {
      name: 'a surrogate in UTF-8',
      body: Buffer.from('22eda08022', 'hex'),
      message: 'the body is not UTF-8',
    },
    { name: 'an overlong form', body: Buffer.from('22c0af22', 'hex'), message: 'the body is not UTF-8' },
    { name: '5,000 brackets', body: '['.repeat(5000), message: /not JSON/ },
    { name: '500,000 brackets', body: '['.repeat(500_000), message: /not JSON/ },
    { name: 'a long fault', body: `[${'x'.repeat(1000)}]`, message: /^.{1,250}$/ },
  ]) {
    for (const parse of [parseJson, parseJsonExactly]) {
      t.throws(
        () => parse(Buffer.from(body)),
        { code: 'INVALID_ARGUMENT', message },
        `${parse.name}: ${name}`,
      );
    }
  }
  t.ok(parseJson(Buffer.from(deep(200_000))), 'depth alone is no fault of JSON');
  const large = deep(200_000, '1234567890123456789');
  t.throws(
    () => parseJsonExactly(Buffer.from(large)),
    { code: 'INVALID_ARGUMENT', message: /not JSON/ },
    'but exact numbers have their limit',
  );
});
