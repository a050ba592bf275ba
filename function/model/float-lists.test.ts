// The fast way to read and write numbers is native code: it must agree with the slow one on every body.
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { loadBinding } from '../native/binding.ts';
import { noNativeFloats } from '../testing/app.ts';
import { readFloatLists } from './float-lists.ts';
import { floatText, tensorText } from './json-text.ts';
import { parseJson } from './parse-json.ts';
import { tensorFromJson } from './tensor-json.ts';

const codec = loadBinding(join(import.meta.dirname, '..', '..', 'dist', 'native'));
const input = { key: 'x', name: 'x:0', dtype: 'DT_FLOAT', shape: undefined };

/** The same JSON, long enough for native code to look at it. */
const long = (text: string): Buffer => Buffer.from(text.replace('[', `[${' '.repeat(300)}`));

/** What the slow way makes of a body; undefined where it finds a fault or other keys. */
function slowly(body: Buffer) {
  try {
    const json = parseJson(body);
    const [[key, value] = [], ...others] = Object.entries(Object(json));
    if (key === undefined || others.length > 0) return undefined;
    return { key, tensor: tensorFromJson(value, input, key) };
  } catch {
    return undefined;
  }
}

const EDGES = '0 -0 1e38 3.4028235e38 3.4028236e38 1e-45 1e-400 -1E+5 0.1e1 12345678901234567890'.split(' ');
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.constantFrom(...EDGES),
);
/** Nested lists of one shape, as text. */
const lists = fc
  .array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 })
  .chain(([size = 0, ...inner]) => {
    const list = (element: fc.Arbitrary<string>, length: number) =>
      fc.array(element, { minLength: length, maxLength: length }).map((all) => `[${all.join(', ')}]`);
    return list(inner.reduce(list, number), size);
  });
const body = fc
  .tuple(fc.constantFrom('instances', 'inputs', 'fahrenheit', 'x y', '__proto__'), lists)
  .map(([key, value]) => `{"${key}": ${value}}`);

t.test('any lists of numbers are read as JSON.parse reads them', async (t) => {
  let read = 0;
  fc.assert(
    fc.property(body, (text) => {
      const bytes = long(text);
      const fast = readFloatLists(bytes, codec);
      if (fast === undefined) return true;
      read++;
      return same(fast, slowly(bytes));
    }),
    { numRuns: 2000 },
  );
  t.ok(read > 200, `${read} of 2000 were read by native code`);
});

t.test('a damaged body is refused or read as JSON.parse reads it', async (t) => {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    drop: fc.integer({ min: 0, max: 3 }),
    insert: fc.oneof(
      fc.constantFrom(...'[ ] , - . e 0 } { " : \v \u00a0 null NaN Infinity +1 01 0x1 \0'.split(' '), ' '),
      fc.string({ maxLength: 3 }),
    ),
  });
  fc.assert(
    fc.property(body, fc.array(damage, { minLength: 1, maxLength: 3 }), (text, all) => {
      let damaged = text;
      for (const { at, drop, insert } of all) {
        const place = Math.floor(at * damaged.length);
        damaged = damaged.slice(0, place) + insert + damaged.slice(place + drop);
      }
      const bytes = long(damaged);
      const fast = readFloatLists(bytes, codec);
      return fast === undefined || same(fast, slowly(bytes));
    }),
    { numRuns: 5000 },
  );
  t.pass('5000 damaged bodies');
});

t.test('native code reads what is large and plain, and leaves the rest', async (t) => {
  const many = Array.from({ length: 100 }, (_, i) => i / 8).join(',');
  for (const { name, text, key } of [
    { name: 'rank 1', text: `{"instances":[${many}]}`, key: 'instances' },
    { name: 'rank 2', text: `{"inputs":[[${many}],[${many}]]}`, key: 'inputs' },
    { name: 'rank 8', text: `{"inputs":${'['.repeat(8)}${many}${']'.repeat(8)}}`, key: 'inputs' },
    { name: 'white space', text: ` \r\n\t{ "inputs" : [ ${many} ] } \n`, key: 'inputs' },
    { name: 'rank 9', text: `{"inputs":${'['.repeat(9)}${many}${']'.repeat(9)}}` },
    { name: 'a small body', text: '{"instances":[1,2,3]}' },
    { name: 'another key behind it', text: `{"inputs":[${many}],"signature_name":"x"}` },
    { name: 'a byte order mark', text: `\ufeff{"inputs":[${many}]}` },
    { name: 'ragged lists', text: `{"inputs":[[${many}],[1]]}` },
    { name: 'beyond float32', text: `{"inputs":[${many},1e39]}` },
    { name: 'cut off', text: `{"inputs":[${many}` },
    { name: 'no-break space', text: `{"inputs":[${many}]}\u00a0` },
    { name: 'vertical tab', text: `{"inputs":\v[${many}]}` },
    { name: 'form feed at the end', text: `{"inputs":[${many}]}\f` },
    { name: 'bytes that are no UTF-8', text: `{"inputs":[${many}],"\udc80":1}` },
    { name: '5,000 brackets', text: '['.repeat(5000) },
    { name: '5,000 brackets and a key', text: `{"inputs":${'['.repeat(5000)}${']'.repeat(5000)}}` },
  ]) {
    t.equal(readFloatLists(Buffer.from(text), codec)?.key, key, name);
  }
});

t.test('numbers are written the same by both, in the shortest form', async (t) => {
  const float = fc.integer({ min: 0, max: 0xffffffff }).map((bits) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, bits);
    return view.getFloat32(0);
  });
  const output = { ...input, key: 'y' };
  fc.assert(
    fc.property(fc.array(float.filter(Number.isFinite), { minLength: 20, maxLength: 20 }), (values) => {
      const tensor = { dtype: 'DT_FLOAT', shape: [5, 4], data: Float32Array.from(values) } as const;
      const fast = JSON.parse(tensorText(tensor, output, codec)).flat();
      const slow = JSON.parse(tensorText(tensor, output, noNativeFloats)).flat();
      return values.every(
        (value, i) => Object.is(Math.fround(fast[i]), value) && Object.is(Math.fround(slow[i]), value),
      );
    }),
    { numRuns: 1000 },
  );
  for (const value of [1, 0.1, 37.77778, 5555555533, 1e21, 1e-7, 3.4028235e38, 1e-45, -0]) {
    const data = new Float32Array(16).fill(value);
    const text = floatText(Math.fround(value));
    t.equal(
      tensorText({ dtype: 'DT_FLOAT', shape: [16], data }, output, codec),
      `[${new Array(16).fill(text)}]`,
    );
  }
  const data = new Float32Array(20);
  data[7] = Number.NaN;
  t.throws(() => tensorText({ dtype: 'DT_FLOAT', shape: [20], data }, output, codec), {
    code: 'INVALID_ARGUMENT',
    message: /element 7 is NaN/,
  });
});

type Read = NonNullable<ReturnType<typeof slowly>>;

function same(fast: Read, slow: Read | undefined): boolean {
  return (
    slow !== undefined &&
    fast.key === slow.key &&
    fast.tensor.shape.join() === slow.tensor.shape.join() &&
    fast.tensor.data.length === slow.tensor.data.length &&
    Array.from<unknown>(fast.tensor.data).every((value, i) => Object.is(value, slow.tensor.data[i]))
  );
}
