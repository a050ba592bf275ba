import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { TestFolder } from '../testing/models.ts';
import { maskedCrc32c, readTfRecords } from './tf-record.ts';

t.test('the checksum is that of RFC 3720, masked', async (t) => {
  const masked = (crc: number) => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  for (const [bytes, crc] of [
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(0), 0],
  ] as const) {
    t.equal(maskedCrc32c(bytes), masked(crc));
  }
});

t.test('a length that cannot be is neither waited for nor made room for', async (t) => {
  const folder = await TestFolder.make(t);
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(2n ** 64n - 1n);
  head.writeUInt32LE(maskedCrc32c(head.subarray(0, 8)), 8);
  const path = join(folder.path, 'records');
  await writeFile(path, head);
  await t.rejects(readTfRecords(path, 2 ** 53).next(), {
    code: 'DATA_LOSS',
    message: 'truncated record at 0',
  });
});
