// Blocks are those of RFC 7541, appendix C; the other way round the decoder reads what the encoder writes.
import t from 'tap';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { ConnectionError } from './protocol.ts';

const decode = (decoder: HpackDecoder, hex: string) =>
  decoder.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

t.test("the RFC's requests on one connection, without and with Huffman's code", async (t) => {
  const first = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'];
  const second = [...first, 'cache-control', 'no-cache'];
  const third = [
    ...[':method', 'GET', ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com'],
    ...['custom-key', 'custom-value'],
  ];
  for (const blocks of [
    [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  ]) {
    const decoder = new HpackDecoder(4096);
    t.same(
      blocks.map((block) => decode(decoder, block)),
      [first, second, third],
    );
  }
});

t.test('entries leave a full table, oldest first', async (t) => {
  const decoder = new HpackDecoder(1 << 20);
  const literal = (name: string, value: string) =>
    Buffer.concat([
      Buffer.from([0x40, name.length]),
      Buffer.from(name),
      Buffer.from([0x7f, value.length - 127]),
      Buffer.from(value),
    ]);
  // 4096 bytes hold 17 entries of 1 + 200 + 32.
  const value = 'v'.repeat(200);
  for (const name of 'abcdefghijklmnopqr') decoder.decode(literal(name, value));
  t.same(decoder.decode(Buffer.from([0x80 | 62])), ['r', value]);
  t.same(decoder.decode(Buffer.from([0x80 | 78])), ['b', value]);
  t.throws(() => decoder.decode(Buffer.from([0x80 | 79])), ConnectionError, 'a has left');
  t.same(decode(decoder, '20'), [], 'a table of no bytes');
  t.throws(() => decoder.decode(Buffer.from([0x80 | 62])), ConnectionError);
  t.same(decode(decoder, '3f e1 1f 40 01 61 01 62 be'), ['a', 'b', 'a', 'b'], 'and of 4096 again');
});

t.test('what cannot be read', async (t) => {
  for (const [name, hex] of Object.entries({
    'index 0': '80',
    'an index beyond the tables': 'be',
    'a name beyond the tables': '7e 01 61',
    'an integer of too many bytes': 'ff ff ff ff ff ff 0f',
    'an integer that ends too soon': 'ff',
    'a string that ends too soon': '40 05 61',
    'no value': '40 01 61',
    'a resize beyond the limit': '3f e2 1f',
    'a resize within a block': '82 20',
    'the end of the string in a string': '40 01 61 84 ff ff ff ff',
    'padding of more than 7 bits': '40 01 61 82 1f ff',
    'padding of zeros': '40 01 61 81 18',
  })) {
    t.throws(() => decode(new HpackDecoder(4096), hex), ConnectionError, name);
  }
});

t.test('more fields than the limit allows are read, and dropped', async (t) => {
  const decoder = new HpackDecoder(100);
  const block = Buffer.concat([Buffer.from('4001610162', 'hex'), Buffer.alloc(99, 0xbe)]);
  t.equal(decoder.decode(block), undefined);
  t.same(decode(decoder, 'be'), ['a', 'b'], 'the table is as if they had been kept');
});

t.test('the decoder reads what the encoder writes', async (t) => {
  const head = [':status', '200', 'content-type', 'application/grpc', 'x-run-id', 'a'.repeat(200)];
  const trailers = ['grpc-status', '0'];
  const others = ['grpc-status', '3', 'grpc-message', 'x'.repeat(5000)];
  for (const tableSize of [4096, 8192, 100, 0]) {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(1 << 20);
    encoder.limitTable(tableSize);
    const sizes = [head, trailers, head, trailers, head].map((fields) => {
      const block = encoder.encode(fields, undefined);
      t.same(decoder.decode(block), fields, `with a table of ${tableSize}`);
      return block.length;
    });
    t.same(decoder.decode(encoder.encode(head, others)), [...head, ...others]);
    if (tableSize >= 4096) t.same(sizes.slice(2), [3, 1, 3], 'said again, a field is one byte');
    encoder.limitTable(0);
    t.same(decoder.decode(encoder.encode(head, undefined)), head, 'a table that is taken away');
    t.same(decoder.decode(encoder.encode(trailers, others)), [...trailers, ...others]);
  }
});
