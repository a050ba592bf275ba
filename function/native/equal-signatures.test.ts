// Graphs of a few nodes, written here as protocol buffers: SavedModel.meta_graphs = 2 with MetaInfoDef = 1 (tags = 4),
// GraphDef = 2 (node = 1, library = 2) and signature_def = 5.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { testEngine } from '../testing/app.ts';

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
const message = (...fields: readonly Buffer[]) => Buffer.concat(fields);
const field = (number: number, value: string | Buffer) => {
  const bytes = Buffer.from(value);
  return message(Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes);
};
const entry = (number: number, key: string, value: Buffer) =>
  field(number, message(field(1, key), field(2, value)));
/** NodeDef: name = 1, op = 2, input = 3, attr = 5 (an AttrValue's s = 2). */
const node = (name: string, op: string, inputs: readonly string[] = [], value = '') =>
  message(
    ...[field(1, name), field(2, op), ...inputs.map((input) => field(3, input))],
    ...(value === '' ? [] : [entry(5, 'value', field(2, value))]),
  );
const inGraph = (...args: Parameters<typeof node>) => field(1, node(...args));
const signature = (name: string, input: string, output: string, key = 'x') =>
  entry(5, name, message(entry(1, key, field(1, `${input}:0`)), entry(2, 'y', field(1, `${output}:0`))));
/** FunctionDef: signature = 1 (an OpDef's name = 1, input_arg = 2, output_arg = 3), node_def = 3, ret = 4. */
const calling = (name: string, inner: Buffer) =>
  field(
    1,
    message(field(1, message(field(1, name), field(2, field(1, 'a')), field(3, field(1, 'r')))), inner),
  );
const returns = (tensor: string) => field(4, message(field(1, 'r'), field(2, tensor)));

/** Of f(x) = x * weight, once by each name. */
const product = (name: string, weight = '2', op = 'Mul') => [
  inGraph(`${name}_x`, 'Placeholder'),
  inGraph(`${name}_weight`, 'Const', [], weight),
  inGraph(`${name}_y`, op, [`${name}_x`, `${name}_weight`]),
];
const two = [signature('a', 'a_x', 'a_y'), signature('b', 'b_x', 'b_y')];

const withFunctions = (weight: string) =>
  message(
    ...['a', 'b'].flatMap((name) => [
      inGraph(`${name}_x`, 'Placeholder'),
      inGraph(`${name}_y`, `f_${name}`, [`${name}_x`]),
    ]),
    field(
      2,
      message(
        calling(
          'f_a',
          message(
            field(3, node('w', 'Const', [], '2')),
            field(3, node('m', 'Mul', ['a', 'w:output:0'])),
            returns('m:z:0'),
          ),
        ),
        calling(
          'f_b',
          message(
            field(3, node('v', 'Const', [], weight)),
            field(3, node('n', 'Mul', ['a', 'v:output:0'])),
            returns('n:z:0'),
          ),
        ),
      ),
    ),
  );
const withSource = (op: string, a: string, b: string) =>
  message(
    ...[inGraph('s', op), inGraph('t', op)],
    ...[inGraph('a_x', 'Placeholder'), inGraph('a_y', 'Read', [a, 'a_x'])],
    ...[inGraph('b_x', 'Placeholder'), inGraph('b_y', 'Read', [b, 'b_x'])],
  );

t.test('signatures that compute the same', async (t) => {
  for (const { why, graph, signatures = two, equal } of [
    { why: 'other nodes', graph: message(...product('a'), ...product('b')), equal: [0, 0] },
    { why: 'another constant', graph: message(...product('a'), ...product('b', '3')), equal: [0, 1] },
    { why: 'another operation', graph: message(...product('a'), ...product('b', '2', 'Add')), equal: [0, 1] },
    {
      why: 'chance',
      graph: message(...product('a', '2', 'RandomShuffle'), ...product('b', '2', 'RandomShuffle')),
      equal: [0, 1],
    },
    {
      why: 'another key',
      graph: message(...product('a'), ...product('b')),
      signatures: [signature('a', 'a_x', 'a_y'), signature('b', 'b_x', 'b_y', 'other')],
      equal: [0, 1],
    },
    { why: 'other functions', graph: withFunctions('2'), equal: [0, 0] },
    { why: 'a function with another constant', graph: withFunctions('3'), equal: [0, 1] },
    { why: 'one variable', graph: withSource('VarHandleOp', 's', 's'), equal: [0, 0] },
    { why: 'two variables', graph: withSource('VarHandleOp', 's', 't'), equal: [0, 1] },
    { why: 'two tables', graph: withSource('HashTableV2', 's', 't'), equal: [0, 1] },
    {
      why: 'a node that is not there',
      graph: message(...product('a')),
      signatures: [signature('a', 'a_x', 'none'), signature('b', 'a_x', 'none')],
      equal: [0, 1],
    },
  ]) {
    const folder = join(t.testdir(), why.replaceAll(' ', '-'));
    mkdirSync(folder, { recursive: true });
    const metaGraph = message(field(1, field(4, 'serve')), field(2, graph), ...signatures);
    writeFileSync(join(folder, 'saved_model.pb'), field(2, metaGraph));
    t.same((await testEngine().readModel(folder)).equal, equal, why);
  }
});

t.test('a graph that is deeper than a stack', async (t) => {
  const chain = (name: string) => [
    inGraph(`${name}_x`, 'Placeholder'),
    ...Array.from({ length: 20_000 }, (_, i) =>
      inGraph(i === 19_999 ? `${name}_y` : `${name}_${i}`, 'Neg', [
        i === 0 ? `${name}_x` : `${name}_${i - 1}`,
      ]),
    ),
  ];
  const folder = t.testdir();
  const metaGraph = message(
    field(1, field(4, 'serve')),
    field(2, message(...chain('a'), ...chain('b'))),
    ...two,
  );
  writeFileSync(join(folder, 'saved_model.pb'), field(2, metaGraph));
  t.same((await testEngine().readModel(folder)).equal, [0, 1]);
});
