import t from 'tap';
import { readSigned, readWord, writeWord } from './elf.js';
import { bindAhead, RelativeWords, Relocations, sortWords } from './relocations.js';
import { decodeRelr, encodeRelr } from './relr.js';
import { Symbols } from './symbols.js';
import { addRelrVersion, elfHash } from './versions.js';

t.test('words of 64 bits', async (t) => {
  const view = new DataView(new ArrayBuffer(8));
  for (const value of [0, 1, 0xffffffff, 2 ** 32, 2 ** 40 + 3, -1, -8, -(2 ** 33) + 5]) {
    writeWord(view, 0, value);
    t.equal(readSigned(view, 0), value);
    t.equal(view.getBigInt64(0, true), BigInt(value));
    if (value >= 0) t.equal(readWord(view, 0), value);
  }
});

t.test('DT_RELR', async (t) => {
  const words = (view: DataView) =>
    Array.from({ length: view.byteLength / 8 }, (_, i) => view.getBigUint64(i * 8, true));
  // By hand from the gABI: an address, then a bitmap with bit 0 set whose bit n stands for the n-th word after it.
  t.strictSame(words(encodeRelr([0x1000, 0x1008, 0x1018])), [0x1000n, 0b1011n]);
  t.strictSame(words(encodeRelr([0x1000, 0x1000 + 63 * 8])), [0x1000n, (1n << 63n) | 1n]);
  t.strictSame(words(encodeRelr([0x1000, 0x1000 + 64 * 8])), [0x1000n, BigInt(0x1000 + 64 * 8)]);
  t.strictSame(words(encodeRelr([])), []);
  // All patterns of gaps from 1 to 70 words, above 4 GiB.
  const addresses = Array.from({ length: 3000 }, (_, i) => 2 ** 33 + 8 * (i * 3 + ((i * i * 7) ** 2 % 3)));
  const sorted = [...new Set(addresses)].sort((a, b) => a - b);
  for (let gap = 1; gap < 70; gap++) sorted.push((sorted.at(-1) ?? 0) + gap * 8);
  t.strictSame(decodeRelr(encodeRelr(sorted)), sorted);
});

t.test('versions', async (t) => {
  t.equal(elfHash('GLIBC_2.2.5'), 0x09691a75); // as readelf and glibc have them
  t.equal(elfHash('GLIBC_ABI_DT_RELR'), 0x0fd0e42);
  // One library with two versions, written by hand; its name is at 1.
  const table = new DataView(new ArrayBuffer(64));
  table.setUint16(0, 1, true);
  table.setUint16(2, 2, true);
  table.setUint32(4, 1, true);
  table.setUint32(8, 16, true);
  table.setUint16(16 + 6, 5, true);
  table.setUint32(16 + 12, 16, true);
  table.setUint16(32 + 6, 9, true);
  const name = (offset: number) => (offset === 1 ? 'libc.so.6' : 'other');
  const added = addRelrVersion(table, 1, name, 1234);
  const view = new DataView(added.buffer);
  t.equal(added.length, 64);
  t.equal(view.getUint16(2, true), 3, 'three versions');
  t.equal(view.getUint32(32 + 12, true), 16, 'the last one is followed by the new one');
  t.equal(view.getUint32(48, true), elfHash('GLIBC_ABI_DT_RELR'));
  t.equal(view.getUint16(48 + 6, true), 10, 'a number that no symbol has');
  t.equal(view.getUint32(48 + 8, true), 1234);
  t.equal(view.getUint32(48 + 12, true), 0, 'the end');
  t.throws(() => addRelrVersion(table, 1, () => 'libm.so.6', 0), { message: /libc.so.6/ });
});

/** Elf64_Sym[] of [name, type and binding, section, value]. */
function makeSymbols(entries: [string, number, number, number][]): Symbols {
  const names = Buffer.from(`\0${entries.map(([name]) => name).join('\0')}\0`);
  const table = new DataView(new ArrayBuffer((entries.length + 1) * 24));
  let at = 1;
  entries.forEach(([name, info, section, value], i) => {
    const start = (i + 1) * 24;
    table.setUint32(start, at, true);
    table.setUint8(start + 4, info);
    table.setUint16(start + 6, section, true);
    writeWord(table, start + 8, value);
    at += name.length + 1;
  });
  return new Symbols(table, new DataView(names.buffer, names.byteOffset, names.byteLength));
}

