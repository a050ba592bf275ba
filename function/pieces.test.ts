import t from 'tap';
import { release } from './buffers.ts';
import { Pieces } from './pieces.ts';

const MOST = 200_000;
const EXPECTED = Buffer.from(Array.from({ length: MOST }, (_, i) => (i * 7) % 251));

/** A piece that has memory of its own, as what comes from a socket. */
const piece = (from: number, to: number) => Buffer.from(new Uint8Array(EXPECTED.subarray(from, to)).buffer);

t.test('pieces of any size, with their length known, wrong or unknown', async (t) => {
  for (const size of [0, 1, 65_536, 65_537, MOST]) {
    for (const step of [1_000, 16_384, 65_536, MOST]) {
      for (const length of [undefined, size, 10, size * 3]) {
        const pieces = new Pieces(length);
        const copied: Buffer[] = [];
        for (let at = 0; at < size; at += step) {
          const next = piece(at, Math.min(size, at + step));
          if (!pieces.add(next)) copied.push(next);
        }
        copied.forEach(release);
        const joined = pieces.join();
        t.ok(joined.equals(EXPECTED.subarray(0, size)), `${size} bytes by ${step}, ${length} said`);
        pieces.release();
        if (size > 65_536) t.equal(joined.length, 0, 'its memory is gone');
        pieces.release();
      }
    }
  }
});

t.test('memory that is not its own is left as it is', async (t) => {
  const shared = Buffer.from('shared').subarray(1);
  release(shared);
  t.equal(String(shared), 'hared');
  const empty = Buffer.alloc(0);
  release(empty);
  t.equal(empty.length, 0);
});
