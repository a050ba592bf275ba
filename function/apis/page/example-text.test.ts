import t from 'tap';
import type { Signature } from '../../model/signatures.ts';
import { filled } from './browser/text.ts';
import { exampleText } from './example-text.ts';

type Input = readonly [key: string, dtype: string, shape: readonly number[] | undefined];

const signature = (inputs: readonly Input[], more: Partial<Signature> = {}): Signature => ({
  name: 'serving_default',
  method: 'tensorflow/serving/predict',
  inputs: inputs.map(([key, dtype, shape]) => ({ key, name: `${key}:0`, dtype, shape })),
  outputs: [{ key: 'y', name: 'y:0', dtype: 'DT_FLOAT', shape: [-1] }],
  unsupported: undefined,
  ...more,
});
const initial = {
  proto: { dtype: 1, shape: [], content: new Uint8Array(), values: undefined },
  shape: [],
  data: new Uint8Array(4),
};

const CASES = [
  { of: signature([['x', 'DT_FLOAT', [-1, 3]]]), body: { instances: [[0, 1, 2]] } },
  { of: signature([['fahrenheit', 'DT_FLOAT', [-1]]]), body: { instances: [212] } },
  { of: signature([['x', 'DT_INT64', [-1, -1, 2]]]), body: { instances: [[[0, 1]]] } },
  {
    of: signature([['x', 'DT_STRING', [-1]]], { name: 's' }),
    body: { signature_name: 's', instances: ['text'] },
  },
  { of: signature([['x', 'DT_BOOL', [2, 2]]]), body: { instances: [[true, false]] } },
  { of: signature([['x', 'DT_COMPLEX64', [-1]]]), body: { instances: [[0, 0]] } },
  { of: signature([['x', 'DT_FLOAT', []]]), body: { inputs: 0 } },
  { of: signature([['x', 'DT_FLOAT', undefined]]), body: { instances: [0] } },
  { of: signature([]), body: { inputs: {} } },
  {
    of: signature([
      ['a', 'DT_INT32', [-1]],
      ['b', 'DT_STRING', [-1]],
    ]),
    body: { instances: [{ a: 0, b: 'text' }] },
  },
  {
    of: signature([['inputs', 'DT_STRING', [-1]]], { method: 'tensorflow/serving/classify' }),
    body: { instances: [{ b64: '' }] },
  },
  {
    of: signature(
      [
        ['scale', 'DT_FLOAT', []],
        ['x', 'DT_FLOAT', [-1]],
      ],
      { defaults: new Map([['scale', initial]]) },
    ),
    body: { inputs: { x: [0] } },
    why: 'what has a default is left out',
  },
] as const;

for (const { of, body, ...more } of CASES) {
  const shapes = of.inputs.map(({ key, dtype, shape }) => `${key} ${dtype} [${shape}]`);
  t.test(`${shapes} ${'why' in more ? more.why : ''}`, async (t) => {
    t.same(JSON.parse(exampleText(of)), body);
  });
}

t.test('what is too large stands as a text, which is filled in when it is sent', async (t) => {
  for (const [dtype, shape, text, element] of [
    ['DT_FLOAT', [-1, 224, 224, 3], '<224×224×3 of 0>', 0],
    ['DT_STRING', [-1, 100], '<100 of text>', 'text'],
    ['DT_BOOL', [-1, 65], '<65 of true>', true],
  ] as const) {
    const example = exampleText(signature([['x', dtype, shape]]));
    t.same(JSON.parse(example), { instances: [text] });
    const [row] = JSON.parse(filled(example)).instances;
    t.same(
      [row.length, row.flat(9).length],
      [shape[1], shape.slice(1).reduce<number>((product, size) => product * size, 1)],
    );
    t.ok(row.flat(9).every((value: unknown) => value === element));
  }
  const complex = JSON.parse(filled(exampleText(signature([['x', 'DT_COMPLEX64', [-1, 70]]]))));
  t.same([complex.instances[0].length, complex.instances[0][69]], [70, [0, 0]]);
  t.throws(() => filled('"<2000×2000 of 0>"'), /4000000 values: too many/);
  t.equal(filled('{"x": "<5 of"}'), '{"x": "<5 of"}', 'other texts stay');
});

t.test('a large example is laid out in lines', async (t) => {
  const inputs = ['first_feature', 'second_feature', 'third_feature', 'fourth_feature'].map(
    (key): Input => [key, 'DT_FLOAT', [-1, 4]],
  );
  t.equal(
    exampleText(signature(inputs)),
    `{
  "instances": [
    {
      "first_feature": [0, 1, 2, 3],
      "second_feature": [0, 1, 2, 3],
      "third_feature": [0, 1, 2, 3],
      "fourth_feature": [0, 1, 2, 3]
    }
  ]
}`,
  );
});
