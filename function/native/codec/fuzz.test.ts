// The codec against what JavaScript makes of the same text: numbers, structure, and back and forth.
import fc from 'fast-check';
import t from 'tap';
import {
  codec,
  DTYPE,
  type DTypeName,
  type Element,
  elementsOf,
  signatureOf,
  tensorOf,
} from '../../testing/codec.ts';

const runs = { numRuns: 1000 };

/** The elements of `inputs`, or why they were not read. */
function read(dtype: DTypeName, inputs: string): Element[] | string {
  const decoded = codec.decodePredict(Buffer.from(`{"inputs":${inputs}}`), [signatureOf({ x: dtype })]);
  if (typeof decoded === 'string') return decoded;
  return decoded.inputs.flatMap((tensor) => elementsOf(dtype, tensor));
}

const digits = (max: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max }).map((all) => all.join(''));
/** Any JSON number: of all lengths, with and without fraction and exponent. */
const written = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      digits(25).map((text) => `1${text}`),
      digits(3).map((text) => `9${text}`),
    ),
    fc.oneof(
      fc.constant(''),
      digits(30).map((text) => `.${text}`),
      digits(8).map((text) => `.000${text}`),
    ),
    fc.oneof(
      fc.constant(''),
      fc
        .tuple(fc.constantFrom('e', 'E', 'e+', 'e-', 'E-'), fc.integer({ min: 0, max: 330 }))
        .map((e) => e.join('')),
    ),
  )
  .map((parts) => parts.join(''));
const number = fc.oneof(
  written,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
);

t.test('numbers come in as JSON.parse reads them', async (t) => {
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 20 }), (texts) => {
      const values = texts.map((text): number => JSON.parse(text));
      const body = `[${texts.join(', ')}]`;
      for (const { dtype, round } of [
        { dtype: 'DT_FLOAT', round: Math.fround },
        { dtype: 'DT_DOUBLE', round: Number },
      ] as const) {
        const found = read(dtype, body);
        const rounded = values.map(round);
        const beyond = rounded.findIndex((value) => !Number.isFinite(value));
        if (beyond !== -1) {
          if (typeof found !== 'string' || !found.startsWith(`inputs[${beyond}]: `)) return false;
        } else if (typeof found === 'string' || !found.every((value, i) => Object.is(value, rounded[i]))) {
          return false;
        }
      }
      return true;
    }),
    runs,
  );
  t.pass('they do');
});

t.test('whole numbers keep all their digits', async (t) => {
  const big = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });
  const near = fc.tuple(
    fc.constantFrom(2n ** 63n, -(2n ** 63n), 2n ** 64n, 0n, 2n ** 31n),
    fc.integer({ min: -3, max: 3 }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        big,
        near.map(([base, step]) => base + BigInt(step)),
        fc.bigInt({ min: -300n, max: 300n }),
      ),
      (value) => {
        for (const { dtype, min, max } of [
          { dtype: 'DT_INT64', min: -(2n ** 63n), max: 2n ** 63n - 1n },
          { dtype: 'DT_UINT64', min: 0n, max: 2n ** 64n - 1n },
          { dtype: 'DT_INT32', min: -(2n ** 31n), max: 2n ** 31n - 1n },
          { dtype: 'DT_INT8', min: -128n, max: 127n },
          { dtype: 'DT_UINT16', min: 0n, max: 65535n },
        ] as const) {
          const found = read(dtype, `${value}`);
          const fits = value >= min && value <= max;
          if (fits !== (typeof found !== 'string') || (fits && `${found}` !== `${value}`)) return false;
        }
        return true;
      },
    ),
    runs,
  );
  t.pass('they do');
});

