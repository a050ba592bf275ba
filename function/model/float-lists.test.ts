// The fast way and the slow way to read a body must agree on every body, and so must the two ways to write numbers.
import { join } from 'node:path';
import t from 'tap';
import { loadBinding } from '../native/binding.ts';
import { readFloatLists } from './float-lists.ts';
import { floatText } from './json-text.ts';
import { parseJson } from './parse-json.ts';
import { tensorFromJson } from './tensor-json.ts';

const codec = loadBinding(join(import.meta.dirname, '..', '..', 'dist', 'native'));
const info = { key: 'x', name: 'x:0', dtype: 'DT_FLOAT', shape: undefined };

/** Long enough for the fast way, by spaces where JSON lets them stand. */
const body = (json: string) => Buffer.from(`{"instances":[${' '.repeat(256)}${json.slice(1)}}`);

function slowly(text: Buffer) {
  try {
    const json = parseJson(text) as { instances: unknown };
    return tensorFromJson(json.instances, info, 'instances');
  } catch {
    return undefined;
  }
}

t.test('bodies', async (t) => {
  const fast = [
    '[1,2]',
    '[]',
    '[[]]',
    '[[],[]]',
    '[-0]',
    '[1e5,1E+5,1e-5]',
    '[[[1]],[[2]]]',
    '[ 1 ,\t2\r\n]',
    '[0.1]',
  ];
  for (const json of fast) {
    const found = readFloatLists(body(json), codec);
    t.same(found?.tensor, slowly(body(json)), `${json} is read, and alike`);
    t.equal(found?.key, 'instances');
  }
  const left = [
    ...[
      '[1,]',
      '[01]',
      '[1.]',
      '[.5]',
      '[+1]',
      '[1e]',
      '[-]',
      '[1 2]',
      '[1,,2]',
      '[',
      '[1',
      '[[1]',
      '[1]]',
      '[0x1]',
    ],
    ...[
      '[[1],[2,3]]',
      '[1,[2]]',
      '[[1],2]',
      '[[1],[]]',
      '[[],[1]]',
      '[[[]],[]]',
      '[null]',
      '["1"]',
      '[true]',
      '[{}]',
    ],
    ...[
      '[NaN]',
      '[Infinity]',
      '[1e400]',
      '[1e39]',
      '[1],"instances":[2]',
      '[1],"signature_name":"x"',
      '[1]}x',
    ],
    ...['[1]\u00a0'],
  ];
  for (const json of left)
    t.equal(readFloatLists(body(json), codec), undefined, `${json} is left to the slow way`);
  t.equal(readFloatLists(body(`${'['.repeat(200)}1${']'.repeat(200)}`), codec), undefined, 'deep lists too');
  t.equal(readFloatLists(Buffer.from('{"instances":[1]}'), codec), undefined, 'and small bodies');
});

t.test('random nested lists, some of them broken, are read alike', async (t) => {
  const random = generator(7);
  let read = 0;
  for (let i = 0; i < 2000; i++) {
    let json = randomList(random, 1 + Math.floor(random() * 3), 1 + Math.floor(random() * 4));
    if (random() < 0.3) {
      const at = 1 + Math.floor(random() * (json.length - 1));
      json = json.slice(0, at) + '[],.-e0 "'.charAt(Math.floor(random() * 9)) + json.slice(at + 1);
    }
    const found = readFloatLists(body(json), codec);
    if (found === undefined) continue;
    read++;
    if (JSON.stringify(found.tensor) !== JSON.stringify(slowly(body(json))))
      t.fail(`${json} is read in two ways`);
  }
  t.ok(read > 1000, `${read} of 2000 were read the fast way`);
});

t.test(
  'a million float32 are written so that they read back, in as few digits by both writers',
  async (t) => {
    const random = generator(11);
    const floats = new Float32Array(1 << 20);
    const bits = new Uint32Array(floats.buffer);
    for (let i = 0; i < bits.length; i++) {
      bits[i] = random() * 2 ** 32;
      const value = floats[i] ?? 0;
      if (!Number.isFinite(value) || i % 3 === 0)
        floats[i] = (random() - 0.5) * 10 ** Math.floor(random() * 9);
    }
    const native = codec.formatFloats(floats, [floats.length]);
    const texts = String(native).slice(1, -1).split(',');
    const wrong = texts.filter((text, i) => !Object.is(Math.fround(Number(text)), floats[i]));
    t.same(wrong.slice(0, 3), [], 'native code');
    const every = 8; // the slower writer gets a share
    const longer: string[] = [];
    for (let i = 0; i < floats.length; i += every) {
      const text = floatText(floats[i] ?? 0);
      const same = Object.is(Math.fround(Number(text)), floats[i]);
      if (!same || text.length !== texts[i]?.length) longer.push(`${text} and ${texts[i]}`);
    }
    t.same(longer.slice(0, 3), [], 'JavaScript');
    t.equal(
      codec.formatFloats(new Float32Array([1, Number.NaN]), [2]),
      1,
      'the first that is not finite is named',
    );
    t.equal(codec.formatFloats(new Float32Array([1, 2, 3, 4]), [2, 2]), '[[1,2],[3,4]]');
    t.equal(codec.formatFloats(new Float32Array([]), [0, 3]), '[]');
  },
);

/** Park and Miller's generator: the same numbers on every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function randomList(random: () => number, depth: number, size: number): string {
  const item = () => (depth === 1 ? String(randomNumber(random)) : randomList(random, depth - 1, size));
  return `[${Array.from({ length: size }, item).join(random() < 0.5 ? ',' : ' ,\n')}]`;
}

function randomNumber(random: () => number): number {
  const value = (random() - 0.5) * 10 ** Math.floor(random() * 12 - 6);
  return random() < 0.3 ? Math.round(value) : value;
}
