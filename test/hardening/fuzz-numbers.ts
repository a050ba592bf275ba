// node test/hardening/fuzz-numbers.ts: numbers through the native codec, in and out, against what JavaScript makes of them.
import { parseArgs } from 'node:util';
import { codec, signatureOf, tensorOf } from '../../function/testing/codec.ts';

const help = `usage: node test/hardening/fuzz-numbers.ts [--seed N] [--numbers N]

N numbers (10,000,000) are read: as float32 they must be Math.fround(JSON.parse(text)), as float64 JSON.parse(text).
N others are written: each must read back as the same float32, and have no digit too many.
`;

const BATCH = 10_000;

/** xorshift32: seeded, and quick enough for ten million. */
function random(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

const scratch = new DataView(new ArrayBuffer(8));

/** Every exponent is as likely as any other. */
function anyFloat32(next: () => number): number {
  for (;;) {
    scratch.setUint32(0, next());
    const value = scratch.getFloat32(0);
    if (Number.isFinite(value)) return value;
  }
}

function anyFloat64(next: () => number): number {
  for (;;) {
    scratch.setUint32(0, next());
    scratch.setUint32(4, next());
    const value = scratch.getFloat64(0);
    if (Number.isFinite(value)) return value;
  }
}

/** A middle between two float32, exactly or almost: where rounding twice shows. */
function nearMiddle(next: () => number): string {
  scratch.setUint32(0, next() & 0x7effffff);
  const low = scratch.getFloat32(0);
  scratch.setUint32(0, scratch.getUint32(0) + 1);
  const middle = (low + scratch.getFloat32(0)) / 2;
  return middle.toPrecision(15 + (next() % 20));
}

/** A JSON number of some kind. */
function numberText(next: () => number): string {
  const digits = (count: number) => {
    let text = '';
    for (let i = 0; i < count; i++) text += next() % 10;
    return text;
  };
  switch (next() % 8) {
    case 0:
      return `${anyFloat32(next)}`;
    case 1:
      return `${anyFloat64(next)}`;
    case 2:
      return (next() / 2 ** 32).toFixed(1 + (next() % 9));
    case 3:
      return `${(next() % 1000) - 500}`;
    case 4:
      return nearMiddle(next);
    case 5:
      return `${(next() % 9) + 1}${digits(next() % 30)}.${digits(1 + (next() % 30))}`;
    case 6:
      return `-0.${digits(1 + (next() % 25))}e${(next() % 80) - 40}`;
    default:
      return `${next() % 10}.${digits(1 + (next() % 19))}E+${next() % 38}`;
  }
}

const float32 = signatureOf({ x: 'DT_FLOAT' });
const float64 = signatureOf({ x: 'DT_DOUBLE' });

/** @returns the first fault of a batch */
function readBatch(next: () => number): string | undefined {
  const texts: string[] = [];
  while (texts.length < BATCH) {
    const text = numberText(next);
    if (Number.isFinite(Math.fround(Number(text)))) texts.push(text);
  }
  const body = Buffer.from(`{"inputs":[${texts.join(',')}]}`);
  for (const { signature, size, round } of [
    { signature: float32, size: 4, round: Math.fround },
    { signature: float64, size: 8, round: Number },
  ]) {
    const read = codec.decodePredict(body, [signature]);
    if (typeof read === 'string') return read;
    const data = read.inputs[0]?.data;
    if (!Buffer.isBuffer(data) || data.length !== BATCH * size) return 'not as many as were sent';
    for (const [i, text] of texts.entries()) {
      const found = size === 4 ? data.readFloatLE(i * size) : data.readDoubleLE(i * size);
      if (!Object.is(found, round(JSON.parse(text)))) return `${text} was read as ${found}`;
    }
  }
  return undefined;
}

function writeBatch(next: () => number): string | undefined {
  const values = Array.from({ length: BATCH }, (_, i) => {
    if (i % 2 === 0) return anyFloat32(next);
    return Math.fround((next() / 2 ** 32 - 0.5) * 10 ** (next() % 8));
  });
  const text = codec.encodePredict(float32, false, [tensorOf('DT_FLOAT', [BATCH], values)]).toString();
  const texts = text.slice('{"outputs":['.length, -2).split(',');
  for (const [i, value] of values.entries()) {
    const written = texts[i] ?? '';
    const back = Number(written);
    if (!Object.is(Math.fround(back), value)) return `${value} was written as ${written}`;
    if (Object.is(value, -0) ? written !== '-0' : written !== `${back}`)
      return `${written} is laid out otherwise`;
    const digits = back.toExponential().replace(/e.*|[-.]/g, '').length;
    if (digits > 1 && Math.fround(Number(value.toPrecision(digits - 1))) === value) {
      return `${value} was written as ${written}, and ${digits - 1} digits do`;
    }
  }
  return undefined;
}

function main(): number {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      numbers: { type: 'string', default: '10000000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const next = random(Number(values.seed));
  const batches = Math.ceil(Number(values.numbers) / BATCH);
  for (let i = 0; i < batches; i++) {
    const fault = readBatch(next) ?? writeBatch(next);
    if (fault === undefined) continue;
    process.stdout.write(`seed ${values.seed}, batch ${i}: ${fault}\n`);
    return 1;
  }
  process.stdout.write(`${batches * BATCH} numbers in and as many out: no fault\n`);
  return 0;
}

process.exitCode = main();
