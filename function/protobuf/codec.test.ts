// What is written is read again, and compared with bytes as protobuf's own implementation writes them.
import t from 'tap';
import { decode, encode } from './codec.ts';
import { EnumType, MessageType, many, map, one, oneOf, rawMap, rawOne } from './schema.ts';
import { WireError } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

const Colour = new EnumType('test.Colour', { NONE: 0, RED: 1 });
const Inner = new MessageType('test.Inner', { name: one(1, 'string'), counts: many(2, 'int64') });
const All = new MessageType('test.All', {
  a_double: one(1, 'double'),
  a_float: one(2, 'float'),
  an_int32: one(3, 'int32'),
  a_uint32: one(4, 'uint32'),
  an_int64: one(5, 'int64'),
  a_uint64: one(6, 'uint64'),
  a_sint64: one(7, 'sint64'),
  a_bool: one(8, 'bool'),
  a_string: one(9, 'string'),
  some_bytes: one(10, 'bytes'),
  colour: one(11, Colour),
  inner: one(12, Inner),
  floats: many(13, 'float'),
  strings: many(14, 'string'),
  inners: many(15, Inner),
  by_name: map(16, Inner),
  numbers: map(17, 'int32'),
  left: oneOf('side', 18, 'int32'),
  right: oneOf('side', 19, Inner),
  raw: rawOne(20, Inner),
  raw_by_name: rawMap(21, Inner),
});

const empty = decode(All, Buffer.alloc(0));
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

t.test('what is not sent', async (t) => {
  t.match(empty, {
    a_double: 0,
    an_int64: 0n,
    a_bool: false,
    a_string: '',
    colour: 0,
    inner: undefined,
    left: undefined,
  });
  t.match(empty, { floats: [], by_name: new Map(), some_bytes: Buffer.alloc(0), raw: undefined });
  t.equal(encode(All, empty).length, 0);
});

t.test('bytes', async (t) => {
  const cases: [string, Parameters<typeof encode<typeof All.fields>>[1], string][] = [
    [
      'scalars',
      { a_double: 1, a_float: -2, an_int32: -1, a_bool: true },
      '09000000000000f03f 15000000c0 18ffffffffffffffffff01 4001',
    ],
    [
      'large numbers',
      { a_uint32: 2 ** 32 - 1, an_int64: -(2n ** 63n), a_uint64: 2n ** 64n - 1n },
      '20ffffffff0f 2880808080808080808001 30ffffffffffffffffff01',
    ],
    ['zigzag', { a_sint64: -3n }, '3805'],
    ['-0 is not the default', { a_float: -0 }, '1500000080'],
    ['text and bytes', { a_string: 'é', some_bytes: hex('00ff') }, '4a02c3a9 520200ff'],
    ['an empty message', { inner: {} }, '6200'],
    ['packed', { floats: [1, 2] }, '6a08 0000803f 00000040'],
    [
      'lists',
      { strings: ['', 'a'], inners: [{}, { counts: [1n, 300n] }] },
      '7200 720161 7a00 7a05 120301ac02',
    ],
    [
      'maps',
      { numbers: new Map([['a', 1]]), by_name: new Map([['', {}]]) },
      '820104 0a00 1200 8a0105 0a0161 1001',
    ],
    ['one of a group', { left: 0 }, '900100'],
    [
      'raw',
      { raw: hex('0a0161'), raw_by_name: new Map([['x', hex('')]]) },
      'a201030a0161 aa0105 0a0178 1200',
    ],
  ];
  for (const [name, message, bytes] of cases) {
    t.equal(encode(All, message).toString('hex'), hex(bytes).toString('hex'), name);
    t.match(decode(All, hex(bytes)), message, name);
  }
});

t.test('bytes that are never written, but read', async (t) => {
  const cases: [string, string, object][] = [
    ['numbers one by one', '6d0000803f 6d00000040', { floats: [1, 2] }],
    ['packed twice', '6a040000803f 6a0400000040', { floats: [1, 2] }],
    ['the last of a scalar', '1801 1802', { an_int32: 2 }],
    ['both parts of a message', '62030a0161 6203120101', { inner: { name: 'a', counts: [1n] } }],
    ['both parts of a raw one', 'a201030a0161 a20103120101', { raw: hex('0a0161120101') }],
    ['the last of a group', '900105 9a0100', { left: undefined, right: { name: '' } }],
    ['the last of a group, the other way round', '9a0100 900105', { left: 5, right: undefined }],
    ['a map entry of nothing', '820100', { by_name: new Map([['', { name: '', counts: [] }]]) }],
    ['the last of two entries', '8a0105 0a01611001 8a0105 0a01611002', { numbers: new Map([['a', 2]]) }],
    [
      'unknown fields',
      'f83f01 f93f0000000000000000 fa3f0161 fb3f 0801 13 14 fc3f fd3f00000000 1801',
      { an_int32: 1 },
    ],
    ['a known field of another kind', '1a0161 1801', { an_int32: 1 }],
    ['an int32 of 64 bits', '18 8180808010', { an_int32: 1 }],
    ['an unknown number of an enum', '582a', { colour: 42 }],
    ['a varint that is longer than it needs', '1881 80 00', { an_int32: 1 }],
    ['U+FFFD itself', '4a03efbfbd', { a_string: '\ufffd' }],
  ];
  for (const [name, bytes, message] of cases) t.match(decode(All, hex(bytes)), message, name);
});

t.test('what is no message', async (t) => {
  const cases = {
    'a tag without a value': '18',
    'a text that is cut': '4a0261',
    'a length beyond 32 bits': '4a8180808010 61',
    'a double that is cut': '0900',
    'a message within that reaches out': '62 02 0a0161',
    'packed values that are cut': '6a 03 000080',
    'no UTF-8': '4a01ff',
    'a field 0': '0001',
    'an unknown kind': '1e',
    'a group that does not end': 'fb3f',
    'a group that another one ends': 'fb3f 14',
    'an end without a group': 'fc3f',
    'a number of eleven bytes': '18 ffffffffffffffffffff01',
    'groups in groups': 'fb3f'.repeat(200),
  };
  for (const [name, bytes] of Object.entries(cases)) t.throws(() => decode(All, hex(bytes)), WireError, name);
});

t.test('bytes are views', async (t) => {
  const bytes = hex('520200ff a201030a0161');
  const { some_bytes, raw } = decode(All, bytes);
  t.equal(some_bytes.buffer, bytes.buffer);
  t.equal(raw?.buffer, bytes.buffer);
});

t.test('a writer that begins with any room', async (t) => {
  for (let room = 0; room < 40; room++) {
    const writer = new WireWriter(room);
    for (let i = 0; i < 10; i++) {
      writer.string(1, 'ab');
      writer.uint32(300);
      writer.uint32(i);
    }
    const expected = Array.from({ length: 10 }, (_, i) => `0${9 - i}ac020a026162`).join('');
    t.equal(writer.finish().toString('hex'), expected, `${room} bytes`);
  }
});

t.test('a message that outgrows the writer', async (t) => {
  const long = {
    strings: Array.from({ length: 1000 }, (_, i) => 'x'.repeat(i)),
    some_bytes: Buffer.alloc(100_000, 1),
  };
  t.match(decode(All, encode(All, long)), long);
});