t.test('which symbols can be bound ahead of time', async (t) => {
  const [GLOBAL, WEAK, UNIQUE] = [16, 32, 160];
  const [OBJECT, FUNC, TLS, IFUNC] = [1, 2, 6, 10];
  const entries: [string, number, number, number, boolean][] = [
    ['data', GLOBAL + OBJECT, 5, 0x100, true],
    ['code', GLOBAL + FUNC, 5, 0x108, true],
    ['weak', WEAK + FUNC, 5, 0x110, true],
    ['local', FUNC, 5, 0x118, true],
    ['undefined', GLOBAL, 0, 0, false],
    ['absolute', GLOBAL, 0xfff1, 8, false],
    ['thread', GLOBAL + TLS, 5, 8, false],
    ['chosen', GLOBAL + IFUNC, 5, 0x120, false],
    ['unique', UNIQUE + OBJECT, 5, 0x128, false],
  ];
  const symbols = makeSymbols(entries.map(([name, info, section, value]) => [name, info, section, value]));
  entries.forEach(([name, , , , plain], i) => {
    t.equal(symbols.name(i + 1), name);
    t.equal(symbols.isPlain(i + 1), plain, name);
  });
});

/** One Elf64_Rela. */
function makeRelocation(address: number, type: number, symbol: number, addend: number): Buffer {
  const bytes = new DataView(new ArrayBuffer(24));
  writeWord(bytes, 0, address);
  bytes.setUint32(8, type, true);
  bytes.setUint32(12, symbol, true);
  writeWord(bytes, 16, addend);
  return Buffer.from(bytes.buffer);
}

for (const [name, machine] of Object.entries({
  'x86-64': { name: '', symbolic: [1, 6, 7], relative: 8, indirect: 37, threadLocal: [16, 18] },
  aarch64: {
    name: '',
    symbolic: [257, 1025, 1026],
    relative: 1027,
    indirect: 1032,
    threadLocal: [1028, 1031],
  },
})) {
  const { symbolic, relative, indirect, threadLocal } = machine;
  const [absolute = 0, globalData = 0, jumpSlot = 0] = symbolic;
  const symbols = makeSymbols([
    ['own', 18, 5, 0x5000],
    ['other', 16, 0, 0],
  ]);
  const bind = (entries: [number, number, number, number][], inFile = (_: number) => true) => {
    const bytes = Buffer.concat(entries.map((entry) => makeRelocation(...entry)));
    const table = new Relocations(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const words = new RelativeWords();
    const rest = bindAhead(table, machine, symbols, (symbol) => symbol === 1, inFile, words);
    return { rest, words: sortWords(words) };
  };

  t.test(`relocations of ${name}`, async (t) => {
    const { rest, words } = bind([
      [0x1020, indirect, 0, 0x70],
      [0x1010, absolute, 1, -4],
      [0x1000, relative, 0, 0x40],
      [0x1008, globalData, 2, 0],
      [0x1018, jumpSlot, 1, 0],
      [0x1028, threadLocal[0] ?? 0, 0, 0],
      [0x1031, absolute, 1, 0],
    ]);
    t.strictSame(words.addresses, [0x1000, 0x1010, 0x1018]);
    t.strictSame(words.values, [0x40, 0x4ffc, 0x5000]);
    t.strictSame(rest, [5, 6, 3, 0], 'by symbol; an odd address stays; what code chooses comes last');
    t.strictSame(bind([[0x1000, absolute, 1, 0]], () => false).rest, [0], 'not in the file');
    t.throws(() => bind([[0x1000, 99, 1, 0]]), { message: /unknown type \(99\)/ });
    t.throws(() => bind([[0x1001, relative, 0, 0]]), { message: /cannot be packed/ });
  });
}

t.test('a table of an odd size', async (t) => {
  t.throws(() => new Relocations(new DataView(new ArrayBuffer(25))), { message: /odd size/ });
});