t.test('what is JSON is what JSON.parse says is', async (t) => {
  const tokens =
    '[ ] { } , : "a" "\\" "\\u00fC" 1 -0 0.5 1e5 01 1. - true nul null \n \u0001 ü " \\ \ufeff'.split(' ');
  const text = fc.oneof(
    fc.array(fc.constantFrom(...tokens), { maxLength: 12 }).map((all) => all.join('')),
    fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...tokens, ''), fc.integer({ min: 0, max: 2 }))
      .map(([json, at, token, cut]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + token + json.slice(place + cut);
      }),
  );
  fc.assert(
    fc.property(text, fc.boolean(), (json, inside) => {
      const body = inside ? `{"inputs":1,"other":${json}}` : json;
      const found = codec.decodePredict(Buffer.from(body), [signatureOf({ x: 'DT_FLOAT' })]);
      const refused = typeof found === 'string' && /^the body is (not JSON: |empty)/.test(found);
      try {
        JSON.parse(body.replace(/^\ufeff/, ''));
        return !refused;
      } catch {
        return refused;
      }
    }),
    { numRuns: 5000 },
  );
  t.pass('the same');
});

t.test('no bytes are too strange', async (t) => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .tuple(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }))
      .map(([a, b]) =>
        Buffer.concat([Buffer.from('{"inputs":["'), a, Buffer.from('",{"b64":"'), b, Buffer.from('"}]}')]),
      ),
  );
  fc.assert(
    fc.property(body, (bytes) => {
      const found = codec.decodePredict(Buffer.from(bytes), [signatureOf({ x: 'DT_STRING' })]);
      let utf8 = true;
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      } catch {
        utf8 = false;
      }
      return utf8 ? found !== 'the body is not UTF-8' : found === 'the body is not UTF-8';
    }),
    runs,
  );
  t.pass('none was');
});

t.test('tensors of every dtype and shape come back as they went', async (t) => {
  const shape = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
  for (const dtype of Object.keys(DTYPE) as DTypeName[]) {
    const complex = dtype.startsWith('DT_COMPLEX');
    const size = { DT_STRING: 0, DT_BOOL: 0 }[dtype as string] ?? tensorOf(dtype, [], [0]).data.length;
    const element: fc.Arbitrary<Element> =
      dtype === 'DT_STRING'
        ? fc.string({ unit: 'binary' }).map((text) => Buffer.from(text))
        : dtype === 'DT_BOOL'
          ? fc.integer({ min: 0, max: 1 })
          : bitsOf(dtype, size);
    fc.assert(
      fc.property(shape, fc.infiniteStream(element), (dims, stream) => {
        const count = dims.reduce((all, dim) => all * dim, complex ? 2 : 1);
        const tensor = tensorOf(dtype, dims, [...stream.take(count)]);
        const text = codec.encodePredict(signatureOf({ x: dtype }), false, [tensor]).toString();
        JSON.parse(text);
        const back = codec.decodePredict(Buffer.from(text.replace('"outputs"', '"inputs"')), [
          signatureOf({ x: dtype }),
        ]);
        if (typeof back === 'string') return false;
        const [found = tensor] = back.inputs;
        return (
          `${found.shape}` === `${dims}` &&
          `${elementsOf(dtype, found)}` === `${elementsOf(dtype, tensor)}` &&
          Buffer.compare(bytesOf(found), bytesOf(tensor)) === 0
        );
      }),
      { numRuns: 100 },
    );
    t.pass(dtype);
  }
});

const bytesOf = ({ data }: { data: Buffer | readonly Buffer[] }): Buffer =>
  Buffer.isBuffer(data) ? data : Buffer.concat(data);

/** All finite bit patterns alike: every exponent is as likely as any other. */
function bitsOf(dtype: DTypeName, size: number): fc.Arbitrary<Element> {
  return fc.uint8Array({ minLength: size, maxLength: size }).map((bytes): Element => {
    const raw = { dtype: DTYPE[dtype], shape: [], data: Buffer.from(bytes) };
    const [element = 0] = elementsOf(dtype, raw);
    const bits16 = dtype === 'DT_HALF' || dtype === 'DT_BFLOAT16';
    if (typeof element === 'number' && !Number.isFinite(element)) return 1;
    return bits16 ? raw.data.readUInt16LE() : element;
  });
}
