// Convolutions of function/fixtures with something before or after them, frozen: what became part of them, and that
// answers are the same.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadVersion, type SavedModel } from '../../model/saved-model.ts';
import { testEngine, testModel } from '../../testing/app.ts';
import { PREDICT } from '../engine.ts';

const native = testEngine();

/** Whole numbers, of which the fixtures' sums are exact in any order: answers must be the same, not alike. */
function pictures(...[rows, height, width, channels]: [number, number, number, number]): unknown[] {
  let next = 0;
  const list = (sizes: number[]): unknown =>
    sizes.length === 0
      ? ((next++ * 7) % 23) - 11
      : Array.from({ length: sizes[0] ?? 0 }, () => list(sizes.slice(1)));
  return Array.from({ length: rows }, () => list([height, width, channels]));
}

const EVEN = pictures(2, 6, 6, 4);
const ODD = pictures(1, 7, 5, 4);
const KERNELS = ['Pad', 'PadV2', 'MirrorPad', 'Mul', 'Conv2D', 'DepthwiseConv2dNative'];

/** Of which of KERNELS each signature consists once it is frozen, but for what is computed from weights. */
const LEFT: Record<string, string[]> = {
  same: ['DepthwiseConv2dNative'],
  explicit: ['Conv2D'],
  zeros: ['Conv2D'],
  twice: ['Conv2D', 'DepthwiseConv2dNative'],
  returned: ['Conv2D', 'Pad'],
  any_size: ['Conv2D'],
  any_size_stride_1: ['DepthwiseConv2dNative'],
  around: ['DepthwiseConv2dNative', 'Pad'],
  any_size_by_channel: ['DepthwiseConv2dNative', 'Pad'],
  ones: ['Conv2D', 'PadV2'],
  reflected: ['Conv2D', 'MirrorPad'],
  channels: ['DepthwiseConv2dNative', 'Pad'],
  rows: ['DepthwiseConv2dNative', 'Pad'],
  computed: ['Conv2D', 'Mul', 'Pad'],
};

/** What is left of a norm, and a Reshape where a depthwise convolution's weights get a factor. */
const NORMS: Record<string, string[]> = {
  scaled: ['Reshape'],
  normed: ['Reshape'],
  fused_norm: ['Reshape'],
  biased: ['Reshape'], // of its own
  trained: ['FusedBatchNormV3'],
  scaled_by_rows: [],
  scaled_alike: [],
  scaled_and_not: [],
};
const GRAPH: Record<string, string[]> = {
  plain: ['Conv2D'],
  fetched: ['Conv2D', 'Pad'],
  fed: ['Conv2D', 'Pad'],
};

const ask = (model: number, signature_name: string, inputs: unknown): unknown =>
  JSON.parse(
    native
      .answer(native.decode(model, PREDICT, Buffer.from(JSON.stringify({ signature_name, inputs }))))
      .toString(),
  );

/** The model as its frozen file has it. */
async function frozenFile(t: Test, model: SavedModel): Promise<SavedModel> {
  const folder = join(t.testdir(), '1');
  mkdirSync(folder);
  await native.saveFrozen(model.id, model.folder, join(folder, 'saved_model.pb'));
  const frozen = await loadVersion(native, { name: model.name, version: '1', folder });
  t.teardown(() => frozen.unload());
  return frozen;
}

async function compare(t: Test, name: string, asked: [signature: string, inputs: unknown][]) {
  const model = await testModel(t, name);
  const before = asked.map(([signature, inputs]) => ask(model.id, signature, inputs));
  const file = await frozenFile(t, model);
  const { id: frozen } = await native.freeze(
    model.id,
    model.folder,
    { ...model.kind, bfloat16: false },
    1e12,
  );
  t.teardown(() => native.unload(frozen));
  for (const [i, [signature, inputs]] of asked.entries()) {
    t.same(ask(frozen, signature, inputs), before[i], `${signature}: the same answer`);
    t.same(ask(file.id, signature, inputs), before[i], `${signature}: the same answer from a file`);
  }
  return (signature: string, kernels = KERNELS) =>
    kernels.filter((kernel) => file.signatures.get(signature)?.operations.has(kernel)).sort();
}

t.test('padding with zeros of height and width becomes the convolution’s own', async (t) => {
  const signatures = Object.keys(LEFT);
  const left = await compare(t, 'convolutions', [
    ...signatures.map((signature): [string, unknown] => [signature, EVEN]),
    ...signatures.filter((name) => name.startsWith('any')).map((name): [string, unknown] => [name, ODD]),
  ]);
  for (const [signature, kernels] of Object.entries(LEFT)) t.same(left(signature), kernels.sort(), signature);
});

t.test('in a graph without functions, what callers name or give stays', async (t) => {
  const left = await compare(t, 'tf1-convolutions', [
    ['plain', EVEN],
    ['fetched', EVEN],
    ['fed', pictures(2, 8, 8, 4)],
  ]);
  for (const [signature, kernels] of Object.entries(GRAPH)) t.same(left(signature), kernels, signature);
});

t.test('what follows a convolution channel by channel becomes its weights and bias', async (t) => {
  const left = await compare(
    t,
    'convolutions',
    Object.keys(NORMS).map((signature) => [signature, EVEN]),
  );
  for (const [signature, kernels] of Object.entries(NORMS))
    t.same(left(signature, ['FusedBatchNormV3', 'Reshape']), kernels, signature);
});
